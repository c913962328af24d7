//! Notifications and their receivers.

use reqwest::Method;

use super::{Client, ClientError};
use crate::notification::{
    MarkRead, Marked, NewReceiver, Notification, NotificationDetail, NotificationFilter,
    Preferences, Receiver, Removed,
};
use crate::page::Page;
use crate::wire::segment;

impl Client {
    /// `GET /v1/notifications`
    pub async fn notifications(
        &self,
        filter: &NotificationFilter,
    ) -> Result<Page<Notification>, ClientError> {
        self.list("/v1/notifications", filter).await
    }

    /// `GET /v1/notifications/{id}`
    pub async fn notification(&self, id: &str) -> Result<NotificationDetail, ClientError> {
        let path = format!("/v1/notifications/{}", segment(id));
        self.send(self.request(Method::GET, &path)).await
    }

    /// `POST /v1/notifications/read`
    pub async fn mark_read(&self, which: &MarkRead) -> Result<Marked, ClientError> {
        let request = self.request(Method::POST, "/v1/notifications/read");
        self.send(request.json(which)).await
    }

    /// `GET /v1/receivers`
    pub async fn receivers(&self) -> Result<Page<Receiver>, ClientError> {
        self.list("/v1/receivers", &()).await
    }

    /// `POST /v1/receivers`
    pub async fn add_receiver(&self, new: &NewReceiver) -> Result<Receiver, ClientError> {
        let request = self.request(Method::POST, "/v1/receivers");
        self.send(request.json(new)).await
    }

    /// `GET /v1/receivers/{name}`
    pub async fn receiver(&self, name: &str) -> Result<Receiver, ClientError> {
        let path = format!("/v1/receivers/{}", segment(name));
        self.send(self.request(Method::GET, &path)).await
    }

    /// `DELETE /v1/receivers/{name}`
    pub async fn remove_receiver(&self, name: &str) -> Result<Removed, ClientError> {
        let path = format!("/v1/receivers/{}", segment(name));
        self.send(self.request(Method::DELETE, &path)).await
    }

    /// `PUT /v1/receivers/{name}/preferences`
    pub async fn set_preferences(
        &self,
        name: &str,
        wishes: &Preferences,
    ) -> Result<Receiver, ClientError> {
        let path = format!("/v1/receivers/{}/preferences", segment(name));
        self.send(self.request(Method::PUT, &path).json(wishes))
            .await
    }

    /// `POST /v1/receivers/{name}/enable`
    pub async fn enable_receiver(&self, name: &str) -> Result<Receiver, ClientError> {
        let path = format!("/v1/receivers/{}/enable", segment(name));
        self.send(self.request(Method::POST, &path)).await
    }

    /// `POST /v1/receivers/{name}/test`
    pub async fn test_receiver(&self, name: &str) -> Result<NotificationDetail, ClientError> {
        let path = format!("/v1/receivers/{}/test", segment(name));
        self.send(self.request(Method::POST, &path)).await
    }
}
