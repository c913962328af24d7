//! The typed client: one method per operation. Creating calls carry an Idempotency-Key, so repeating one after a lost
//! answer is safe.

mod base_images;
mod builds;
mod checks;
mod copies;
mod decisions;
mod feeds;
mod money;
mod notifications;
mod operations;
mod queues;
mod templates;
mod updates;

use std::time::Duration;

use futures::{Stream, StreamExt};
use reqwest::{Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deployment::{CreateDeployment, Deployment, DeploymentFilter};
use crate::event::{Event, EventFilter};
use crate::finding::{Finding, FindingFilter, InvariantReport};
use crate::image::{Image, ImageFilter};
use crate::page::Page;
use crate::problem::Problem;
use crate::retention::RetentionSetting;
use crate::status::SystemStatus;
use crate::system::{Queue, Ready};
use crate::task::{Task, TaskFilter};
use crate::wire::{segment, sse_events};

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The API answered with a problem.
    #[error("{}", display(.0))]
    Problem(Box<Problem>),
    /// The API could not be reached, or the answer broke off.
    #[error(
        "cannot reach the API at {url}: {source}; is `ingot api` or `ingot up` running, and is INGOT_URL right?"
    )]
    Unreachable {
        /// What was called.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that is not of this API.
    #[error("{url} answered {status} with something that is not Ingot's: {detail}")]
    Foreign {
        /// What was called.
        url: String,
        /// The status.
        status: u16,
        /// What could not be read.
        detail: String,
    },
    /// The address or token cannot be used.
    #[error("{0}")]
    Setup(String),
}

fn display(problem: &Problem) -> String {
    let mut text = format!("{} ({})", problem.detail, problem.status);
    for error in &problem.errors {
        text.push_str(&format!(
            "\n  {}: `{}`: {}",
            error.field, error.value, error.message
        ));
    }
    if let Some(id) = &problem.request_id {
        text.push_str(&format!("\n  request id {id}"));
    }
    text
}

/// A client of one API.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the API at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let parsed = reqwest::Url::parse(base).map_err(|error| {
            ClientError::Setup(format!(
                "`{base}` is no URL ({error}); write it as `http://127.0.0.1:8080`"
            ))
        })?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(ClientError::Setup(format!(
                "`{base}` is no http or https URL"
            )));
        }
        // Another part of the process may have installed a provider already; that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .user_agent(concat!("ingot/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                ClientError::Setup(format!("the HTTP client cannot be built: {error}"))
            })?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            token: token.map(str::to_owned),
        })
    }

    /// The API's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, ClientError> {
        let answer = self
            .answer(request.timeout(Duration::from_secs(35)))
            .await?;
        let (url, status) = (answer.url().to_string(), answer.status().as_u16());
        let body = answer
            .bytes()
            .await
            .map_err(|source| ClientError::Unreachable {
                url: url.clone(),
                source,
            })?;
        serde_json::from_slice(&body).map_err(|error| ClientError::Foreign {
            url,
            status,
            detail: error.to_string(),
        })
    }

    async fn answer(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, ClientError> {
        let answer = request
            .send()
            .await
            .map_err(|source| ClientError::Unreachable {
                url: self.base.clone(),
                source,
            })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (url, status) = (answer.url().to_string(), answer.status().as_u16());
        let body = answer.bytes().await.unwrap_or_default();
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => ClientError::Problem(Box::new(problem)),
            Err(error) => ClientError::Foreign {
                url,
                status,
                detail: error.to_string(),
            },
        })
    }

    async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(self.request(Method::GET, path).query(filter))
            .await
    }

    /// `POST /v1/deployments`; the same key and body answer with the same deployment.
    pub async fn create_deployment(
        &self,
        body: &CreateDeployment,
        idempotency_key: &str,
    ) -> Result<Deployment, ClientError> {
        let request = self
            .request(Method::POST, "/v1/deployments")
            .header("Idempotency-Key", idempotency_key);
        self.send(request.json(body)).await
    }

    /// `GET /v1/deployments`
    pub async fn deployments(
        &self,
        filter: &DeploymentFilter,
    ) -> Result<Page<Deployment>, ClientError> {
        self.list("/v1/deployments", filter).await
    }

    /// `GET /v1/deployments/{id}`
    pub async fn deployment(&self, id: &str) -> Result<Deployment, ClientError> {
        self.send(self.request(Method::GET, &format!("/v1/deployments/{}", segment(id))))
            .await
    }

    /// `POST /v1/deployments/{id}/{action}`: `start`, `retry`, `cancel` or `destroy`.
    pub async fn act(&self, id: &str, action: &str) -> Result<Deployment, ClientError> {
        self.send(self.request(
            Method::POST,
            &format!("/v1/deployments/{}/{action}", segment(id)),
        ))
        .await
    }

    /// `GET /v1/deployments/{id}/events`
    pub async fn events(&self, id: &str, filter: &EventFilter) -> Result<Page<Event>, ClientError> {
        self.list(&format!("/v1/deployments/{}/events", segment(id)), filter)
            .await
    }

    /// `GET /v1/deployments/{id}/events/stream`: lines as they happen, until everything is finished. The stream may break
    /// off at any time; go on with `after` = the last `seq` seen.
    pub async fn follow(
        &self,
        id: &str,
        after: i64,
    ) -> Result<impl Stream<Item = Result<Event, ClientError>> + use<>, ClientError> {
        let path = format!(
            "/v1/deployments/{}/events/stream?after={after}",
            segment(id)
        );
        let answer = self
            .answer(
                self.request(Method::GET, &path)
                    .header(header::ACCEPT, "text/event-stream"),
            )
            .await?;
        let base = self.base.clone();
        let mut buffer = Vec::new();
        let chunks = answer.bytes_stream().map(move |chunk| match chunk {
            Ok(bytes) => {
                buffer.extend_from_slice(&bytes);
                sse_events(&mut buffer)
                    .into_iter()
                    .map(Ok)
                    .collect::<Vec<_>>()
            }
            Err(source) => vec![Err(ClientError::Unreachable {
                url: base.clone(),
                source,
            })],
        });
        Ok(chunks.flat_map(futures::stream::iter))
    }

    /// `GET /v1/images`
    pub async fn images(&self, filter: &ImageFilter) -> Result<Page<Image>, ClientError> {
        self.list("/v1/images", filter).await
    }

    /// `GET /v1/images/{id}`, by `img_…` or `ami-…`.
    pub async fn image(&self, id: &str) -> Result<Image, ClientError> {
        self.send(self.request(Method::GET, &format!("/v1/images/{}", segment(id))))
            .await
    }

    /// `GET /v1/images/{id}/events`
    pub async fn image_events(
        &self,
        id: &str,
        filter: &EventFilter,
    ) -> Result<Page<Event>, ClientError> {
        self.list(&format!("/v1/images/{}/events", segment(id)), filter)
            .await
    }

    /// `GET /v1/tasks`
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Page<Task>, ClientError> {
        self.list("/v1/tasks", filter).await
    }

    /// `GET /v1/tasks/{id}`, with its attempts.
    pub async fn task(&self, id: &str) -> Result<Task, ClientError> {
        self.send(self.request(Method::GET, &format!("/v1/tasks/{}", segment(id))))
            .await
    }

    /// `GET /v1/queues`
    pub async fn queues(&self) -> Result<Page<Queue>, ClientError> {
        self.send(self.request(Method::GET, "/v1/queues")).await
    }

    /// `GET /v1/status`
    pub async fn status(&self) -> Result<SystemStatus, ClientError> {
        self.send(self.request(Method::GET, "/v1/status")).await
    }

    /// `GET /v1/settings/retention`
    pub async fn retention(&self) -> Result<RetentionSetting, ClientError> {
        self.send(self.request(Method::GET, "/v1/settings/retention"))
            .await
    }

    /// `PUT /v1/settings/retention`
    pub async fn set_retention(
        &self,
        retention: &RetentionSetting,
    ) -> Result<RetentionSetting, ClientError> {
        let request = self.request(Method::PUT, "/v1/settings/retention");
        self.send(request.json(retention)).await
    }

    /// `GET /v1/findings`
    pub async fn findings(&self, filter: &FindingFilter) -> Result<Page<Finding>, ClientError> {
        self.list("/v1/findings", filter).await
    }

    /// `GET /v1/invariants`
    pub async fn invariants(&self) -> Result<Page<InvariantReport>, ClientError> {
        self.send(self.request(Method::GET, "/v1/invariants")).await
    }

    /// `GET /readyz`; a 503 is an answer, not an error.
    pub async fn ready(&self) -> Result<Ready, ClientError> {
        let request = self
            .request(Method::GET, "/readyz")
            .timeout(Duration::from_secs(10));
        let answer = request
            .send()
            .await
            .map_err(|source| ClientError::Unreachable {
                url: self.base.clone(),
                source,
            })?;
        let status = answer.status();
        let body = answer.bytes().await.unwrap_or_default();
        match status {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => serde_json::from_slice(&body)
                .map_err(|error| ClientError::Foreign {
                    url: self.base.clone(),
                    status: status.as_u16(),
                    detail: error.to_string(),
                }),
            other => Err(ClientError::Foreign {
                url: self.base.clone(),
                status: other.as_u16(),
                detail: "no health report".to_owned(),
            }),
        }
    }
}
