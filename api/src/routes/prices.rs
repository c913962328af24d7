//! Prices of instance types: the shipped ones, those that were loaded, and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use ingot_client::event::EventFilter;
use ingot_client::price::{Price, PriceFilter, PriceLoad, PricesLoaded};
use ingot_client::{Event, Page};
use ingot_domain::field::FieldError;
use ingot_domain::money::Money;
use ingot_domain::policy::dates;
use ingot_domain::price::book;
use ingot_domain::price::platform::Platform;
use ingot_entity::store::PRICE_STORY;

use super::events;
use crate::address::Params;
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::state::Api;

/// The region whose figures are shown unless another is asked for.
pub(crate) const REGION: &str = "us-east-1";
/// Figures of one request.
const MOST: usize = 10_000;

/// List prices
#[utoipa::path(
    get, path = "/v1/prices", tag = "policy", operation_id = "listPrices", params(PriceFilter),
    responses(
        (status = 200, description = "By type", body = Page<Price>),
        (status = 404, description = "The type has no price; how to add it", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<PriceFilter>,
) -> Result<Json<Page<Price>>, ApiError> {
    let region = filter.region.as_deref().unwrap_or(REGION);
    let os = match filter.os.as_deref() {
        Some(word) => platform("os", word).map_err(|wrong| ApiError::Unreadable(vec![wrong]))?,
        None => Platform::Linux,
    };
    let items = match &filter.instance_type {
        Some(kind) => {
            let found = api.ledger.price(kind, region, os).await?;
            vec![shown(found.map_err(ApiError::NotFound)?)]
        }
        None => all(&api, region, os).await?,
    };
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

fn platform(field: &str, word: &str) -> Result<Platform, FieldError> {
    let known: Vec<&str> = Platform::ALL.iter().map(|one| one.as_str()).collect();
    let wrong = || FieldError::new(field, word, format!("choose one of {}", known.join(", ")));
    Platform::parse(word).ok_or_else(wrong)
}

/// Every price of a region with a system; the console uses it too.
pub(crate) async fn all(api: &Api, region: &str, os: Platform) -> Result<Vec<Price>, ApiError> {
    let mut loaded = api.ledger.loaded_prices(region).await?;
    if region != REGION {
        loaded.extend(api.ledger.loaded_prices(REGION).await?);
    }
    let mut kinds: BTreeSet<String> = book::shipped().map(|one| one.instance_type).collect();
    kinds.extend(loaded.iter().map(|one| one.instance_type.clone()));
    // Each kind's own figures, so that finding one does not read them all.
    let mut by_kind: BTreeMap<String, Vec<book::Price>> = BTreeMap::new();
    for one in loaded {
        let kind = one.instance_type.clone();
        by_kind.entry(kind).or_default().push(one);
    }
    let prices = kinds.iter().filter_map(|kind| {
        let loaded = by_kind.get(kind).map_or(&[][..], Vec::as_slice);
        book::find(loaded, kind, region, os).ok()
    });
    Ok(prices.map(shown).collect())
}

fn shown(price: book::Price) -> Price {
    Price {
        region: price.region,
        instance_type: price.instance_type,
        os: price.os.to_string(),
        usd_per_hour: price.hour.to_string(),
        as_of: price.as_of,
        source: price.source,
        assumed: price.assumed,
    }
}

/// Load prices
///
/// All of them or none. One replaces the figure of its type, region and system; the story of prices tells what changed.
#[utoipa::path(
    post, path = "/v1/prices", tag = "policy", operation_id = "loadPrices", request_body = PriceLoad,
    responses((status = 200, description = "Loaded", body = PricesLoaded))
)]
pub(crate) async fn load(
    caller: Caller,
    Json(load): Json<PriceLoad>,
) -> Result<Json<PricesLoaded>, ApiError> {
    let prices = read(&load).map_err(ApiError::Invalid)?;
    let came = caller.ledger.load_prices(&prices, &caller.name).await?;
    tracing::info!(by = %caller.name, count = prices.len(), source = %load.source, "prices were loaded");
    Ok(Json(PricesLoaded {
        loaded: prices.len(),
        new: came.new,
        changed: came.changed,
    }))
}

/// Read the story of prices
///
/// Each load, and each figure that changed: who, from what, to what.
#[utoipa::path(
    get, path = "/v1/prices/events", tag = "policy", operation_id = "listPriceEvents", params(EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn story(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    events::story(&api, PRICE_STORY, &filter).await.map(Json)
}

fn read(load: &PriceLoad) -> Result<Vec<book::Price>, Vec<FieldError>> {
    let mut wrong = Vec::new();
    if !(1..=500).contains(&load.source.trim().chars().count()) {
        let message = "say where they are from in 1 to 500 characters";
        wrong.push(FieldError::new("source", &load.source, message));
    }
    if let Err(message) = dates::date(&load.as_of) {
        wrong.push(FieldError::new("as_of", &load.as_of, message));
    }
    if !(1..=MOST).contains(&load.prices.len()) {
        let message = format!("give 1 to {MOST} figures");
        wrong.push(FieldError::new("prices", load.prices.len(), message));
        return Err(wrong);
    }
    let (mut prices, mut seen) = (Vec::new(), BTreeSet::new());
    for (at, one) in load.prices.iter().enumerate() {
        let field = |name: &str| format!("prices[{at}].{name}");
        if let Err(error) = ingot_domain::ec2::region(&field("region"), &one.region) {
            wrong.push(error);
        }
        if !is_type(&one.instance_type) {
            let message = "write an instance type such as `c5.xlarge`";
            wrong.push(FieldError::new(
                &field("instance_type"),
                &one.instance_type,
                message,
            ));
        }
        let os = match one.os.as_deref() {
            None => Platform::Linux,
            Some(word) => platform(&field("os"), word).unwrap_or_else(|error| {
                wrong.push(error);
                Platform::Linux
            }),
        };
        if !seen.insert((&one.region, &one.instance_type, os)) {
            let message =
                "this type of this region and system stands here a second time; remove one";
            wrong.push(FieldError::new(
                &field("instance_type"),
                &one.instance_type,
                message,
            ));
        }
        let hour = match Money::parse(&one.usd_per_hour) {
            Ok(hour) if hour == Money::ZERO => Err("a price is above 0".to_owned()),
            Ok(hour) if hour > Money::dollars(1_000_000) => {
                Err("at most 1000000 dollars an hour can be written".to_owned())
            }
            read => read,
        };
        match hour {
            Ok(hour) => prices.push(book::Price {
                region: one.region.clone(),
                instance_type: one.instance_type.clone(),
                os,
                hour,
                as_of: load.as_of.clone(),
                source: load.source.trim().to_owned(),
                assumed: false,
            }),
            Err(message) => {
                wrong.push(FieldError::new(
                    &field("usd_per_hour"),
                    &one.usd_per_hour,
                    message,
                ));
            }
        }
        if wrong.len() >= 20 {
            break;
        }
    }
    match wrong.is_empty() {
        true => Ok(prices),
        false => Err(wrong),
    }
}

/// Whether a text has the form of an instance type: `c5.xlarge`, `u-6tb1.112xlarge`.
fn is_type(text: &str) -> bool {
    let part = |part: &str| {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !part.is_empty() && part.bytes().all(legal)
    };
    text.len() <= 64
        && text
            .split_once('.')
            .is_some_and(|(family, size)| part(family) && part(size))
}
