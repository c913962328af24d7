//! Builds: what asks for them (`ask`, and once more: `again`), what the plan reads of them (`sheet`, `queue`, `asking`), from which facts wants follow (`facts`), what
//! people do to them (`decide`), and lists. A start, a step and an end are moves of a visit's `Change`.

mod again;
mod ask;
mod asking;
mod copied;
mod decide;
mod facts;
mod list;
mod odd;
mod open;
mod own;
mod planned;
mod played;
mod queue;
mod sheet;
mod story;

pub use ask::{Ask, Asked};
pub use asking::Asking;
pub use decide::Verdict;
pub use list::{BuildQuery, BuildSeen};
pub(super) use own::swapped;
pub use own::{Own, template_story};
pub use planned::{Planned, Priced, machine};
pub use played::Days;
pub use queue::{BuildQueue, Queued};
pub use sheet::Sheet;
pub(super) use story::launch;

use ingot_domain::arch::Arch;
use ingot_domain::build::BuildStatus;
use ingot_domain::build::failure::FailureClass;
use ingot_domain::build::wants::Aim;

use super::LedgerError;
use crate::build;

impl build::Model {
    /// Its status.
    pub fn parsed_status(&self) -> Result<BuildStatus, LedgerError> {
        BuildStatus::parse(&self.status).ok_or_else(|| LedgerError::Unknown {
            what: "build.status",
            value: self.status.clone(),
        })
    }

    /// Why it failed, if it did.
    pub fn parsed_class(&self) -> Result<Option<FailureClass>, LedgerError> {
        let word = self.failure_class.as_deref();
        let class = word.map(|word| {
            FailureClass::parse(word).ok_or_else(|| LedgerError::Unknown {
                what: "build.failure_class",
                value: word.to_owned(),
            })
        });
        class.transpose()
    }

    /// The regions that its image is copied to.
    pub fn copied_to(&self) -> Vec<String> {
        let regions = self.regions.clone().map(serde_json::from_value);
        regions.and_then(Result::ok).unwrap_or_default()
    }

    /// What is built.
    pub fn aim(&self) -> Result<Aim, LedgerError> {
        let arch = Arch::parse(&self.arch).ok_or_else(|| LedgerError::Unknown {
            what: "build.arch",
            value: self.arch.clone(),
        })?;
        Ok(Aim {
            template: self.template.clone(),
            version: self.version.clone(),
            mode: self.mode.clone(),
            arch,
            region: self.region.clone(),
        })
    }

    /// `web v1.2.0 (default, x86_64) in us-east-1`, as people read it and as the plan names its target.
    pub fn target(&self) -> String {
        format!(
            "{} {} ({}, {}) in {}",
            self.template, self.version, self.mode, self.arch, self.region
        )
    }
}
