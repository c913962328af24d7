//! What runs inside an instance: its boot, its files, its SSM agent, and what commands see of them.
//!
//! Nothing is executed. The region reads the script of the user data it was sent: a file the
//! script writes exists once the script has ended, and an image carries the files of the
//! instance it was made from. What tests order comes first.

mod answers;
mod cloud_init;
mod enter;
mod files;
mod packages;
mod script;
mod serves;
mod shell;
mod steps;

use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use answers::Answer;
pub(crate) use cloud_init::Boot;
pub(crate) use enter::enter;
pub(crate) use script::{boot_log, shuts_down};
pub(crate) use serves::{Scheme, Serves, serves};
pub(crate) use shell::{Machine, Outcome, run};
pub(crate) use steps::{BadStep, console};

/// The inside of an instance. What is not said here follows from its user data and its image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guest {
    pub(crate) agent: Agent,
    /// After which share of its script an agent is there that the script installs; all of it if absent.
    pub(crate) agent_after: Option<f64>,
    /// How long first boot of a launch from a finished image goes on after its page answers.
    pub(crate) first_boot: Duration,
    /// When user data ended, if tests said so.
    pub(crate) ended: Ended,
    /// The script of the user data fails in the end.
    pub(crate) fails: bool,
    /// How long a fresh installation takes, if tests said so.
    pub(crate) install: Option<Duration>,
    /// The step that goes wrong.
    pub(crate) step: Option<BadStep>,
    /// What commands answer, the latest order first.
    pub(crate) answers: Vec<Answer>,
    /// The day of its launch, such as 20240630: what the archives hold when its script installs.
    pub(crate) today: u32,
    /// Files tests made or removed, with their content.
    pub(crate) files: BTreeMap<String, Option<String>>,
}

/// Where the SSM agent comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Agent {
    /// In the image.
    #[default]
    Installed,
    /// The script of the user data installs it.
    ByScript,
    /// None at all.
    Absent,
}

/// When the script of the user data ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With the install, or with first boot.
    #[default]
    Usual,
    Never,
    At(Duration),
}

/// What the next instance is like inside, as `POST /_sim/next_guest` told.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuestPlan {
    pub(crate) agent: Option<bool>,
    pub(crate) first_boot: Option<Duration>,
    pub(crate) install: Option<Duration>,
    pub(crate) fails: bool,
    pub(crate) step: Option<BadStep>,
    pub(crate) answers: Vec<Answer>,
}
