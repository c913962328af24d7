//! Texts of a request that are judged by themselves: the reason for an AMI, and its id.

use crate::ec2;
use crate::field::FieldError;

/// A reason belongs to an image that was named, and is a line of the story.
pub(super) fn check_reason(reason: &str, named: bool) -> Result<(), FieldError> {
    let why = if !named {
        "name the AMI it is about in `image`, or leave it out"
    } else if reason.chars().count() > 500 || reason.chars().any(char::is_control) {
        "one line of at most 500 characters"
    } else {
        return Ok(());
    };
    Err(FieldError::new("image_reason", reason, why))
}

pub(super) fn image_id(text: &str) -> Result<(), FieldError> {
    ec2::id("image", text, "ami-").map_err(|error| {
        FieldError::new(
            "image",
            text,
            format!("say `auto`, `fresh` or an AMI id ({})", error.message),
        )
    })
}
