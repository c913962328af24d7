//! Builds, what is decided about them, and switching a template's builds.

use reqwest::Method;

use super::{Client, ClientError};
use crate::auto_ami::{AutoAmiEnable, AutoAmiStatus, AutoAmiSwitch};
use crate::build::{Build, BuildDecision, BuildFilter, NewBuild};
use crate::event::{Event, EventFilter};
use crate::page::Page;
use crate::plan::{PlanFilter, PlanSeen};
use crate::wire::segment;

impl Client {
    /// `GET /v1/builds`
    pub async fn builds(&self, filter: &BuildFilter) -> Result<Page<Build>, ClientError> {
        self.list("/v1/builds", filter).await
    }

    /// `GET /v1/builds/{id}`
    pub async fn build(&self, id: &str) -> Result<Build, ClientError> {
        self.send(self.request(Method::GET, &format!("/v1/builds/{}", segment(id))))
            .await
    }

    /// `GET /v1/builds/{id}/events`
    pub async fn build_events(
        &self,
        id: &str,
        filter: &EventFilter,
    ) -> Result<Page<Event>, ClientError> {
        self.list(&format!("/v1/builds/{}/events", segment(id)), filter)
            .await
    }

    /// `POST /v1/builds`; the same key and body answer with the same build.
    pub async fn ask_build(&self, body: &NewBuild, key: &str) -> Result<Build, ClientError> {
        let request = self
            .request(Method::POST, "/v1/builds")
            .header("Idempotency-Key", key);
        self.send(request.json(body)).await
    }

    /// `POST /v1/builds/{id}/{action}`: `approve`, `reject` or `cancel`.
    pub async fn decide_build(
        &self,
        id: &str,
        action: &str,
        decision: &BuildDecision,
    ) -> Result<Build, ClientError> {
        let path = format!("/v1/builds/{}/{action}", segment(id));
        self.send(self.request(Method::POST, &path).json(decision))
            .await
    }

    /// `GET /v1/templates/{name}/events`
    pub async fn template_events(
        &self,
        template: &str,
        filter: &EventFilter,
    ) -> Result<Page<Event>, ClientError> {
        self.list(
            &format!("/v1/templates/{}/events", segment(template)),
            filter,
        )
        .await
    }

    /// `POST /v1/templates/{name}/auto-ami/enable`
    pub async fn enable_auto_ami(
        &self,
        template: &str,
        wanted: &AutoAmiEnable,
    ) -> Result<AutoAmiSwitch, ClientError> {
        let path = format!("/v1/templates/{}/auto-ami/enable", segment(template));
        self.send(self.request(Method::POST, &path).json(wanted))
            .await
    }

    /// `POST /v1/templates/{name}/auto-ami/disable`
    pub async fn disable_auto_ami(
        &self,
        template: &str,
        decision: &BuildDecision,
    ) -> Result<AutoAmiSwitch, ClientError> {
        let path = format!("/v1/templates/{}/auto-ami/disable", segment(template));
        self.send(self.request(Method::POST, &path).json(decision))
            .await
    }

    /// `GET /v1/plan`
    pub async fn plan(&self, filter: &PlanFilter) -> Result<PlanSeen, ClientError> {
        self.list("/v1/plan", filter).await
    }

    /// `GET /v1/auto-ami/status`
    pub async fn auto_ami_status(&self) -> Result<AutoAmiStatus, ClientError> {
        self.list("/v1/auto-ami/status", &()).await
    }
}
