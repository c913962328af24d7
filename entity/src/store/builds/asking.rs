//! A request as the plan reads it. A queue may hold tens of thousands: only what decides is read, and by place, not by name.

use ingot_domain::Instant;
use ingot_domain::advisory::level::Level;
use ingot_domain::money::Money;
use ingot_domain::want::{Cause, Request, Term, Trigger};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::build_request;
use crate::build_request::Column;
use crate::store::LedgerError;

/// The requests of builds that wait: one statement, which names no build.
const OF_WAITING: &str =
    "build_id IN (SELECT id FROM build WHERE status IN ('queued', 'awaiting_approval'))";

/// A request, with what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// What the plan decides by.
    pub request: Request,
    /// The update or image it is about.
    pub about: Option<String>,
}

/// The columns of [`COLUMNS`].
type Row = (
    String,
    String,
    String,
    Option<String>,
    bool,
    Option<String>,
    Option<String>,
    Option<i64>,
    bool,
    Instant,
    Option<Instant>,
    Option<Instant>,
);

const COLUMNS: [Column; 12] = [
    Column::BuildId,
    Column::Id,
    Column::Trigger,
    Column::Level,
    Column::Urgent,
    Column::Campaign,
    Column::About,
    Column::MaxCost,
    Column::Approved,
    Column::RequestedAt,
    Column::Since,
    Column::Before,
];

/// The requests of all builds that wait, each with its build.
pub(super) async fn of_waiting<C: ConnectionTrait>(
    db: &C,
) -> Result<Vec<(String, Asking)>, LedgerError> {
    let rows: Vec<Row> = build_request::Entity::find()
        .select_only()
        .columns(COLUMNS)
        .filter(Expr::cust(OF_WAITING))
        .into_tuple()
        .all(db)
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: Row) -> Result<(String, Asking), LedgerError> {
    let (build, id, trigger, level, urgent, campaign, about, max, approved, at, since, before) =
        row;
    let request = Request {
        id,
        cause: cause(&trigger, level.as_deref(), urgent, campaign.as_deref())?,
        max_cost: max.map(|micros| Money::from_micros(u64::try_from(micros).unwrap_or_default())),
        approved,
        requested: at,
        term: since.map(|since| Term { since, before }),
    };
    Ok((build, Asking { request, about }))
}

fn cause(
    trigger: &str,
    level: Option<&str>,
    urgent: bool,
    campaign: Option<&str>,
) -> Result<Cause, LedgerError> {
    let unknown = |what: &'static str, value: &str| LedgerError::Unknown {
        what,
        value: value.to_owned(),
    };
    let known = Trigger::parse(trigger).ok_or_else(|| unknown("build_request.trigger", trigger))?;
    Ok(match known {
        Trigger::Popularity => Cause::Popularity,
        Trigger::Dependency => Cause::Dependency,
        Trigger::Manual => Cause::Manual { urgent },
        Trigger::Security => {
            let read = |word| level_of(word).ok_or_else(|| unknown("build_request.level", word));
            Cause::Security {
                level: level.map(read).transpose()?,
            }
        }
        Trigger::Scheduled => {
            let wrong = |text| unknown("build_request.campaign", text);
            let date = campaign.map(|text| text.parse().map_err(|_| wrong(text)));
            Cause::Scheduled {
                campaign: date.transpose()?,
            }
        }
    })
}

fn level_of(word: &str) -> Option<Level> {
    let all = [Level::Critical, Level::High, Level::Medium, Level::Low];
    all.into_iter().find(|level| level.as_str() == word)
}
