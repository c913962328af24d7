//! The recipe's fingerprint: what went into an image, as one hash. Same fingerprint, same recipe.

use sha2::{Digest, Sha256};

use crate::template::Template;

/// SHA-256 of bytes as 64 hex digits.
pub fn hex_sha256(bytes: impl IntoIterator<Item = u8>) -> String {
    let bytes: Vec<u8> = bytes.into_iter().collect();
    format!("{:x}", Sha256::digest(&bytes))
}

/// The fingerprint of a template's recipe: only what ends up inside the image. Probe, tags, description, allow-lists
/// and the first-boot script with the parameters that it alone reads may change without making existing images stale.
pub fn of_recipe(template: &Template) -> String {
    let mut text = String::new();
    let mut part = |name: &str, value: &str| {
        text.push_str(&format!("{name}:{}:{value}\n", value.len()));
    };
    part("template", &template.name);
    part("architecture", template.architecture.as_str());
    part(
        "user_data",
        template.user_data.as_deref().unwrap_or_default(),
    );
    // In whatever order they are written.
    let mut parameters = template.image_parameters();
    parameters.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    for parameter in parameters {
        part("parameter", &parameter.name);
        part("value", parameter.value());
    }
    for step in &template.steps_run() {
        part("step", &step.name);
        part("run", &step.run);
        // An image was proven by it, and what it runs may leave something behind.
        if let Some(validate) = &step.validate {
            let (what, text) = validate.output().unwrap_or_default();
            part("validate", &validate.command);
            part("expects", &format!("{} {what} {text}", validate.code()));
        }
    }
    // What a scrub removes is in the images made without one. With it, which is usual, the hash is what it was before.
    if !template.images.scrub {
        text.push_str("scrub:off\n");
    }
    hex_sha256(text.bytes())
}
