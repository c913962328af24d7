//! Copies of our own images in other regions.

use async_trait::async_trait;
use aws_sdk_ec2::types::ResourceType;
use ingot_domain::place::Place;

use super::classify::Call;
use super::{AwsCloud, images, tags};
use crate::error::CloudError;
use crate::nouns::Copies;
use crate::spec::CopySpec;

#[async_trait]
impl Copies for AwsCloud {
    async fn copy_image(&self, place: Place<'_>, spec: &CopySpec) -> Result<String, CloudError> {
        let region = self.region_of(place).await?;
        copy(self, region, spec).await
    }
}

/// Begins a copy, asked of the region it shall be in. The token makes a repeat answer with the first copy as long as EC2
/// remembers it; names of copies need not be unique (EC2.md 3 to 6).
async fn copy(cloud: &AwsCloud, region: &str, spec: &CopySpec) -> Result<String, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "CopyImage",
        region,
    };
    let description = images::description(&spec.description);
    let kinds = [ResourceType::Image, ResourceType::Snapshot];
    let request = cloud
        .at(&call)?
        .ec2
        .copy_image()
        .client_token(&spec.token)
        .source_region(&spec.source_region)
        .source_image_id(&spec.source_image_id)
        .name(&spec.name)
        .set_description((!description.is_empty()).then_some(description))
        .set_encrypted(spec.encrypted.then_some(true))
        .set_kms_key_id(spec.kms_key_id.clone())
        .set_tag_specifications(tags::specifications(kinds, &spec.tags));
    let answer = cloud.asked(&call, request.send()).await?;
    answer.image_id.ok_or_else(|| call.hollow("an image id"))
}
