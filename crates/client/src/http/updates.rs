//! Updates of base images, and the security status.

use reqwest::Method;

use super::{Client, ClientError};
use crate::affected::Affected;
use crate::base_update::{
    BaseUpdate, BaseUpdateDetail, BaseUpdateFilter, ImageSecurity, LevelDecision, SecurityStatus,
};
use crate::page::Page;
use crate::wire::segment;

impl Client {
    /// `GET /v1/security-status`
    pub async fn security_status(&self) -> Result<SecurityStatus, ClientError> {
        self.list("/v1/security-status", &()).await
    }

    /// `GET /v1/base-updates`
    pub async fn base_updates(
        &self,
        filter: &BaseUpdateFilter,
    ) -> Result<Page<BaseUpdate>, ClientError> {
        self.list("/v1/base-updates", filter).await
    }

    /// `GET /v1/base-updates/{id}`
    pub async fn base_update(&self, id: &str) -> Result<BaseUpdateDetail, ClientError> {
        self.send(self.request(Method::GET, &format!("/v1/base-updates/{}", segment(id))))
            .await
    }

    /// `POST /v1/base-updates/{id}/level`
    pub async fn set_level(
        &self,
        id: &str,
        decision: &LevelDecision,
    ) -> Result<BaseUpdateDetail, ClientError> {
        let path = format!("/v1/base-updates/{}/level", segment(id));
        self.send(self.request(Method::POST, &path).json(decision))
            .await
    }

    /// `GET /v1/images/{id}/security`
    pub async fn image_security(&self, id: &str) -> Result<ImageSecurity, ClientError> {
        let path = format!("/v1/images/{}/security", segment(id));
        self.send(self.request(Method::GET, &path)).await
    }

    /// `GET /v1/advisories/{cve}/affected`
    pub async fn affected(&self, cve: &str) -> Result<Affected, ClientError> {
        let path = format!("/v1/advisories/{}/affected", segment(cve));
        self.send(self.request(Method::GET, &path)).await
    }
}
