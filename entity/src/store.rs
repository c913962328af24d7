//! The ledger's transactions. Each is opened and named here, none spans a network call, and every change of a state
//! goes through `change` (which asks the transition tables of `domain`).

mod assessments;
mod builds;
mod calendar;
mod change;
mod checks;
mod clock;
mod connect;
mod copies;
mod decisions;
mod deliveries;
mod effects;
mod ending;
mod ends;
mod engine;
mod exposed;
mod feeds;
mod findings;
mod held;
mod images;
mod inquiry;
mod intervene;
mod lists;
mod manifests;
mod notices;
mod operations;
mod outbox;
mod owners;
mod policies;
mod prices;
mod purses;
mod queues;
mod receivers;
mod region_end;
mod renew;
mod request;
mod retention;
mod rows;
mod samples;
mod scan;
mod security;
mod standing;
mod status;
mod subject;
mod task_list;
mod templates;
mod tokens;
mod tracks;
mod updates;
mod verbs;
mod waiting;

use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::actor::Actor;
use sea_orm::{DatabaseConnection, DbBackend, DbErr};

use engine::commit;
use engine::group::Group;
use request::{intake, recipes};
use subject::Stories;

pub use assessments::{UpdateCase, level_of};
pub use builds::{
    Ask, Asked, Asking, BuildQuery, BuildQueue, BuildSeen, Days, Own, Planned, Priced, Queued,
    Sheet, Verdict, machine, template_story,
};
pub use change::{ami_status_of, status_of};
pub use connect::Shape;
pub use copies::{Copying, image_id};
pub use decisions::{Decided, Decision};
pub use deliveries::DeliveryCase;
pub use effects::{EffectKind, Intention};
pub use ending::Ending;
pub use ends::Extended;
pub use engine::{
    Beside, Change, Claim, Claimed, Committed, DueTask, Held, NewTask, Outcome, Then,
};
pub use exposed::{Exposed, ExposedBase, ExposedImage, ExposedInstance};
pub use feeds::{Known, Loaded, Paged, Synced, Told, UnderWay, feed_task};
pub use findings::{FindingQuery, Violations};
pub use held::{ByList, FixFacts, ImageHolding, ImagedHere, OwnList, Predecessor};
pub use images::{Found, OfKey};
pub use intervene::Intervention;
pub use lists::{DeploymentQuery, ImageQuery, Purpose, QueueDepth};
pub use manifests::{NoList, OfInstall};
pub use notices::NoticeQuery;
pub use operations::{OperationFilter, Stepped};
pub use owners::{DeploymentOwner, EffectOwner, ImageOwner, Owners};
pub use policies::{ActivePolicy, Imported, SUBJECT as POLICY_STORY};
pub use prices::{LoadedPrices, PRICES as PRICE_STORY};
pub use purses::{Entry, GrantSpent, PurseSaid, Reservation, Short};
pub use queues::Pauses;
pub use receivers::{NewReceiver, receiver_id};
pub use region_end::RegionEnd;
pub use renew::{Renewal, Retry};
pub use request::{Created, IdempotencyClaim, NewDeployment, Requested, Revision};
pub use samples::LaunchSample;
pub use scan::Scan;
pub use security::SecurityFacts;
pub use standing::ImageStanding;
pub use status::{Backlog, WorkerHolding};
pub use subject::{Move, Moved, New};
pub use task_list::TaskQuery;
pub use templates::Applied;
pub use tokens::TokenEnd;
pub use tracks::{Sighted, Unseen, track_task};
pub use updates::{Judged, UpdateQuery, UpdateSeen};
pub use verbs::{AT_ONCE, Acted, TaskOrder};
pub use waiting::Waiting;

/// What can go wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database refused or could not be reached.
    #[error("the ledger's database failed")]
    Database(#[from] DbErr),
    /// A stored value that this binary does not know: a newer binary wrote it, or a person edited the row.
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
    /// The same database, for what is not waited for on the disk.
    hasty: DatabaseConnection,
    /// The same database, for lists, pages and reports: it cannot write, and holds up nothing that does.
    reader: DatabaseConnection,
    /// The database's time; asked for at start and every minute.
    anchor: clock::Anchor,
    /// By which windows, periods and ages are judged; read at start and every minute.
    calendar: calendar::Known,
    /// Visits that end.
    commits: Group<Arc<Outcome>, Result<Committed, LedgerError>>,
    /// Recipes that were read.
    recipes: recipes::Recipes,
    /// Requests that are accepted.
    intake: Group<intake::Intake, intake::Accepted>,
    /// Who causes what this handle writes.
    actor: Option<Arc<Actor>>,
}

/// Transactions of one kind under way at once: one writes while another's commit waits for the disk. SQLite has one
/// writer.
const HANDS: usize = 2;

/// How often a visit that is about to end is given the turn before a batch is closed: a tenth of a millisecond, while a
/// commit takes ten times that.
const YIELDS: usize = 3;

impl Ledger {
    fn over(
        db: DatabaseConnection,
        hasty: DatabaseConnection,
        desk: DatabaseConnection,
        reader: DatabaseConnection,
    ) -> Self {
        let width = match db.get_database_backend() {
            DbBackend::Sqlite => 1,
            _ => HANDS,
        };
        let anchor = clock::Anchor::unmeasured();
        // The hands keep the connection but not the ledger, so that they end with its last clone.
        let calendar = calendar::Known::default();
        let ours = (db.clone(), anchor.clone(), calendar.clone());
        let desk = Arc::new(intake::Desk::new(desk, hasty.clone()));
        let commits = Group::start(width, YIELDS, true, move |batch: Vec<Arc<Outcome>>| {
            let (db, anchor, calendar) = ours.clone();
            async move { commit::commit_all(&db, &batch, (anchor.now(), &calendar.get())).await }
        });
        let intake = Group::start(1, 0, false, move |batch| {
            let desk = Arc::clone(&desk);
            async move { desk.accept_all(batch).await }
        });
        Self {
            db,
            hasty,
            reader,
            anchor,
            calendar,
            commits,
            recipes: recipes::Recipes::default(),
            intake,
            actor: None,
        }
    }

    /// The same ledger, in the hands of an actor: every line that is written through it names them.
    pub fn as_actor(&self, actor: impl Into<Actor>) -> Self {
        let actor = Some(Arc::new(actor.into()));
        Self {
            actor,
            ..self.clone()
        }
    }

    /// Lines of now, caused by who holds this handle.
    fn stories(&self) -> Stories {
        Stories::at(self.now(), self.actor.clone())
    }

    /// The time of the database: what it last said, carried on by our monotonic clock. Leases are compared by the database
    /// itself; this is for due times and time stamps, which a few milliseconds do not hurt.
    pub fn now(&self) -> Instant {
        self.anchor.now()
    }

    /// The connection, for migrations and tests.
    pub fn database(&self) -> &DatabaseConnection {
        &self.db
    }
}
