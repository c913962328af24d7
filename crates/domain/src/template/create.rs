//! `images.create`: who makes the AMI of a key, as the boolean it was first or as a word (AUTO-AMI 1).

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who makes a template's AMIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Create {
    /// The first proven deployment of a key leaves it.
    #[default]
    Deployment,
    /// Builds alone make them: people work in deployments, so none of those is ever imaged.
    Build,
    /// Nothing makes one unless a request asks for it.
    Never,
}

impl Create {
    /// Whether a deployment that says nothing about it is imaged.
    pub fn images(self, is_build: bool) -> bool {
        match self {
            Create::Deployment => true,
            Create::Build => is_build,
            Create::Never => false,
        }
    }

    /// Whether AMIs are made at all.
    pub fn is_made(self) -> bool {
        self != Create::Never
    }
}

impl fmt::Display for Create {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Create::Deployment => "deployment",
            Create::Build => "build",
            Create::Never => "never",
        })
    }
}

/// `true` and `false` as ever, so that the version before reads them; `build` is new.
impl Serialize for Create {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Create::Deployment => serializer.serialize_bool(true),
            Create::Never => serializer.serialize_bool(false),
            Create::Build => serializer.serialize_str("build"),
        }
    }
}

impl<'de> Deserialize<'de> for Create {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Made)
    }
}

struct Made;

impl Visitor<'_> for Made {
    type Value = Create;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`deployment`, `build`, `true` or `false`")
    }

    fn visit_bool<E: Error>(self, made: bool) -> Result<Create, E> {
        Ok(match made {
            true => Create::Deployment,
            false => Create::Never,
        })
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Create, E> {
        match word {
            "true" | "deployment" => Ok(Create::Deployment),
            "build" => Ok(Create::Build),
            "false" => Ok(Create::Never),
            other => Err(E::custom(format!(
                "`{}`: write `deployment` for an AMI of the first proven deployment, `build` for AMIs of builds alone, or `false`",
                crate::field::shown(other)
            ))),
        }
    }
}
