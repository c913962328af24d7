//! Operations over many tasks.

use reqwest::Method;

use super::{Client, ClientError, segment};
use crate::event::{Event, EventFilter};
use crate::operation::{
    NewOperation, Operation, OperationFilter, OperationPreview, StopOperation, TasksMeant,
};
use crate::page::Page;

impl Client {
    /// `POST /v1/operations/preview`
    pub async fn preview_operation(
        &self,
        filter: &TasksMeant,
    ) -> Result<OperationPreview, ClientError> {
        let request = self.request(Method::POST, "/v1/operations/preview");
        self.send(request.json(filter)).await
    }

    /// `POST /v1/operations`
    pub async fn begin_operation(&self, new: &NewOperation) -> Result<Operation, ClientError> {
        self.send(self.request(Method::POST, "/v1/operations").json(new))
            .await
    }

    /// `GET /v1/operations`
    pub async fn operations(
        &self,
        filter: &OperationFilter,
    ) -> Result<Page<Operation>, ClientError> {
        self.send(self.request(Method::GET, "/v1/operations").query(filter))
            .await
    }

    /// `GET /v1/operations/{id}`
    pub async fn operation(&self, id: &str) -> Result<Operation, ClientError> {
        let path = format!("/v1/operations/{}", segment(id));
        self.send(self.request(Method::GET, &path)).await
    }

    /// `GET /v1/operations/{id}/events`
    pub async fn operation_events(
        &self,
        id: &str,
        filter: &EventFilter,
    ) -> Result<Page<Event>, ClientError> {
        let path = format!("/v1/operations/{}/events", segment(id));
        self.send(self.request(Method::GET, &path).query(filter))
            .await
    }

    /// `POST /v1/operations/{id}/stop`
    pub async fn stop_operation(
        &self,
        id: &str,
        stop: &StopOperation,
    ) -> Result<Operation, ClientError> {
        let path = format!("/v1/operations/{}/stop", segment(id));
        self.send(self.request(Method::POST, &path).json(stop))
            .await
    }
}
