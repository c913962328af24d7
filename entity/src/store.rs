//! The ledger's transactions. Each is opened and named here, none spans a network call, and every change of a state
//! goes through `change` (which asks the transition tables of `domain`).

mod change;
mod clock;
mod connect;
mod create;
mod effects;
mod ending;
mod findings;
mod images;
mod intervene;
mod lists;
mod owners;
mod relay;
mod retention;
mod scan;
mod status;
mod tasks;
mod templates;
mod ticks;
mod tokens;
mod visit;
mod workers;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ingot_domain::Instant;
use sea_orm::{DatabaseConnection, DbErr};

pub use change::{ami_status_of, status_of};
pub use connect::Shape;
pub use create::{Created, IdempotencyClaim, NewDeployment};
pub use effects::{EffectKind, Intention};
pub use ending::Ending;
pub use findings::{FindingQuery, Violations};
pub use images::Found;
pub use intervene::Intervention;
pub use lists::{DeploymentQuery, ImageQuery, LaunchSample, QueueDepth, TaskQuery};
pub use owners::{DeploymentOwner, EffectOwner, ImageOwner, Owners};
pub use relay::DueTask;
pub use scan::Scan;
pub use status::{Backlog, WorkerHolding};
pub use tasks::{Claim, NewTask};
pub use visit::{Change, Committed, Then};

/// What can go wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database refused or could not be reached.
    #[error("the ledger's database failed")]
    Database(#[from] DbErr),
    /// A stored value that this binary does not know: a newer binary wrote it, or somebody edited the row.
    #[error("the ledger holds `{value}` as {what}, which this version does not know")]
    Unknown {
        /// Which column.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// A transition the tables do not allow: a defect.
    #[error("a {what} cannot go from `{from}` to `{to}`")]
    Transition {
        /// Which machine.
        what: &'static str,
        /// From.
        from: String,
        /// To.
        to: String,
    },
    /// A JSON column that does not read back.
    #[error("a stored {what} does not read back: {source}")]
    Json {
        /// Which column.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The URL or the database behind it cannot be used.
    #[error("{0}")]
    Connect(String),
}

/// The ledger. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    db: DatabaseConnection,
    /// Database clock minus ours, in microseconds; measured at start and every minute.
    skew: Arc<AtomicI64>,
}

impl Ledger {
    /// The time of the database: our clock corrected by the measured difference. Leases are compared by the database
    /// itself; this is for due times and time stamps, which a few milliseconds do not hurt.
    pub fn now(&self) -> Instant {
        clock::local() + chrono::TimeDelta::microseconds(self.skew.load(Ordering::Relaxed))
    }

    /// The connection, for migrations and tests.
    pub fn database(&self) -> &DatabaseConnection {
        &self.db
    }
}
