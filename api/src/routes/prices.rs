//! Prices of instance types: the shipped ones, and those that were loaded.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use ingot_client::Page;
use ingot_client::price::{Price, PriceFilter, PriceLoad, PricesLoaded};
use ingot_domain::field::FieldError;
use ingot_domain::money::Money;
use ingot_domain::policy::dates;
use ingot_domain::price::book;

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
    let items = match &filter.instance_type {
        Some(kind) => {
            let found = api.ledger.price(kind, region).await?;
            vec![shown(found.map_err(ApiError::NotFound)?)]
        }
        None => all(&api, region).await?,
    };
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Every price of a region; the console uses it too.
pub(crate) async fn all(api: &Api, region: &str) -> Result<Vec<Price>, ApiError> {
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
        book::find(loaded, kind, region).ok()
    });
    Ok(prices.map(shown).collect())
}

fn shown(price: book::Price) -> Price {
    Price {
        region: price.region,
        instance_type: price.instance_type,
        usd_per_hour: price.hour.to_string(),
        as_of: price.as_of,
        source: price.source,
        assumed: price.assumed,
    }
}

/// Load prices
///
/// All of them or none. One replaces the figure of its type and region.
#[utoipa::path(
    post, path = "/v1/prices", tag = "policy", operation_id = "loadPrices", request_body = PriceLoad,
    responses((status = 200, description = "Loaded", body = PricesLoaded))
)]
pub(crate) async fn load(
    caller: Caller,
    Json(load): Json<PriceLoad>,
) -> Result<Json<PricesLoaded>, ApiError> {
    let prices = read(&load).map_err(ApiError::Invalid)?;
    caller.ledger.load_prices(&prices, &caller.name).await?;
    tracing::info!(by = %caller.name, count = prices.len(), source = %load.source, "prices were loaded");
    Ok(Json(PricesLoaded {
        loaded: prices.len(),
    }))
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
        if !seen.insert((&one.region, &one.instance_type)) {
            let message = "this type of this region stands here a second time; remove one";
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
