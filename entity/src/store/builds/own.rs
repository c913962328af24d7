//! What a template's builds keep to beside the policy: how many launches make it popular. A setting with a story, as the policy
//! in force is one; of two who change it at the same moment the second looks again.

use std::collections::HashMap;

use ingot_domain::event::{Line, Source};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    TransactionTrait,
};
use serde::{Deserialize, Serialize};

use crate::setting;
use crate::store::decisions::Decision;
use crate::store::{Ledger, LedgerError};

/// The settings that hold it, by template.
const OWN: &str = "template_builds/";

/// What a template's builds keep to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Successful launches within 7 days that make it popular; none: the policy says.
    pub popularity_threshold: Option<u32>,
    event_seq: i64,
}

impl Own {
    fn text(&self) -> Result<String, LedgerError> {
        serde_json::to_string(self).map_err(|source| LedgerError::Json {
            what: "setting of a template's builds",
            source,
        })
    }
}

/// Under which the story of a template's builds lies.
pub fn template_story(template: &str) -> String {
    format!("tpl_{template}")
}

fn read(text: &str) -> Result<Own, LedgerError> {
    serde_json::from_str(text).map_err(|source| LedgerError::Json {
        what: "setting of a template's builds",
        source,
    })
}

impl Ledger {
    /// What a template's builds keep to.
    pub async fn own(&self, template: &str) -> Result<Own, LedgerError> {
        let kept = self.setting(&format!("{OWN}{template}")).await?;
        kept.as_deref()
            .map(read)
            .transpose()
            .map(Option::unwrap_or_default)
    }

    /// The same of every template that has a word of its own.
    pub async fn all_own(&self) -> Result<HashMap<String, Own>, LedgerError> {
        let rows = setting::Entity::find()
            .filter(setting::Column::Name.starts_with(OWN))
            .all(&self.reader)
            .await?;
        let mut all = HashMap::new();
        for row in rows {
            if let Some(name) = row.name.strip_prefix(OWN) {
                all.insert(name.to_owned(), read(&row.value)?);
            }
        }
        Ok(all)
    }

    /// Lets so many launches make a template popular, or as many as the policy says; told in its story.
    pub async fn set_threshold(
        &self,
        template: &str,
        threshold: Option<u32>,
        decision: &Decision,
    ) -> Result<Own, LedgerError> {
        let name = format!("{OWN}{template}");
        loop {
            let text = self.setting(&name).await?;
            let was = text.as_deref().map(read).transpose()?.unwrap_or_default();
            if was.popularity_threshold == threshold {
                return Ok(was);
            }
            let said = |threshold: Option<u32>| match threshold {
                Some(1) => "1 launch in 7 days".to_owned(),
                Some(launches) => format!("{launches} launches in 7 days"),
                None => "as many launches as the policy says".to_owned(),
            };
            let (by, why) = (&decision.by, &decision.reason);
            let line = Line::info(
                "template.popularity_threshold",
                Source::Request,
                format!(
                    "{by}: popular by {}, before by {} ({why})",
                    said(threshold),
                    said(was.popularity_threshold)
                ),
            );
            let mut stories = self.stories();
            let own = Own {
                popularity_threshold: threshold,
                event_seq: stories.say(&template_story(template), was.event_seq, &[line]),
            };
            let value = own.text()?;
            let tx = self.db.begin().await?;
            if swapped(&tx, &name, text.as_deref(), value).await? {
                stories.append(&tx).await?;
                tx.commit().await?;
                return Ok(own);
            }
            tx.rollback().await?;
        }
    }

    /// Adds a warning to the story of a template's builds.
    pub async fn tell_of_template(&self, template: &str, said: String) -> Result<(), LedgerError> {
        loop {
            let line = Line::info("template.stays", Source::Request, said.clone()).warn();
            let tx = self.db.begin().await?;
            if self.tell_of_builds(&tx, template, line).await? {
                tx.commit().await?;
                return Ok(());
            }
            tx.rollback().await?;
        }
    }

    /// Adds a line to the story of a template's builds; false when another transaction was first: then this one begins again.
    pub(in crate::store) async fn tell_of_builds(
        &self,
        tx: &DatabaseTransaction,
        template: &str,
        line: Line,
    ) -> Result<bool, LedgerError> {
        let name = format!("{OWN}{template}");
        let found = setting::Entity::find_by_id(&name).one(tx).await?;
        let text = found.map(|row| row.value);
        let was = text.as_deref().map(read).transpose()?.unwrap_or_default();
        let mut stories = self.stories();
        let event_seq = stories.say(&template_story(template), was.event_seq, &[line]);
        let own = Own { event_seq, ..was };
        let first = swapped(tx, &name, text.as_deref(), own.text()?).await?;
        if first {
            stories.append(tx).await?;
        }
        Ok(first)
    }
}

/// Puts a setting in place of the text that was read; false when another transaction was first.
pub(in crate::store) async fn swapped<C: ConnectionTrait>(
    tx: &C,
    name: &str,
    before: Option<&str>,
    value: String,
) -> Result<bool, LedgerError> {
    let written = match before {
        Some(text) => {
            let moved = setting::Entity::update_many()
                .col_expr(setting::Column::Value, Expr::value(value))
                .filter(setting::Column::Name.eq(name))
                .filter(setting::Column::Value.eq(text))
                .exec(tx)
                .await?;
            moved.rows_affected
        }
        None => {
            let row = setting::ActiveModel {
                name: Set(name.to_owned()),
                value: Set(value),
            };
            setting::Entity::insert(row)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(tx)
                .await?
        }
    };
    Ok(written == 1)
}
