//! Copies of images in other regions.

use reqwest::Method;

use super::{Client, ClientError, segment};
use crate::copy::{ImageCopies, NewCopies};

impl Client {
    /// `GET /v1/images/{id}/copies`
    pub async fn image_copies(&self, id: &str) -> Result<ImageCopies, ClientError> {
        let path = format!("/v1/images/{}/copies", segment(id));
        self.send(self.request(Method::GET, &path)).await
    }

    /// `POST /v1/images/{id}/copy`; asking again changes nothing where the copy is there or being made.
    pub async fn copy_image(
        &self,
        id: &str,
        wanted: &NewCopies,
    ) -> Result<ImageCopies, ClientError> {
        let path = format!("/v1/images/{}/copy", segment(id));
        self.send(self.request(Method::POST, &path).json(wanted))
            .await
    }
}
