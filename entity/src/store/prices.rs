//! Prices that were loaded; the shipped ones are in `ingot_domain::price`. Every load is told in one story with what it changed: the
//! setting that counts its lines is swapped in the same transaction, so of two loads the second tells what the first left.

use std::collections::{BTreeSet, HashMap};

use ingot_domain::advisory::base::{Base, Os};
use ingot_domain::event::{Line, Source};
use ingot_domain::price::book::{self, Price};
use ingot_domain::price::platform::Platform;
use ingot_domain::template::{BaseImage, Template};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, TransactionTrait};

use super::builds::swapped;
use super::purses::{micros, money};
use super::rows::{Rows, record};
use super::{Ledger, LedgerError};
use crate::{price, rate, setting};

/// The region whose figures stand in for others.
const MODEL: &str = "us-east-1";
/// Under which the story of prices is told.
pub const PRICES: &str = "prc_installation";
/// The setting that counts its lines.
const SETTING: &str = "prices";
/// Types that the line of a load names.
const NAMED: usize = 20;

record! {
    /// A price with Linux as it is written.
    ROW, row of price::Model {
        region: "text", instance_type: "text", hour_micros: "bigint", source: "text", as_of: "text", loaded_by: "text",
        loaded_at: "timestamptz",
    }
}

record! {
    /// A price with a licence as it is written.
    RATE, rate_row of rate::Model {
        region: "text", instance_type: "text", os: "text", hour_micros: "bigint", source: "text", as_of: "text",
        loaded_by: "text", loaded_at: "timestamptz",
    }
}

/// What figures take the place of.
const REPLACED: &str = "DO UPDATE SET hour_micros = excluded.hour_micros, source = excluded.source, \
     as_of = excluded.as_of, loaded_by = excluded.loaded_by, loaded_at = excluded.loaded_at";

/// What a load came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadedPrices {
    /// Figures that had none of their own before.
    pub new: usize,
    /// Figures that are another amount than before.
    pub changed: usize,
}

/// Systems of tracks that the installation added, as far as they were asked for.
pub(super) type Systems = HashMap<String, Option<Os>>;

impl Ledger {
    /// Loads figures; one replaces the figure of its type, region and system, and each that changes is told with what it was. Each
    /// is there once.
    pub async fn load_prices(
        &self,
        prices: &[Price],
        by: &str,
    ) -> Result<LoadedPrices, LedgerError> {
        loop {
            let tx = self.db.begin().await?;
            let kept = setting::Entity::find_by_id(SETTING).one(&tx).await?;
            let text = kept.map(|row| row.value);
            let last: i64 = text.as_deref().map_or(Ok(0), str::parse).unwrap_or(0);
            let regions: BTreeSet<&str> = prices.iter().map(|one| one.region.as_str()).collect();
            let before = loaded(&tx, regions.into_iter().collect(), None).await?;
            let (lines, came) = told(&before, prices, by);
            self.write_prices(&tx, prices, by).await?;
            let mut stories = self.stories();
            let seq = stories.say(PRICES, last, &lines);
            if swapped(&tx, SETTING, text.as_deref(), seq.to_string()).await? {
                stories.append(&tx).await?;
                tx.commit().await?;
                return Ok(came);
            }
            tx.rollback().await?;
        }
    }

    async fn write_prices<C: ConnectionTrait>(
        &self,
        tx: &C,
        prices: &[Price],
        by: &str,
    ) -> Result<(), LedgerError> {
        let (mut rows, mut rates) = (Rows::of(&[ROW]), Rows::of(&[RATE]));
        for one in prices {
            let (region, instance_type) = (one.region.clone(), one.instance_type.clone());
            let (hour_micros, loaded_at) = (micros(one.hour), self.now());
            let (source, as_of) = (one.source.clone(), one.as_of.clone());
            let loaded_by = by.to_owned();
            match one.os {
                Platform::Linux => rows.push(&row(&price::Model {
                    region,
                    instance_type,
                    hour_micros,
                    source,
                    as_of,
                    loaded_by,
                    loaded_at,
                })),
                os => rates.push(&rate_row(&rate::Model {
                    region,
                    instance_type,
                    os: os.as_str().to_owned(),
                    hour_micros,
                    source,
                    as_of,
                    loaded_by,
                    loaded_at,
                })),
            }
        }
        if !rows.is_empty() {
            let rest = format!("ON CONFLICT (region, instance_type) {REPLACED}");
            rows.insert(tx, "price", &rest).await?;
        }
        if !rates.is_empty() {
            let rest = format!("ON CONFLICT (region, instance_type, os) {REPLACED}");
            rates.insert(tx, "rate", &rest).await?;
        }
        Ok(())
    }

    /// What was loaded of a region, by type.
    pub async fn loaded_prices(&self, region: &str) -> Result<Vec<Price>, LedgerError> {
        let mut found = loaded(&self.reader, vec![region], None).await?;
        found.sort_by(|one, other| one.instance_type.cmp(&other.instance_type));
        Ok(found)
    }

    /// The price of a type in a region with a system, or a sentence that says that there is none and how to add it.
    pub async fn price(
        &self,
        instance_type: &str,
        region: &str,
        os: Platform,
    ) -> Result<Result<Price, String>, LedgerError> {
        let loaded = loaded(&self.db, vec![region, MODEL], Some(instance_type)).await?;
        Ok(book::find(&loaded, instance_type, region, os))
    }

    /// The system whose licence a template's instances include: that of its base image.
    pub async fn platform(&self, template: &Template) -> Result<Platform, LedgerError> {
        self.known_platform(template, &mut Systems::new()).await
    }

    /// The same; `systems` remembers what was asked for.
    pub(super) async fn known_platform(
        &self,
        template: &Template,
        systems: &mut Systems,
    ) -> Result<Platform, LedgerError> {
        let base = &template.base_image;
        let like = match base {
            BaseImage::Track(name) if Base::parse(name).is_err() => match systems.get(name) {
                Some(known) => *known,
                None => {
                    let track = self.track(name).await?;
                    let track = track.map(|row| row.parsed()).transpose()?;
                    let os = track.and_then(|track| track.base()).map(|base| base.os);
                    systems.insert(name.clone(), os);
                    os
                }
            },
            _ => None,
        };
        Ok(Platform::of_base(base, like))
    }
}

/// What was loaded of these regions, of one type where that is given.
async fn loaded<C: ConnectionTrait>(
    db: &C,
    regions: Vec<&str>,
    instance_type: Option<&str>,
) -> Result<Vec<Price>, LedgerError> {
    let mut linux =
        price::Entity::find().filter(price::Column::Region.is_in(regions.iter().copied()));
    let mut others = rate::Entity::find().filter(rate::Column::Region.is_in(regions));
    if let Some(kind) = instance_type {
        linux = linux.filter(price::Column::InstanceType.eq(kind));
        others = others.filter(rate::Column::InstanceType.eq(kind));
    }
    let mut found: Vec<Price> = linux.all(db).await?.into_iter().map(shown).collect();
    for row in others.all(db).await? {
        let os = Platform::parse(&row.os).ok_or_else(|| LedgerError::Unknown {
            what: "rate.os",
            value: row.os.clone(),
        })?;
        found.push(Price {
            region: row.region,
            instance_type: row.instance_type,
            os,
            hour: money(row.hour_micros),
            as_of: row.as_of,
            source: row.source,
            assumed: false,
        });
    }
    Ok(found)
}

/// The lines of a load: what it was, and each figure that is another amount than before.
fn told(before: &[Price], prices: &[Price], by: &str) -> (Vec<Line>, LoadedPrices) {
    let key = |one: &Price| (one.region.clone(), one.instance_type.clone(), one.os);
    let known: HashMap<_, &Price> = before.iter().map(|one| (key(one), one)).collect();
    let (mut lines, mut came, mut named) = (Vec::new(), LoadedPrices::default(), Vec::new());
    for one in prices {
        let was = known.get(&key(one)).copied().cloned();
        let was = was.or_else(|| book::own(&[], &one.instance_type, &one.region, one.os));
        let what = format!(
            "{} with {} in {}",
            one.instance_type,
            one.os.said(),
            one.region
        );
        let Some(was) = was else {
            came.new += 1;
            named.push(what);
            continue;
        };
        if was.hour == one.hour {
            continue;
        }
        came.changed += 1;
        lines.push(Line::info(
            "price.changed",
            Source::Request,
            format!(
                "{by}: {what} costs {} USD an hour, before {} ({} of {}, before {} of {})",
                one.hour, was.hour, one.source, one.as_of, was.source, was.as_of
            ),
        ));
    }
    let (count, same) = (prices.len(), prices.len() - came.new - came.changed);
    let mut said = format!(
        "{by} loaded {count} prices from {}: {} new, {} changed, {same} as before",
        prices.first().map_or("nowhere", |one| one.source.as_str()),
        came.new,
        came.changed
    );
    if !named.is_empty() {
        let more = named.len().saturating_sub(NAMED);
        named.truncate(NAMED);
        said.push_str(&format!("; new are {}", named.join(", ")));
        if more > 0 {
            said.push_str(&format!(" and {more} more"));
        }
    }
    lines.insert(0, Line::info("price.loaded", Source::Request, said));
    (lines, came)
}

fn shown(row: price::Model) -> Price {
    Price {
        region: row.region,
        instance_type: row.instance_type,
        os: Platform::Linux,
        hour: money(row.hour_micros),
        as_of: row.as_of,
        source: row.source,
        assumed: false,
    }
}
