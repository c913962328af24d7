//! `images.create`: whether the first proven deployment of a key leaves its AMI, as a boolean or as the word for who makes
//! it (AUTO-AMI 1).

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads `true` or `false`, or `deployment`, which is `true`. Builds, which make AMIs of themselves, are not there yet.
pub(super) fn made<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    from.deserialize_any(Made)
}

struct Made;

impl Visitor<'_> for Made {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false` or `deployment`")
    }

    fn visit_bool<E: Error>(self, made: bool) -> Result<bool, E> {
        Ok(made)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<bool, E> {
        match word {
            "true" | "deployment" => Ok(true),
            "false" => Ok(false),
            "build" => Err(E::custom(
                "`build`: AMIs of builds alone are not made yet; write `deployment`, or `false` and use `ingot deploy --build-only`",
            )),
            other => Err(E::custom(format!(
                "`{}`: write `true` or `deployment` for an AMI of the first proven deployment, or `false`",
                crate::field::shown(other)
            ))),
        }
    }
}
