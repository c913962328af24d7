//! Prices that were loaded; the shipped ones are in `ingot_domain::price`.

use ingot_domain::price::book::{self, Price};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::purses::{micros, money};
use super::rows::{Rows, record};
use super::{Ledger, LedgerError};
use crate::price;

/// The region whose figures stand in for others.
const MODEL: &str = "us-east-1";

record! {
    /// A price as it is written.
    ROW, row of price::Model {
        region: "text", instance_type: "text", hour_micros: "bigint", source: "text", as_of: "text", loaded_by: "text",
        loaded_at: "timestamptz",
    }
}

impl Ledger {
    /// Loads figures; one replaces the figure of its type and region. Each is there once.
    pub async fn load_prices(&self, prices: &[Price], by: &str) -> Result<(), LedgerError> {
        let mut rows = Rows::of(&[ROW]);
        for one in prices {
            rows.push(&row(&price::Model {
                region: one.region.clone(),
                instance_type: one.instance_type.clone(),
                hour_micros: micros(one.hour),
                source: one.source.clone(),
                as_of: one.as_of.clone(),
                loaded_by: by.to_owned(),
                loaded_at: self.now(),
            }));
        }
        if !rows.is_empty() {
            let rest = "ON CONFLICT (region, instance_type) DO UPDATE SET hour_micros = excluded.hour_micros, \
                source = excluded.source, as_of = excluded.as_of, loaded_by = excluded.loaded_by, loaded_at = excluded.loaded_at";
            rows.insert(&self.db, "price", rest).await?;
        }
        Ok(())
    }

    /// What was loaded of a region, by type.
    pub async fn loaded_prices(&self, region: &str) -> Result<Vec<Price>, LedgerError> {
        let rows = price::Entity::find()
            .filter(price::Column::Region.eq(region))
            .order_by_asc(price::Column::InstanceType)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(shown).collect())
    }

    /// The price of a type in a region, or a sentence that says that there is none and how to add it.
    pub async fn price(
        &self,
        instance_type: &str,
        region: &str,
    ) -> Result<Result<Price, String>, LedgerError> {
        let rows = price::Entity::find()
            .filter(price::Column::InstanceType.eq(instance_type))
            .filter(price::Column::Region.is_in([region, MODEL]))
            .all(&self.db)
            .await?;
        let loaded: Vec<Price> = rows.into_iter().map(shown).collect();
        Ok(book::find(&loaded, instance_type, region))
    }
}

fn shown(row: price::Model) -> Price {
    Price {
        region: row.region,
        instance_type: row.instance_type,
        hour: money(row.hour_micros),
        as_of: row.as_of,
        source: row.source,
        assumed: false,
    }
}
