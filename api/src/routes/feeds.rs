//! Feeds of advisories: how they stand, loads from outside, and what they say of one advisory or CVE. A closed network's
//! operator has the vendors' files where the API is not: `ingot advisories load` reads them there and sends the records.

use axum::extract::State;
use axum::http::StatusCode;
use ingot_client::Page;
use ingot_client::advisory::KnownAdvisory;
use ingot_client::feed::{EndFeedLoad, Feed as Shown, FeedLoad, FeedPage, NewFeedLoad};
use ingot_domain::advisory::feed::{Feed, is_cve};
use ingot_domain::advisory::record::Signals;
use ingot_domain::field::{FieldError, shown};
use ingot_entity::store::{Known, Loaded, Paged};

use crate::address::Path;
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// Advisories that one CVE is shown with.
const SHOWN: u32 = 200;

/// Pages of one load: more than any feed has.
const MOST_PAGES: i64 = 1_000_000;

/// List the feeds of advisories and how they stand
#[utoipa::path(
    get, path = "/v1/advisories/feeds", tag = "advisories", operation_id = "listFeeds",
    responses((status = 200, description = "Every feed", body = Page<Shown>))
)]
pub(crate) async fn list(State(api): State<Api>, _: Caller) -> Result<Json<Page<Shown>>, ApiError> {
    Ok(Json(Page {
        items: all(&api).await?,
        next_cursor: None,
    }))
}

/// Every feed; the console uses it too.
pub(crate) async fn all(api: &Api) -> Result<Vec<Shown>, ApiError> {
    let rows = api.ledger.feeds().await?;
    let (now, today) = (api.ledger.now(), api.ledger.calendar_now());
    let of = |feed: Feed| {
        let row = rows.iter().find(|row| row.name == feed.name());
        present::feed(feed, row, now, today)
    };
    Ok(Feed::ALL.into_iter().map(of).collect())
}

/// Begin to load a feed
///
/// Its pages follow, in order, and its end. Readers see the old records until then. One that was under way is over.
#[utoipa::path(
    post, path = "/v1/advisories/feeds/{feed}/loads", tag = "advisories", operation_id = "beginFeedLoad",
    params(("feed" = String, Path, description = "`ubuntu`, `kev`, …")),
    request_body = NewFeedLoad,
    responses((status = 201, description = "Begun, or the feed holds the same already", body = FeedLoad))
)]
pub(crate) async fn begin(
    caller: Caller,
    Path(name): Path<String>,
    Json(load): Json<NewFeedLoad>,
) -> Result<(StatusCode, Json<FeedLoad>), ApiError> {
    let feed = named(&name)?;
    short("etag", load.etag.as_deref(), 200)?;
    let same = match &load.etag {
        Some(etag) => caller.ledger.feed_unchanged(feed, etag).await?.is_some(),
        None => false,
    };
    let generation = match same {
        true => None,
        false => Some(caller.ledger.begin_load(feed).await?),
    };
    let load = FeedLoad {
        feed: name,
        generation,
    };
    Ok((StatusCode::CREATED, Json(load)))
}

/// Send one page of a load
///
/// The first is number 0. A page that comes again changes nothing.
#[utoipa::path(
    put, path = "/v1/advisories/feeds/{feed}/loads/{generation}/pages/{number}", tag = "advisories",
    operation_id = "addFeedPage",
    params(
        ("feed" = String, Path, description = "`ubuntu`, `kev`, …"),
        ("generation" = i64, Path, description = "Of the load"),
        ("number" = i64, Path, description = "Of the page, from 0"),
    ),
    request_body = FeedPage,
    responses(
        (status = 200, description = "Written down", body = FeedLoad),
        (status = 409, description = "Another load has begun, or a page before it is missing", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    caller: Caller,
    Path((name, generation, number)): Path<(String, i64, i64)>,
    Json(body): Json<FeedPage>,
) -> Result<Json<FeedLoad>, ApiError> {
    let feed = named(&name)?;
    if !(0..MOST_PAGES).contains(&number) {
        let message = format!("number pages from 0 to {}", MOST_PAGES - 1);
        let error = FieldError::new("number", number.to_string(), message);
        return Err(ApiError::Invalid(vec![error]));
    }
    body.page
        .check(feed)
        .map_err(|unfit| ApiError::Invalid(vec![FieldError::new("page", unfit.what, unfit.why)]))?;
    let page = &body.page;
    match caller
        .ledger
        .add_page(feed, generation, number, page)
        .await?
    {
        Paged::Done => Ok(Json(FeedLoad {
            feed: name,
            generation: Some(generation),
        })),
        Paged::Gap(next) => Err(ApiError::Conflict(format!("send page {next} first"))),
        Paged::Overtaken => Err(overtaken(&name)),
    }
}

/// End a load: its records become what is read
#[utoipa::path(
    post, path = "/v1/advisories/feeds/{feed}/loads/{generation}/end", tag = "advisories", operation_id = "endFeedLoad",
    params(
        ("feed" = String, Path, description = "`ubuntu`, `kev`, …"),
        ("generation" = i64, Path, description = "Of the load"),
    ),
    request_body = EndFeedLoad,
    responses(
        (status = 200, description = "Loaded", body = Shown),
        (status = 409, description = "Another load has begun, or it has too few records and the old ones are kept", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(
    State(api): State<Api>,
    caller: Caller,
    Path((name, generation)): Path<(String, i64)>,
    Json(end): Json<EndFeedLoad>,
) -> Result<Json<Shown>, ApiError> {
    let feed = named(&name)?;
    short("source", Some(&end.source), 500)?;
    short("etag", end.etag.as_deref(), 200)?;
    let unread: Vec<String> = end.unread.iter().take(20).map(|part| shown(part)).collect();
    let (etag, fewer) = (end.etag.as_deref(), end.fewer);
    let loaded = caller
        .ledger
        .finish_load(feed, generation, &end.source, etag, &unread, fewer);
    match loaded.await? {
        Loaded::Done(row) => {
            let (now, today) = (api.ledger.now(), api.ledger.calendar_now());
            Ok(Json(present::feed(feed, Some(&row), now, today)))
        }
        Loaded::Refused(why) => Err(ApiError::Conflict(format!(
            "{why}; `ingot advisories load --fewer` (`fewer` at the end of a load) takes it all the same"
        ))),
        Loaded::Overtaken => Err(overtaken(&name)),
    }
}

/// Show one advisory or CVE
///
/// What it is, by which vendors, which versions fix it in which release, and whether it is exploited; with the feeds that say
/// so and those that may lack something.
#[utoipa::path(
    get, path = "/v1/advisories/{id}", tag = "advisories", operation_id = "getAdvisory",
    params(("id" = String, Path, description = "`CVE-2024-6387`, `USN-6859-1`, `ALSA-2024:4312`, …")),
    responses((status = 200, description = "What the feeds say", body = KnownAdvisory))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<KnownAdvisory>, ApiError> {
    let large = id.trim().to_ascii_uppercase();
    let (id, known) = if is_cve(&large) {
        let known = api.ledger.advisories_of(&large, SHOWN).await?;
        (large, known)
    } else {
        // Vendors write theirs in capitals; Microsoft's are months, such as 2024-Aug.
        let known = api.ledger.advisories_named(id.trim()).await?;
        match known.is_empty() {
            true => (large.clone(), api.ledger.advisories_named(&large).await?),
            false => (id, known),
        }
    };
    let mut cves: Vec<String> = match is_cve(&id) {
        true => vec![id.clone()],
        false => named_in(&known),
    };
    cves.sort();
    cves.dedup();
    let signals = api.ledger.signals_of(&cves).await?;
    if known.is_empty() && signals == Signals::default() {
        let what = format!(
            "no feed says anything of `{}`; `ingot advisories feeds` shows what is loaded and how old it is",
            shown(&id)
        );
        return Err(ApiError::NotFound(what));
    }
    let from: Vec<&str> = known.iter().map(|one| one.feed.name()).collect();
    let mut feeds = all(&api).await?;
    feeds.retain(|feed| {
        let signs = matches!(feed.name.as_str(), "kev" | "epss");
        from.contains(&feed.name.as_str()) || (signs || is_cve(&id)) && feed.state != "ok"
    });
    Ok(Json(KnownAdvisory {
        advisories: known
            .into_iter()
            .map(|one| present::advisory(one, &signals))
            .collect(),
        cves: cves
            .into_iter()
            .map(|cve| present::cve(cve, &signals))
            .collect(),
        feeds,
        id,
    }))
}

fn named_in(known: &[Known]) -> Vec<String> {
    let all = known.iter().flat_map(|one| &one.advisory.cves);
    all.map(|cve| cve.id.clone()).collect()
}

pub(super) fn named(name: &str) -> Result<Feed, ApiError> {
    Feed::parse(name).ok_or_else(|| {
        let known = Feed::ALL.map(Feed::name).join(", ");
        let shown = shown(name);
        ApiError::NotFound(format!("there is no feed `{shown}`; there are {known}"))
    })
}

fn short(field: &str, value: Option<&str>, longest: usize) -> Result<(), ApiError> {
    match value {
        Some(value) if value.chars().count() > longest => {
            let message = format!("give at most {longest} characters");
            Err(ApiError::Invalid(vec![FieldError::new(
                field,
                shown(value),
                message,
            )]))
        }
        _ => Ok(()),
    }
}

fn overtaken(name: &str) -> ApiError {
    ApiError::Conflict(format!(
        "this load of `{name}` is over or another one has begun; begin anew"
    ))
}
