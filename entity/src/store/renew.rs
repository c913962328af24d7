//! By which revision of its template a deployment is retried: as before, or by a newer one, and then its order and recipe are
//! written anew (N7 of FIELD). Nothing else ever writes them.

use std::sync::Arc;

use ingot_domain::request::Order;
use ingot_domain::template::Template;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::Value;

use super::LedgerError;
use super::request::Revision;
use super::request::create::frozen;
use crate::deployment;

/// How a deployment is retried.
#[derive(Debug, Clone, Default)]
pub struct Retry {
    /// The newest revision of its template, for the story.
    pub newest: Option<i32>,
    /// What it is made by from now on.
    pub renewed: Option<Renewal>,
}

/// A newer revision, and the order by it.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The order as the newer revision reads it.
    pub order: Order,
    /// The newer revision.
    pub recipe: Arc<Template>,
    /// Which that is.
    pub revision: Revision,
}

/// The same as columns.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    order: Value,
    recipe: Value,
    revision: i32,
    fingerprint: String,
}

impl Retry {
    /// What the line of the retry says of revisions.
    pub(super) fn said(&self, row: &deployment::Model) -> String {
        let template = &row.template;
        let Some(before) = row.template_revision else {
            return String::new();
        };
        if let Some(renewed) = &self.renewed {
            let now = renewed.revision.number;
            return format!(", by revision {now} of {template} (it was {before})");
        }
        match self.newest.filter(|newest| *newest > before) {
            Some(newest) => format!(
                ", by revision {before} of {template} as before; revision {newest} is there, and `--latest` takes it"
            ),
            None => format!(", by revision {before} of {template}"),
        }
    }
}

impl Renewal {
    pub(super) fn stored(&self) -> Result<Stored, LedgerError> {
        let (recipe, fingerprint) = frozen(&self.order, &self.recipe, Some(&self.revision))?;
        let order = serde_json::to_value(&self.order);
        let order = order.map_err(|source| LedgerError::Json {
            what: "order",
            source,
        })?;
        Ok(Stored {
            order,
            recipe,
            revision: self.revision.number,
            fingerprint,
        })
    }
}

impl Stored {
    /// Writes them, in the transaction that has just changed the row under its version.
    pub(super) async fn write<C: ConnectionTrait>(
        &self,
        tx: &C,
        row: &mut deployment::Model,
    ) -> Result<(), LedgerError> {
        use deployment::Column;
        row.order.clone_from(&self.order);
        row.recipe.clone_from(&self.recipe);
        row.template_revision = Some(self.revision);
        row.fingerprint.clone_from(&self.fingerprint);
        deployment::Entity::update_many()
            .col_expr(Column::Order, Expr::value(self.order.clone()))
            .col_expr(Column::Recipe, Expr::value(self.recipe.clone()))
            .col_expr(Column::TemplateRevision, Expr::value(self.revision))
            .col_expr(Column::Fingerprint, Expr::value(self.fingerprint.clone()))
            .filter(Column::Id.eq(&row.id))
            .exec(tx)
            .await?;
        Ok(())
    }
}
