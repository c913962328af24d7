//! Receivers of notifications: added with their secrets sealed, changed, tested, removed.

mod given;

use axum::extract::State;
use axum::http::StatusCode;
use ingot_client::Page;
use ingot_client::notification::{NewReceiver, NotificationDetail, Preferences, Receiver, Removed};
use ingot_domain::field::shown;
use ingot_domain::notice::sealed_for;
use ingot_entity::receiver;
use ingot_entity::store::NewReceiver as NewRow;
use ingot_entity::store::receiver_id;
use ingot_seal::Secret;

use super::notifications;
use crate::address::Path;
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present::notification as show;
use crate::state::Api;

/// The most receivers of an installation: each is read whenever people are told of something.
const MOST: usize = 200;

/// List receivers of notifications and how they stand
#[utoipa::path(
    get, path = "/v1/receivers", tag = "notifications", operation_id = "listReceivers",
    responses((status = 200, description = "Every receiver", body = Page<Receiver>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<Page<Receiver>>, ApiError> {
    Ok(Json(Page {
        items: all(&api).await?,
        next_cursor: None,
    }))
}

/// Every receiver; the console uses it too.
pub(crate) async fn all(api: &Api) -> Result<Vec<Receiver>, ApiError> {
    let counts = api.ledger.delivery_counts().await?;
    let of = |id: &str, state: &str| {
        let same = |one: &&(String, String, i64)| one.0 == id && one.1 == state;
        counts.iter().find(same).map_or(0, |one| one.2)
    };
    let rows = api.ledger.receivers().await?.into_iter();
    Ok(rows
        .map(|row| {
            let counts = (of(&row.id, "waiting"), of(&row.id, "failed"));
            show::receiver(row, counts)
        })
        .collect())
}

async fn shown_row(api: &Api, id: &str) -> Result<Receiver, ApiError> {
    let all = all(api).await?;
    let found = all.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| missing(id))
}

fn missing(name: &str) -> ApiError {
    let shown = shown(name);
    ApiError::NotFound(format!(
        "there is no receiver `{shown}`; `ingot notifications receivers` shows them"
    ))
}

async fn named(api: &Api, name: &str) -> Result<receiver::Model, ApiError> {
    let found = api.ledger.receiver(name).await?;
    found.ok_or_else(|| missing(name))
}

/// Add a receiver of notifications
///
/// Its address, password and signing secret are sealed at rest. A webhook's signing secret is in this answer and in no other.
#[utoipa::path(
    post, path = "/v1/receivers", tag = "notifications", operation_id = "addReceiver",
    request_body = NewReceiver,
    responses(
        (status = 201, description = "Added", body = Receiver),
        (status = 409, description = "The name is taken, or there is no key to seal its secret with", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(api): State<Api>,
    caller: Caller,
    Json(new): Json<NewReceiver>,
) -> Result<(StatusCode, Json<Receiver>), ApiError> {
    let given = given::read(&new).map_err(ApiError::Invalid)?;
    if api.ledger.receivers().await?.len() >= MOST {
        let why = format!("there are {MOST} receivers already; remove one first");
        return Err(ApiError::Conflict(why));
    }
    let id = receiver_id();
    let sealed = match &given.hidden {
        None => None,
        Some(hidden) => {
            let secret = Secret::new(hidden.to_string());
            let sealed = api.ring.seal(&sealed_for(&id), &secret);
            Some(sealed.map_err(|error| ApiError::Conflict(error.to_string()))?)
        }
    };
    let row = NewRow {
        id,
        name: new.name.clone(),
        channel: given.channel,
        address: given.address,
        settings: given.settings,
        sealed,
        wishes: given.wishes,
        by: caller.name.clone(),
    };
    let added = caller.ledger.add_receiver(row).await?;
    let added = added.ok_or_else(|| {
        let name = shown(&new.name);
        ApiError::Conflict(format!(
            "there is a receiver `{name}` already; choose another name"
        ))
    })?;
    let mut receiver = show::receiver(added, (0, 0));
    receiver.secret = given.secret;
    Ok((StatusCode::CREATED, Json(receiver)))
}

/// Show a receiver
#[utoipa::path(
    get, path = "/v1/receivers/{name}", tag = "notifications", operation_id = "showReceiver",
    params(("name" = String, Path, description = "Its name, or rcv_…")),
    responses((status = 200, description = "The receiver", body = Receiver))
)]
pub(crate) async fn show_one(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<Receiver>, ApiError> {
    let row = named(&api, &name).await?;
    shown_row(&api, &row.id).await.map(Json)
}

/// Remove a receiver, and what waits for it
#[utoipa::path(
    delete, path = "/v1/receivers/{name}", tag = "notifications", operation_id = "removeReceiver",
    params(("name" = String, Path, description = "Its name, or rcv_…")),
    responses((status = 200, description = "Removed", body = Removed))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Removed>, ApiError> {
    let row = named(&api, &name).await?;
    if !caller.ledger.remove_receiver(&row.id).await? {
        return Err(missing(&name));
    }
    Ok(Json(Removed {
        id: row.id,
        name: row.name,
    }))
}

/// Say what a receiver wishes to hear, and when
#[utoipa::path(
    put, path = "/v1/receivers/{name}/preferences", tag = "notifications", operation_id = "setReceiverPreferences",
    params(("name" = String, Path, description = "Its name, or rcv_…")),
    request_body = Preferences,
    responses((status = 200, description = "Set", body = Receiver))
)]
pub(crate) async fn prefer(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wished): Json<Preferences>,
) -> Result<Json<Receiver>, ApiError> {
    let wishes = given::wishes(&wished).map_err(ApiError::Invalid)?;
    let row = named(&api, &name).await?;
    let set = caller
        .ledger
        .set_wishes(&row.id, &wishes, &caller.name)
        .await?;
    let row = set.ok_or_else(|| missing(&name))?;
    shown_row(&api, &row.id).await.map(Json)
}

/// Try a disabled receiver again
#[utoipa::path(
    post, path = "/v1/receivers/{name}/enable", tag = "notifications", operation_id = "enableReceiver",
    params(("name" = String, Path, description = "Its name, or rcv_…")),
    responses((status = 200, description = "Enabled", body = Receiver))
)]
pub(crate) async fn enable(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Receiver>, ApiError> {
    let row = named(&api, &name).await?;
    caller.ledger.enable_receiver(&row.id, &caller.name).await?;
    shown_row(&api, &row.id).await.map(Json)
}

/// Send a receiver a test
///
/// The answer comes before the delivery; `GET /v1/notifications/{id}` tells how that went.
#[utoipa::path(
    post, path = "/v1/receivers/{name}/test", tag = "notifications", operation_id = "testReceiver",
    params(("name" = String, Path, description = "Its name, or rcv_…")),
    responses(
        (status = 200, description = "On its way", body = NotificationDetail),
        (status = 409, description = "The receiver is disabled", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn test(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<NotificationDetail>, ApiError> {
    tested(&api, &caller, &name).await.map(Json)
}

/// Tests a receiver; the console uses it too.
pub(crate) async fn tested(
    api: &Api,
    caller: &Caller,
    name: &str,
) -> Result<NotificationDetail, ApiError> {
    let row = named(api, name).await?;
    if row.disabled_at.is_some() {
        let name = &row.name;
        return Err(ApiError::Conflict(format!(
            "receiver `{name}` is disabled; `ingot notifications enable {name}` tries it again"
        )));
    }
    let (told, task) = caller.ledger.test_receiver(&row, &caller.name).await?;
    api.ringer
        .ring(task.kind.queue().as_str(), task.id.as_str());
    notifications::one(api, caller, &told.id).await
}
