//! The one door for requests: each joins the build of its target that waits, or makes one; a cause that has asked before is
//! answered with the build it asked for.

use ingot_domain::Instant;
use ingot_domain::actor::Part;
use ingot_domain::build::BuildStatus;
use ingot_domain::build::wants::{Aim, Want};
use ingot_domain::event::{Line, Source};
use ingot_domain::ids::{BuildId, BuildRequestId};
use ingot_domain::money::Money;
use ingot_domain::want::Cause;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, TransactionTrait,
};
use uuid::Uuid;

use super::again;
use crate::store::subject::{Stories, Write, move_all};
use crate::store::{Ledger, LedgerError};
use crate::{build, build_request, template_off};

/// A request to build.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What asks for it, and what for.
    pub want: Want,
    /// The person who asks; none: Ingot itself.
    pub by: Option<String>,
    /// What it may cost at most.
    pub max_cost: Option<Money>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A build was made for it.
    New(build::Model),
    /// It joined one that waits.
    Joined(build::Model),
    /// Its cause has asked before, for the build of this id.
    Before(String),
    /// Its template is switched off: it is recorded, and nothing is built.
    Skipped(build::Model),
}

impl Ledger {
    /// Asks for a build. Of several transactions that meet one is the first; the others look again at what it made.
    pub async fn ask(&self, ask: &Ask) -> Result<Asked, LedgerError> {
        let day = self.local_day().await?;
        loop {
            let tx = self.db.begin().await?;
            let mut stories = match ask.by {
                Some(_) => self.stories(),
                None => self.stories().by(Part::Rule),
            };
            // The plan counts whole seconds: a request between two would lie ahead of the look that made it.
            let now = whole_second(self.calendar_now());
            match asked(&tx, ask, now, day, &mut stories).await? {
                Some(answer) => {
                    stories.append(&tx).await?;
                    tx.commit().await?;
                    return Ok(answer);
                }
                None => tx.rollback().await?,
            }
        }
    }
}

fn whole_second(at: Instant) -> Instant {
    Instant::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

/// None when another transaction was faster.
async fn asked(
    tx: &DatabaseTransaction,
    ask: &Ask,
    now: Instant,
    day: Instant,
    stories: &mut Stories,
) -> Result<Option<Asked>, LedgerError> {
    let aim = &ask.want.aim;
    let off = template_off::Entity::find_by_id(&aim.template)
        .one(tx)
        .await?;
    let switch = again::switch(tx, &aim.template).await?;
    let security = matches!(ask.want.cause, Cause::Security { .. });
    let waiting = match switch.builds(security, false) {
        false => None,
        true => waiting(tx, aim).await?,
    };
    // Today's try of a template that is off by itself is one build, which others join.
    let tried = off.is_some() && waiting.is_none() && again::tried(tx, aim, day).await?;
    let off = off.filter(|_| !switch.builds(security, tried));
    let mut row = match &waiting {
        Some(row) => row.clone(),
        None => new(aim, now, stories.now()),
    };
    let request = request(ask, &row.id, now);
    let mut inserted = insert(tx, &request).await?;
    if inserted == 0 && ask.by.is_none() && again::freed(tx, &ask.want.key, switch, day).await? {
        inserted = insert(tx, &request).await?;
    }
    if inserted == 0 {
        return before(tx, &ask.want.key)
            .await
            .map(|id| id.map(Asked::Before));
    }
    if let Some(before) = &waiting {
        row.requested_at = row.requested_at.min(now);
        let lines = [said("build.joined", "Asked for again", ask)];
        let write = Write {
            before,
            after: &row,
            lines: &lines,
        };
        let moved = move_all(tx, &[write], stories).await?;
        return Ok(moved.then_some(Asked::Joined(row)));
    }
    let mut lines = vec![said("build.queued", "Asked for", ask)];
    if let Some(off) = &off {
        row.status = BuildStatus::Skipped.as_str().to_owned();
        row.ended_at = Some(now);
        row.error = Some(format!(
            "the template is switched off since {}: {}",
            off.off_at.format("%Y-%m-%d %H:%M UTC"),
            off.off_reason
        ));
        let said = format!(
            "Skipped: the template was switched off by {}: {}; `ingot templates auto-ami enable {}` switches it on",
            off.off_by, off.off_reason, row.template
        );
        lines.push(Line::info("build.skipped", Source::Monitor, said).warn());
    }
    row.event_seq = stories.say(&row.id, 0, &lines);
    let inserted = build::Entity::insert(row.clone().into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    let made = match &off {
        Some(_) => Asked::Skipped(row),
        None => Asked::New(row),
    };
    Ok((inserted > 0).then_some(made))
}

async fn insert(
    tx: &DatabaseTransaction,
    request: &build_request::Model,
) -> Result<u64, LedgerError> {
    Ok(
        build_request::Entity::insert(request.clone().into_active_model())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?,
    )
}

async fn waiting(tx: &DatabaseTransaction, aim: &Aim) -> Result<Option<build::Model>, LedgerError> {
    use build::Column;
    Ok(build::Entity::find()
        .filter(Column::Template.eq(&aim.template))
        .filter(Column::Version.eq(&aim.version))
        .filter(Column::Mode.eq(&aim.mode))
        .filter(Column::Arch.eq(aim.arch.to_string()))
        .filter(Column::Region.eq(&aim.region))
        .filter(Column::Status.is_in(["queued", "awaiting_approval"]))
        .one(tx)
        .await?)
}

async fn before(tx: &DatabaseTransaction, key: &str) -> Result<Option<String>, LedgerError> {
    let found = build_request::Entity::find()
        .filter(build_request::Column::RequestKey.eq(key))
        .one(tx)
        .await?;
    Ok(found.map(|row| row.build_id))
}

fn said(kind: &str, word: &str, ask: &Ask) -> Line {
    let by = match &ask.by {
        Some(by) => format!(" by {by}"),
        None => String::new(),
    };
    let what = told(&ask.want.cause);
    let said = format!("{word}{by} ({what}): {}", ask.want.said);
    let source = match ask.by {
        Some(_) => Source::Request,
        None => Source::Monitor,
    };
    Line::info(kind, source, said)
}

/// `security critical`, `scheduled`, `manual urgent`.
fn told(cause: &Cause) -> String {
    let trigger = cause.trigger();
    match cause {
        Cause::Security { level: Some(level) } => format!("{trigger} {level}"),
        Cause::Security { level: None } => format!("{trigger}, level unknown"),
        Cause::Manual { urgent: true } => format!("{trigger} urgent"),
        _ => trigger.to_string(),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one source of ids of builds")]
pub(super) fn new(aim: &Aim, now: Instant, real: Instant) -> build::Model {
    build::Model {
        id: BuildId::new(Uuid::now_v7()).to_string(),
        template: aim.template.clone(),
        version: aim.version.clone(),
        mode: aim.mode.clone(),
        arch: aim.arch.to_string(),
        region: aim.region.clone(),
        status: BuildStatus::Queued.as_str().to_owned(),
        trigger: None,
        urgency: None,
        priority: 0,
        requested_at: now,
        not_before: None,
        scheduled_for: None,
        latest_start: None,
        deadline: None,
        late: false,
        why: None,
        purse: None,
        regions: None,
        estimated: None,
        actual: None,
        policy_revision: None,
        template_revision: None,
        run: 0,
        deployment_id: None,
        image_id: None,
        started_at: None,
        expected_end: None,
        bound_at: None,
        ended_at: None,
        failure_class: None,
        error: None,
        cancelling: false,
        decided_by: None,
        decided_reason: None,
        row_version: 0,
        event_seq: 0,
        created_at: real,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one source of ids of requests"
)]
pub(super) fn request(ask: &Ask, build: &str, now: Instant) -> build_request::Model {
    let want = &ask.want;
    let (mut level, mut urgent, mut campaign) = (None, false, None);
    match want.cause {
        Cause::Security { level: said } => level = said.map(|level| level.to_string()),
        Cause::Manual { urgent: said } => urgent = said,
        Cause::Scheduled { campaign: date } => campaign = date.map(|date| date.to_string()),
        Cause::Popularity | Cause::Dependency => {}
    }
    build_request::Model {
        id: BuildRequestId::new(Uuid::now_v7()).to_string(),
        build_id: build.to_owned(),
        request_key: want.key.clone(),
        trigger: want.cause.trigger().to_string(),
        level,
        urgent,
        campaign,
        about: want.about.clone(),
        said: want.said.clone(),
        requested_by: ask.by.clone(),
        max_cost: ask
            .max_cost
            .map(|most| i64::try_from(most.micros()).unwrap_or(i64::MAX)),
        approved: false,
        requested_at: now,
        since: want.detected,
        before: None,
    }
}
