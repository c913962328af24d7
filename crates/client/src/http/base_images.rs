//! Tracks of base images.

use reqwest::Method;

use super::{Client, ClientError, segment};
use crate::base_image::{BaseImage, BaseImageDecision, NewBaseImage, ScanRequest, Scanned};
use crate::event::{Event, EventFilter};
use crate::page::Page;
use crate::scan_interval::ScanIntervalSetting;

impl Client {
    /// `GET /v1/base-images`
    pub async fn base_images(&self) -> Result<Page<BaseImage>, ClientError> {
        self.send(self.request(Method::GET, "/v1/base-images"))
            .await
    }

    /// `GET /v1/base-images/{name}`
    pub async fn base_image(&self, name: &str) -> Result<BaseImage, ClientError> {
        let path = format!("/v1/base-images/{}", segment(name));
        self.send(self.request(Method::GET, &path)).await
    }

    /// `POST /v1/base-images`
    pub async fn add_base_image(&self, new: &NewBaseImage) -> Result<BaseImage, ClientError> {
        let request = self.request(Method::POST, "/v1/base-images");
        self.send(request.json(new)).await
    }

    /// `POST /v1/base-images/{name}/scan`, or `POST /v1/base-images/scan` for all that are watched.
    pub async fn scan_base_images(
        &self,
        name: Option<&str>,
        wanted: &ScanRequest,
    ) -> Result<Scanned, ClientError> {
        let path = match name {
            Some(name) => format!("/v1/base-images/{}/scan", segment(name)),
            None => "/v1/base-images/scan".to_owned(),
        };
        self.send(self.request(Method::POST, &path).json(wanted))
            .await
    }

    /// `POST /v1/base-images/{name}/pause` or `…/resume`
    pub async fn pause_base_image(
        &self,
        name: &str,
        pause: bool,
        decision: &BaseImageDecision,
    ) -> Result<BaseImage, ClientError> {
        let verb = if pause { "pause" } else { "resume" };
        let path = format!("/v1/base-images/{}/{verb}", segment(name));
        self.send(self.request(Method::POST, &path).json(decision))
            .await
    }

    /// `GET /v1/settings/scan-interval`
    pub async fn scan_interval(&self) -> Result<ScanIntervalSetting, ClientError> {
        self.send(self.request(Method::GET, "/v1/settings/scan-interval"))
            .await
    }

    /// `PUT /v1/settings/scan-interval`
    pub async fn set_scan_interval(
        &self,
        wanted: &ScanIntervalSetting,
    ) -> Result<ScanIntervalSetting, ClientError> {
        let request = self.request(Method::PUT, "/v1/settings/scan-interval");
        self.send(request.json(wanted)).await
    }

    /// `POST /v1/base-images/{name}/remove`
    pub async fn remove_base_image(
        &self,
        name: &str,
        decision: &BaseImageDecision,
    ) -> Result<BaseImage, ClientError> {
        let path = format!("/v1/base-images/{}/remove", segment(name));
        self.send(self.request(Method::POST, &path).json(decision))
            .await
    }

    /// `GET /v1/base-images/{name}/events`
    pub async fn base_image_events(
        &self,
        name: &str,
        filter: &EventFilter,
    ) -> Result<Page<Event>, ClientError> {
        self.list(&format!("/v1/base-images/{}/events", segment(name)), filter)
            .await
    }
}
