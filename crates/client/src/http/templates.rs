//! Templates and their revisions.

use std::time::Duration;

use reqwest::{Method, header};

use super::{Client, ClientError, segment};
use crate::page::Page;
use crate::template::{ApplyFilter, RevisionFilter, RevisionsFilter, Template, TemplateRevision};

impl Client {
    /// `GET /v1/templates`
    pub async fn templates(&self) -> Result<Page<Template>, ClientError> {
        self.send(self.request(Method::GET, "/v1/templates")).await
    }

    /// `GET /v1/templates/{name}`: its newest revision, or the one asked for.
    pub async fn template(&self, name: &str, of: RevisionFilter) -> Result<Template, ClientError> {
        self.list(&format!("/v1/templates/{}", segment(name)), &of)
            .await
    }

    /// `GET /v1/templates/{name}/revisions`
    pub async fn template_revisions(
        &self,
        name: &str,
        filter: &RevisionsFilter,
    ) -> Result<Page<TemplateRevision>, ClientError> {
        let path = format!("/v1/templates/{}/revisions", segment(name));
        self.list(&path, filter).await
    }

    /// `GET /v1/templates/{name}/yaml`: its newest revision as YAML, or the one asked for.
    pub async fn template_yaml(
        &self,
        name: &str,
        of: RevisionFilter,
    ) -> Result<String, ClientError> {
        let path = format!("/v1/templates/{}/yaml", segment(name));
        let request = self.request(Method::GET, &path).query(&of);
        let answer = self
            .answer(request.timeout(Duration::from_secs(35)))
            .await?;
        answer
            .text()
            .await
            .map_err(|source| ClientError::Unreachable {
                url: self.base.clone(),
                source,
            })
    }

    /// `POST /v1/templates`: creates the template or its next revision from YAML.
    pub async fn apply_template(
        &self,
        yaml: &str,
        idempotency_key: &str,
    ) -> Result<Template, ClientError> {
        self.apply_template_over(yaml, ApplyFilter::default(), idempotency_key)
            .await
    }

    /// The same, only over the revision that is expected to be the newest.
    pub async fn apply_template_over(
        &self,
        yaml: &str,
        over: ApplyFilter,
        idempotency_key: &str,
    ) -> Result<Template, ClientError> {
        let request = self
            .request(Method::POST, "/v1/templates")
            .query(&over)
            .header("Idempotency-Key", idempotency_key)
            .header(header::CONTENT_TYPE, "application/yaml")
            .body(yaml.to_owned());
        self.send(request).await
    }
}
