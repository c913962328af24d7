//! Checks of the AWS account: asking for one, and reading its verdict.

use reqwest::Method;

use super::{Client, ClientError, segment};
use crate::check::{AwsCheck, NewAwsCheck};
use crate::page::Page;

impl Client {
    /// `GET /v1/aws/checks`
    pub async fn aws_checks(&self) -> Result<Page<AwsCheck>, ClientError> {
        self.send(self.request(Method::GET, "/v1/aws/checks")).await
    }

    /// `POST /v1/aws/checks`
    pub async fn ask_aws_check(&self, wanted: &NewAwsCheck) -> Result<AwsCheck, ClientError> {
        let request = self.request(Method::POST, "/v1/aws/checks");
        self.send(request.json(wanted)).await
    }

    /// `GET /v1/aws/checks/{id}`
    pub async fn aws_check(&self, id: &str) -> Result<AwsCheck, ClientError> {
        let path = format!("/v1/aws/checks/{}", segment(id));
        self.send(self.request(Method::GET, &path)).await
    }
}
