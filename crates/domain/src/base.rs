//! The base a fresh install starts from, as the cloud resolved it: which build of which line (DESIGN-2 B2).
//!
//! A *line* is what the template asks for, in the template's own words ([`crate::template::BaseImage::describe`]): the
//! same SSM parameter, the same owner and name pattern, or the same fixed id. A *build* is what that line led to when it
//! was asked: an image of one owner with one name. Vendors publish a build in every region under the same name and another
//! id, so owner and name say which build it is, and the id says only where it lies.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Instant;

/// A template's base image as it was resolved, kept with the launch and with the image made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedBase {
    /// The owner's account id; none when DescribeImages told none.
    #[serde(default)]
    pub owner: Option<String>,
    /// Its name, which never changes; none when DescribeImages told none.
    #[serde(default)]
    pub name: Option<String>,
    /// `ami-…` in the region it was resolved in.
    pub ami_id: String,
    /// When its owner made it, where EC2 tells.
    #[serde(default)]
    pub created_at: Option<Instant>,
    /// When the cloud was asked.
    pub asked_at: Instant,
    /// The line it is a build of.
    #[serde(default)]
    pub line: String,
}

/// Which build a base is. Equal in every region that has the same build.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseIdentity {
    /// Known by its owner and name.
    Named {
        /// The owner's account id.
        owner: String,
        /// Its name.
        name: String,
    },
    /// Nothing but an id is known of it, which means something in one region only.
    Fixed {
        /// `ami-…`
        id: String,
        /// The region.
        region: String,
    },
}

impl ResolvedBase {
    /// Which build it is.
    pub fn identity(&self, region: &str) -> BaseIdentity {
        match (&self.owner, &self.name) {
            (Some(owner), Some(name)) if !owner.is_empty() && !name.is_empty() => {
                BaseIdentity::Named {
                    owner: owner.clone(),
                    name: name.clone(),
                }
            }
            _ => BaseIdentity::Fixed {
                id: self.ami_id.clone(),
                region: region.to_owned(),
            },
        }
    }
}

impl fmt::Display for ResolvedBase {
    /// Name, id and day, as far as they are known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({}", self.ami_id)?,
            None => write!(f, "{}", self.ami_id)?,
        }
        let close = if self.name.is_some() { ")" } else { "" };
        match self.created_at {
            Some(at) if self.name.is_some() => write!(f, ", of {}{close}", at.format("%Y-%m-%d")),
            Some(at) => write!(f, " of {}", at.format("%Y-%m-%d")),
            None => f.write_str(close),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(owner: Option<&str>, name: Option<&str>) -> ResolvedBase {
        let at = chrono::DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
        ResolvedBase {
            owner: owner.map(str::to_owned),
            name: name.map(str::to_owned),
            ami_id: "ami-1".to_owned(),
            created_at: Some(at),
            asked_at: at,
            line: "ssm:/p".to_owned(),
        }
    }

    #[test]
    fn a_base_without_owner_or_name_is_known_by_id_and_region() {
        let named = base(Some("099720109477"), Some("ubuntu-1"));
        assert_eq!(named.identity("us-east-1"), named.identity("eu-west-1"));
        for unknown in [
            base(None, Some("ubuntu-1")),
            base(Some("0"), None),
            base(Some(""), Some("ubuntu-1")),
            base(None, None),
        ] {
            let here = unknown.identity("us-east-1");
            assert!(matches!(&here, BaseIdentity::Fixed { id, .. } if id == "ami-1"));
            assert_ne!(here, unknown.identity("eu-west-1"));
        }
    }

    #[test]
    fn a_base_is_told_with_what_is_known_of_it() {
        let named = base(Some("0"), Some("ubuntu-1"));
        assert_eq!(named.to_string(), "ubuntu-1 (ami-1, of 2026-11-18)");
        assert_eq!(base(None, None).to_string(), "ami-1 of 2026-11-18");
        let ageless = ResolvedBase {
            created_at: None,
            ..named
        };
        assert_eq!(ageless.to_string(), "ubuntu-1 (ami-1)");
    }
}
