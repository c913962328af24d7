//! Templates and their immutable revisions.

use std::collections::BTreeSet;

use ingot_domain::event::{Line, Source};
use ingot_domain::template::Template;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};

use super::request::create::{IdempotencyClaim, claim_key};
use super::{Ledger, LedgerError};
use crate::{template, template_off};

/// Only the newest are read: a revision is large, and a template may have hundreds.
const NEWEST: &str =
    "revision = (SELECT max(other.revision) FROM template other WHERE other.name = template.name)";
/// Names in one statement, well under what a database takes.
const NAMED_AT_ONCE: usize = 2_000;

/// What came of applying a template.
#[derive(Debug)]
pub enum Applied {
    /// It is the newest revision, by this call or word by word before it.
    Stored(template::Model),
    /// The same Idempotency-Key and body led to a revision before.
    Before(String),
    /// The same Idempotency-Key with another body.
    Mismatch,
    /// Another revision than the expected one is the newest; none where there is no such template.
    Moved(Option<template::Model>),
}

impl template::Model {
    /// Its meaning.
    pub fn parsed(&self) -> Result<Template, LedgerError> {
        serde_json::from_value(self.spec.clone()).map_err(|source| LedgerError::Json {
            what: "template",
            source,
        })
    }
}

impl Ledger {
    /// The newest revision of a template.
    pub async fn template(&self, name: &str) -> Result<Option<template::Model>, LedgerError> {
        Ok(template::Entity::find()
            .filter(template::Column::Name.eq(name))
            .order_by_desc(template::Column::Revision)
            .one(&self.db)
            .await?)
    }

    /// One revision of a template.
    pub async fn template_revision(
        &self,
        name: &str,
        revision: u32,
    ) -> Result<Option<template::Model>, LedgerError> {
        let Ok(revision) = i32::try_from(revision) else {
            return Ok(None);
        };
        let key = (name.to_owned(), revision);
        Ok(template::Entity::find_by_id(key).one(&self.db).await?)
    }

    /// The revisions of a template, the newest first, at most `limit`; those before `before` where that is given.
    pub async fn template_revisions(
        &self,
        name: &str,
        before: Option<u32>,
        limit: u64,
    ) -> Result<Vec<template::Model>, LedgerError> {
        let mut rows = template::Entity::find().filter(template::Column::Name.eq(name));
        if let Some(before) = before {
            rows = rows.filter(template::Column::Revision.lt(i64::from(before)));
        }
        Ok(rows
            .order_by_desc(template::Column::Revision)
            .limit(limit)
            .all(&self.reader)
            .await?)
    }

    /// The newest revision of each of these templates that there is.
    pub async fn newest_templates(
        &self,
        names: BTreeSet<&str>,
    ) -> Result<Vec<template::Model>, LedgerError> {
        let names: Vec<&str> = names.into_iter().collect();
        let mut found = Vec::new();
        for names in names.chunks(NAMED_AT_ONCE) {
            let newest = template::Entity::find()
                .filter(template::Column::Name.is_in(names.iter().copied()))
                .filter(Expr::cust(NEWEST))
                .all(&self.reader);
            found.extend(newest.await?);
        }
        Ok(found)
    }

    /// The number of the newest revision of each of these templates, with its name.
    pub(super) async fn newest_numbers(
        &self,
        names: BTreeSet<&str>,
    ) -> Result<Vec<(String, i32)>, LedgerError> {
        let names: Vec<&str> = names.into_iter().collect();
        let mut found: Vec<(String, i32)> = Vec::new();
        for names in names.chunks(NAMED_AT_ONCE) {
            let newest = template::Entity::find()
                .select_only()
                .columns([template::Column::Name, template::Column::Revision])
                .filter(template::Column::Name.is_in(names.iter().copied()))
                .filter(Expr::cust(NEWEST))
                .into_tuple()
                .all(&self.reader);
            found.extend(newest.await?);
        }
        Ok(found)
    }

    /// The newest revision of every template, by name.
    pub async fn templates(&self) -> Result<Vec<template::Model>, LedgerError> {
        Ok(template::Entity::find()
            .filter(Expr::cust(NEWEST))
            .order_by_asc(template::Column::Name)
            .all(&self.reader)
            .await?)
    }

    /// Stores a template as its next revision, unless it says what the newest already says, word by word: comments are kept,
    /// too, and a recipe that is the same keeps its fingerprint, so its images stay good. The text of a template that comes
    /// with Ingot is written by this binary; replicas of two versions that write it differently store one revision.
    ///
    /// With `expected`, only over that newest revision, 0 standing for none: of two who wrote on the same one, the second
    /// hears of the first.
    pub async fn apply_template(
        &self,
        spec: &Template,
        yaml: &str,
        builtin: bool,
        expected: Option<u32>,
        idempotency: Option<IdempotencyClaim>,
    ) -> Result<Applied, LedgerError> {
        let now = self.now();
        let json = serde_json::to_value(spec).map_err(|source| LedgerError::Json {
            what: "template",
            source,
        })?;
        loop {
            let newest = self.template(&spec.name).await?;
            let same = newest.as_ref().is_some_and(|row| {
                let worded = builtin || row.yaml == yaml;
                row.spec == json && row.builtin == builtin && worded
            });
            let revision = newest
                .as_ref()
                .map_or(1, |row| row.revision + i32::from(!same));
            let tx = self.db.begin().await?;
            if let Some(claim) = &idempotency
                && let Some(before) =
                    claim_key(&tx, claim, &format!("{}@{revision}", spec.name), now).await?
            {
                tx.rollback().await?;
                return Ok(if before.request_hash == claim.request_hash {
                    Applied::Before(before.resource_id)
                } else {
                    Applied::Mismatch
                });
            }
            let is = newest.as_ref().map_or(0, |row| row.revision);
            if !same && expected.is_some_and(|expected| i64::from(expected) != i64::from(is)) {
                tx.rollback().await?;
                return Ok(Applied::Moved(newest));
            }
            let row = template::Model {
                name: spec.name.clone(),
                revision,
                spec: json.clone(),
                yaml: yaml.to_owned(),
                builtin,
                created_at: now,
            };
            if let (true, Some(newest)) = (same, newest) {
                tx.commit().await?;
                return Ok(Applied::Stored(newest));
            }
            let inserted = template::Entity::insert(template::ActiveModel {
                name: Set(row.name.clone()),
                revision: Set(row.revision),
                spec: Set(row.spec.clone()),
                yaml: Set(row.yaml.clone()),
                builtin: Set(row.builtin),
                created_at: Set(row.created_at),
            })
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&tx)
            .await?;
            if inserted > 0 {
                // What three failures switched off by itself, a new revision switches on (AUTO-AMI 2).
                let on = template_off::Entity::delete_many()
                    .filter(template_off::Column::Name.eq(&row.name))
                    .filter(template_off::Column::ByItself.eq(true))
                    .filter(template_off::Column::Revision.lt(row.revision))
                    .exec(&tx)
                    .await?;
                if on.rows_affected > 0 {
                    let said = format!(
                        "Builds are switched on again: revision {} is new since they failed",
                        row.revision
                    );
                    let line = Line::info("template.builds_on", Source::Request, said);
                    if !self.tell_of_builds(&tx, &row.name, line).await? {
                        tx.rollback().await?;
                        continue;
                    }
                }
                tx.commit().await?;
                return Ok(Applied::Stored(row));
            }
            // Another replica stored the same revision number first: look again.
            tx.rollback().await?;
        }
    }
}
