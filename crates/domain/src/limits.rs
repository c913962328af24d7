//! EC2's limits on the sum of what is sent: the template's, the request's and Ingot's own together.

use crate::field::FieldError;
use crate::network::{self, IngressRule};

/// Security groups of one network interface (EC2's default quota).
pub const MOST_GROUPS: usize = 5;
/// Inbound rules of one security group (EC2's default quota).
pub const MOST_RULES: usize = 60;
/// Tags of one resource.
pub const MOST_TAGS: usize = 50;
/// Tags that Ingot sets itself (F33); it refuses a template or a request with one of them.
pub const RESERVED_TAGS: &[&str] = &[
    "Name",
    "KamiwazaVersion",
    "Version",
    "CreatedFrom",
    "CreatedFromJob",
    "ManagedBy",
    "AutoCreated",
    "Mode",
    "CreatedAt",
    "Template",
    "Fingerprint",
    "Trigger",
    "BaseImage",
];
/// Tags Ingot puts on a resource, at most: those of images, and its ids.
pub(crate) const OWN_TAGS: usize = RESERVED_TAGS.len() + 3;

/// The template's and the request's tags together.
pub fn tags(field: &str, count: usize) -> Result<(), FieldError> {
    let most = MOST_TAGS - OWN_TAGS;
    if count <= most {
        return Ok(());
    }
    let message = format!(
        "EC2 takes {MOST_TAGS} tags on a resource and Ingot sets up to {OWN_TAGS}: keep {most} in template and request together"
    );
    Err(FieldError::new(field, count, message))
}

/// The rules of a group, as they are sent: in normal form, each once.
pub fn rules(field: &str, rules: &[IngressRule]) -> Result<(), FieldError> {
    let count = network::normal_form(rules).len();
    if count <= MOST_RULES {
        return Ok(());
    }
    let message =
        format!("EC2 takes {MOST_RULES} rules in a group: merge port ranges or address blocks");
    Err(FieldError::new(field, count, message))
}

/// Security groups, each counted once.
pub fn groups(field: &str, count: usize) -> Result<(), FieldError> {
    if count <= MOST_GROUPS {
        return Ok(());
    }
    let message = format!("EC2 takes {MOST_GROUPS} groups on a network interface: merge some");
    Err(FieldError::new(field, count, message))
}
