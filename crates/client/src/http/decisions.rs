//! What a person decides about one image or one finding.

use reqwest::Method;

use super::{Client, ClientError, segment};
use crate::decision::{FindingDecision, ImageDecision};
use crate::deployment::{Deployment, ExtendDeployment, ImageReason, RetryDeployment};
use crate::finding::Finding;
use crate::image::Image;

impl Client {
    /// `POST /v1/images/{id}/{action}`: `adopt` or `drop`.
    pub async fn decide_image(
        &self,
        id: &str,
        action: &str,
        decision: &ImageDecision,
    ) -> Result<Image, ClientError> {
        let path = format!("/v1/images/{}/{action}", segment(id));
        self.send(self.request(Method::POST, &path).json(decision))
            .await
    }

    /// `POST /v1/findings/{id}/settle`
    pub async fn settle_finding(
        &self,
        id: &str,
        decision: &FindingDecision,
    ) -> Result<Finding, ClientError> {
        let path = format!("/v1/findings/{}/settle", segment(id));
        self.send(self.request(Method::POST, &path).json(decision))
            .await
    }

    /// `POST /v1/deployments/{id}/retry`
    pub async fn retry(&self, id: &str, how: &RetryDeployment) -> Result<Deployment, ClientError> {
        let path = format!("/v1/deployments/{}/retry", segment(id));
        self.send(self.request(Method::POST, &path).json(how)).await
    }

    /// `POST /v1/deployments/{id}/{action}`: `image` or `cancel_image`.
    pub async fn ask_image(
        &self,
        id: &str,
        action: &str,
        why: &ImageReason,
    ) -> Result<Deployment, ClientError> {
        let path = format!("/v1/deployments/{}/{action}", segment(id));
        self.send(self.request(Method::POST, &path).json(why)).await
    }

    /// `POST /v1/deployments/{id}/extend`
    pub async fn extend(
        &self,
        id: &str,
        how: &ExtendDeployment,
    ) -> Result<Deployment, ClientError> {
        let path = format!("/v1/deployments/{}/extend", segment(id));
        self.send(self.request(Method::POST, &path).json(how)).await
    }
}
