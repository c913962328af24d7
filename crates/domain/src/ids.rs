//! Ids as people and logs see them: a prefix that says what the thing is, then a UUID v7 in hex, so that a
//! swapped argument does not compile and a pasted id explains itself (STYLE rule 8). An effect's is derived.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A text that is no id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a {what} id; one looks like `{prefix}_` followed by 32 hexadecimal digits"
)]
pub struct IdError {
    what: &'static str,
    prefix: &'static str,
    text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The prefix before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// An id from a UUID v7 made in an outer room.
            pub fn new(uuid: Uuid) -> Self {
                Self(format!("{}_{}", $prefix, uuid.simple()))
            }

            /// The id as text, the form it has in the ledger, in URLs and in logs.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let body = text.strip_prefix(concat!($prefix, "_"));
                match body {
                    Some(hex)
                        if hex.len() == 32
                            && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) =>
                    {
                        Ok(Self(text.to_owned()))
                    }
                    _ => Err(IdError {
                        what: $what,
                        prefix: $prefix,
                        text: text.chars().take(80).collect(),
                    }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

id!(
    /// A deployment (the Kamiwaza document's *job*).
    DeploymentId, "dep", "deployment"
);
id!(
    /// A question whether an AWS account lets Ingot work in a region.
    CheckId, "chk", "check"
);
id!(
    /// Something the invariant scanner or the monitor found wrong.
    FindingId, "fnd", "finding"
);
id!(
    /// An image row of the ledger; the EC2 id (`ami-…`) is a fact about it.
    ImageId, "img", "image"
);
id!(
    /// A task: one unit of durable work.
    TaskId, "tsk", "task"
);
id!(
    /// An effect: the committed intention to create something in the cloud. Its text is the client token and
    /// the tag of what it creates; 36 characters, under EC2's limit of 64 (EC2.md 4).
    EffectId, "eff", "effect"
);
id!(
    /// Something that is done to all tasks that a filter finds.
    OperationId, "opr", "operation"
);
id!(
    /// An API token (not its secret).
    TokenId, "tok", "token"
);

id!(
    /// A build: a decision to make a template's image anew.
    BuildId, "bld", "build"
);
id!(
    /// A request that a build answers.
    BuildRequestId, "bre", "build request"
);
id!(
    /// A track of base images; derived from its name.
    TrackId, "trk", "track"
);
id!(
    /// A build of a base image; derived from owner and name, so that it is the same from whichever region it is seen.
    BaseId, "bas", "base image"
);
id!(
    /// A move of a track from one build to another; derived from both.
    UpdateId, "upd", "update"
);

id!(
    /// A notification.
    NotificationId, "ntf", "notification"
);
id!(
    /// A receiver of notifications.
    ReceiverId, "rcv", "receiver"
);

/// A UUID made of a text and nothing else.
fn derived(text: &str) -> Uuid {
    let digest = Sha256::digest(text);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}

impl TrackId {
    /// The track of a name.
    pub fn of(name: &str) -> Self {
        Self::new(derived(name))
    }
}

impl BaseId {
    /// The build of an owner and a name.
    pub fn of(owner: &str, name: &str) -> Self {
        Self::new(derived(&format!("{owner}/{name}")))
    }
}

impl UpdateId {
    /// What became of a track (a word) between two builds, whose ids are given where there are such.
    pub fn of(track: &str, kind: &str, old: Option<&str>, new: Option<&str>) -> Self {
        let (old, new) = (old.unwrap_or("-"), new.unwrap_or("-"));
        Self::new(derived(&format!("{track}/{kind}/{old}/{new}")))
    }
}

impl EffectId {
    /// The effect of a kind (a word), run and generation of a deployment. The id is made of these and nothing else: a ledger
    /// that was restored from a backup intends the same again under the same token, and adopts what it made before (FAULTS
    /// decision 5, F42). It begins as the deployment's id does, so that effects sort by the age of their deployments.
    pub fn of(deployment: &DeploymentId, run: i32, kind: &str, generation: i32) -> Self {
        Self::made_of(deployment.as_str(), run, kind, generation)
    }

    /// The effect that copies an image into the region of the copy's row.
    pub fn of_copy(copy: &ImageId) -> Self {
        Self::made_of(copy.as_str(), 1, "copy_image", 1)
    }

    /// The launch effect of a check, made in the same way.
    pub fn of_check(check: &CheckId) -> Self {
        Self::made_of(check.as_str(), 1, "launch", 1)
    }

    fn made_of(owner: &str, run: i32, kind: &str, generation: i32) -> Self {
        let begin = DeploymentId::PREFIX.len() + 1;
        let age = &owner[begin..begin + 12];
        let digest = Sha256::digest(format!("{owner}/{run}/{kind}/{generation}"));
        let digest: String = digest[..10].iter().map(|b| format!("{b:02x}")).collect();
        Self(format!("{}_{age}{digest}", Self::PREFIX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_the_same_from_any_worker_at_any_time() {
        let deployment = DeploymentId::new(Uuid::from_u128(7 << 80));
        let one = EffectId::of(&deployment, 1, "launch", 1);
        assert_eq!(one, EffectId::of(&deployment, 1, "launch", 1));
        assert!(one.as_str().starts_with("eff_000000000007"), "{one}");
        assert_eq!(one.as_str().parse(), Ok(one.clone()));
        let other = DeploymentId::new(Uuid::from_u128((7 << 80) + 1));
        for another in [
            EffectId::of(&other, 1, "launch", 1),
            EffectId::of(&deployment, 2, "launch", 1),
            EffectId::of(&deployment, 1, "create_image", 1),
            EffectId::of(&deployment, 1, "launch", 2),
        ] {
            assert_ne!(another, one);
        }
    }

    #[test]
    fn an_id_survives_text_and_refuses_strangers() {
        let id = DeploymentId::new(Uuid::from_u128(7));
        assert_eq!(id.as_str(), "dep_00000000000000000000000000000007");
        assert_eq!(id.as_str().parse::<DeploymentId>(), Ok(id.clone()));
        assert!(id.as_str().parse::<TaskId>().is_err());
        for bad in [
            "",
            "dep_",
            "dep_12",
            "dep_0000000000000000000000000000000G",
            "7",
        ] {
            let error = bad.parse::<DeploymentId>().expect_err(bad).to_string();
            assert!(error.contains("deployment id"), "{error}");
        }
    }

    #[test]
    fn an_effect_id_fits_a_client_token() {
        assert!(EffectId::new(Uuid::max()).as_str().len() <= 64);
    }
}
