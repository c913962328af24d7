//! What became of causes that have asked before: which of them are answered, and which ask again because their build came to
//! nothing (`ingot_domain::build::again`).

use std::collections::{HashMap, HashSet};

use ingot_domain::Instant;
use ingot_domain::build::again::{Earlier, Switch, asks_again};
use ingot_domain::build::failure::Ended;
use ingot_domain::build::wants::Aim;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::store::{Ledger, LedgerError};
use crate::{build, build_request, setting, template, template_off};

/// The settings that hold when a template was last switched on.
const ON: &str = "template_on/";

impl Ledger {
    /// Of these causes, those that have asked before and are answered.
    pub async fn asked_before(&self, keys: &[&str]) -> Result<HashSet<String>, LedgerError> {
        let found = build_request::Entity::find()
            .filter(build_request::Column::RequestKey.is_in(keys.iter().copied()))
            .all(&self.db)
            .await?;
        let ids = found.iter().map(|request| request.build_id.as_str());
        let dead: Vec<build::Model> = build::Entity::find()
            .filter(build::Column::Id.is_in(ids))
            .filter(build::Column::Status.is_in(["skipped", "failed"]))
            .all(&self.db)
            .await?;
        let dead: HashMap<&str, &build::Model> =
            dead.iter().map(|row| (row.id.as_str(), row)).collect();
        let day = match dead.is_empty() {
            true => self.calendar_now(),
            false => self.local_day().await?,
        };
        let mut switches: HashMap<&str, Switch> = HashMap::new();
        let mut answered = HashSet::new();
        for request in &found {
            if let Some(row) = dead.get(request.build_id.as_str()) {
                if !switches.contains_key(row.template.as_str()) {
                    switches.insert(&row.template, switch(&self.db, &row.template).await?);
                }
                let switch = switches.get(row.template.as_str()).copied();
                if again(&self.db, request, row, switch.unwrap_or_default(), day).await? {
                    continue;
                }
            }
            answered.insert(request.request_key.clone());
        }
        Ok(answered)
    }

    /// The first instant of the calendar's day, in the policy's time zone.
    pub(super) async fn local_day(&self) -> Result<Instant, LedgerError> {
        let timezone = self.policy().await?.policy.timezone;
        Ok(timezone.first_of(timezone.local(self.calendar_now()).date()))
    }

    /// Where the count of a template's failures begins anew: when it was switched on, and at its newest revision.
    pub(super) async fn counted_anew(&self) -> Result<Vec<Ended>, LedgerError> {
        let newest = Expr::cust(
            "revision = (SELECT max(other.revision) FROM template other WHERE other.name = template.name)",
        );
        let revised: Vec<(String, Instant)> = template::Entity::find()
            .select_only()
            .columns([template::Column::Name, template::Column::CreatedAt])
            .filter(newest)
            .into_tuple()
            .all(&self.reader)
            .await?;
        let switched = setting::Entity::find()
            .filter(setting::Column::Name.starts_with(ON))
            .all(&self.reader)
            .await?;
        let switched = switched.iter().filter_map(|row| {
            let name = row.name.strip_prefix(ON)?;
            Some((name.to_owned(), row.value.parse().ok()?))
        });
        let calendar = self.calendar();
        let revised = revised
            .into_iter()
            .map(|(name, at)| (name, calendar.at(at)));
        let anew = |(template, at)| Ended {
            template,
            at,
            failed: None,
        };
        Ok(switched.chain(revised).map(anew).collect())
    }
}

/// How a template stands.
pub(super) async fn switch<C: ConnectionTrait>(
    db: &C,
    template: &str,
) -> Result<Switch, LedgerError> {
    let off = template_off::Entity::find_by_id(template).one(db).await?;
    let on = setting::Entity::find_by_id(format!("{ON}{template}"))
        .one(db)
        .await?;
    let newest: Option<i32> = template::Entity::find()
        .select_only()
        .column(template::Column::Revision)
        .filter(template::Column::Name.eq(template))
        .order_by_desc(template::Column::Revision)
        .into_tuple()
        .one(db)
        .await?;
    Ok(Switch {
        off: off.map(|row| row.by_itself),
        on_at: on.and_then(|row| row.value.parse().ok()),
        revision: newest.unwrap_or_default(),
    })
}

/// Keeps when a template was switched on.
pub(super) async fn keep_on<C: ConnectionTrait>(
    db: &C,
    template: &str,
    at: Instant,
) -> Result<(), LedgerError> {
    keep(db, &format!("{ON}{template}"), at).await
}

/// Keeps an instant as a setting.
pub(super) async fn keep<C: ConnectionTrait>(
    db: &C,
    name: &str,
    at: Instant,
) -> Result<(), LedgerError> {
    keep_text(db, name, at.to_rfc3339()).await
}

/// Keeps a text as a setting.
pub(super) async fn keep_text<C: ConnectionTrait>(
    db: &C,
    name: &str,
    value: String,
) -> Result<(), LedgerError> {
    let row = setting::ActiveModel {
        name: Set(name.to_owned()),
        value: Set(value),
    };
    setting::Entity::insert(row)
        .on_conflict(
            OnConflict::column(setting::Column::Name)
                .update_column(setting::Column::Value)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Whether the cause of a request, whose build is this one, asks again.
pub(super) async fn again<C: ConnectionTrait>(
    db: &C,
    request: &build_request::Model,
    row: &build::Model,
    switch: Switch,
    day: Instant,
) -> Result<bool, LedgerError> {
    // A person who asked with a key is answered with what it asked for.
    if request.requested_by.is_some() {
        return Ok(false);
    }
    let earlier = Earlier {
        status: row.parsed_status()?,
        ended: row.ended_at,
        revision: row.template_revision,
    };
    let security = request.trigger == "security";
    let tried = match switch.off {
        Some(true) if security => tried(db, &row.aim()?, day).await?,
        _ => false,
    };
    Ok(asks_again(earlier, switch, security, tried))
}

/// Whether a build of this aim was asked for, or started, on this day, and not skipped.
pub(super) async fn tried<C: ConnectionTrait>(
    db: &C,
    aim: &Aim,
    day: Instant,
) -> Result<bool, LedgerError> {
    use build::Column;
    let today = Column::RequestedAt.gte(day).or(Column::StartedAt.gte(day));
    let found = build::Entity::find()
        .filter(Column::Template.eq(&aim.template))
        .filter(Column::Version.eq(&aim.version))
        .filter(Column::Mode.eq(&aim.mode))
        .filter(Column::Arch.eq(aim.arch.to_string()))
        .filter(Column::Region.eq(&aim.region))
        .filter(Column::Status.ne("skipped"))
        .filter(today)
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Frees the key of a cause that asks again: its earlier request keeps what it was, with its build's id behind it. False when
/// it does not ask again, or another transaction was faster.
pub(super) async fn freed<C: ConnectionTrait>(
    db: &C,
    key: &str,
    switch: Switch,
    day: Instant,
) -> Result<bool, LedgerError> {
    let Some(request) = build_request::Entity::find()
        .filter(build_request::Column::RequestKey.eq(key))
        .one(db)
        .await?
    else {
        return Ok(false);
    };
    let Some(row) = build::Entity::find_by_id(&request.build_id).one(db).await? else {
        return Ok(false);
    };
    if !again(db, &request, &row, switch, day).await? {
        return Ok(false);
    }
    let freed = build_request::Entity::update_many()
        .col_expr(
            build_request::Column::RequestKey,
            Expr::value(format!("{key}/{}", request.id)),
        )
        .filter(build_request::Column::Id.eq(&request.id))
        .filter(build_request::Column::RequestKey.eq(key))
        .exec(db)
        .await?;
    Ok(freed.rows_affected == 1)
}
