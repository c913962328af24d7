//! A simulated AWS region: EC2, STS and SSM over their wire protocols.
//!
//! The factory's tests, drills and demo run against it instead of a cloud account. It has
//! state, a clock of its own and faults on demand; it is not a mock with expectations
//! (STYLE.md 21). What it imitates, and why, is numbered in EC2.md; comments cite the numbers.
//!
//! | module | subject |
//! |---|---|
//! | [`Region`] | the running server: start, address, stop |
//! | [`SimConfig`], [`Delays`] | pace, delays, seed |
//! | `wire` | HTTP in, service and action out: form, XML, credentials, errors |
//! | `ec2`, `sts`, `ssm` | one file per action or family of actions |
//! | `state` | instances, images, snapshots, groups, tags of each account and region |
//! | `filters`, `paging`, `buckets` | what all Describe calls share, and throttling |
//! | `faults`, `journal`, `control` | what tests inject and read under `/_sim/` |
//! | `iam` | policies of callers, evaluated before each call |
//! | `guest` | what is inside an instance: boot, files, SSM agent, answers to commands |
//! | `kms`, `quotas` | encryption of volumes and its keys; Service Quotas |
//! | `standing` | credentials that have lapsed, regions not opted in |
//! | `host` | the servers of instances: what their scripts say that they serve |

mod buckets;
mod clock;
mod config;
mod control;
mod ec2;
mod faults;
mod filters;
mod guest;
mod host;
mod iam;
mod instance_types;
mod journal;
mod kms;
mod paging;
mod quotas;
mod region;
mod seeds;
mod sim;
mod ssm;
mod standing;
mod state;
mod sts;
mod wire;

pub use config::{Delays, SimConfig};
pub use region::{Region, SimError};
