//! Notifications: what people are told of, and what they have read.

use std::collections::BTreeMap;

use axum::extract::State;
use ingot_client::Page;
use ingot_client::notification::{
    MarkRead, Marked, Notification, NotificationDetail, NotificationFilter,
};
use ingot_domain::field::{FieldError, shown};
use ingot_domain::ids::NotificationId;
use ingot_domain::notice::Topic;
use ingot_entity::store::NoticeQuery;

use super::{cursor, limit, page};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present::notification as show;
use crate::state::Api;

/// The most that one request names.
const NAMED: usize = 200;

/// List notifications, newest first
#[utoipa::path(
    get, path = "/v1/notifications", tag = "notifications", operation_id = "listNotifications", params(NotificationFilter),
    responses((status = 200, description = "One page", body = Page<Notification>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(filter): Params<NotificationFilter>,
) -> Result<Json<Page<Notification>>, ApiError> {
    find(&api, &caller, filter).await.map(Json)
}

/// A page of notifications; the console uses it too.
pub(crate) async fn find(
    api: &Api,
    caller: &Caller,
    filter: NotificationFilter,
) -> Result<Page<Notification>, ApiError> {
    let limit = limit(filter.limit)?;
    cursor::<NotificationId>(filter.cursor.as_ref())?;
    let topics = match &filter.topic {
        Some(word) => topics("type", word).map_err(|error| ApiError::Unreadable(vec![error]))?,
        None => Vec::new(),
    };
    let reader = &caller.token_id;
    let query = NoticeQuery {
        topics: topics.iter().map(Topic::to_string).collect(),
        unread_by: (filter.unread == Some(true)).then(|| reader.clone()),
        subject: filter.subject,
        before: filter.cursor,
    };
    let rows = api.ledger.notifications(&query, reader, limit + 1).await?;
    Ok(page(
        rows,
        limit,
        |(row, _)| row.id.clone(),
        |(row, read)| show::notification(row, read),
    ))
}

/// The topics that a word names.
pub(crate) fn topics(field: &str, word: &str) -> Result<Vec<Topic>, FieldError> {
    let named = Topic::named(word);
    if named.is_empty() {
        let all: Vec<&str> = Topic::ALL.iter().map(|topic| topic.as_str()).collect();
        let message = format!(
            "choose a group ({}) or a type ({})",
            Topic::GROUPS.join(", "),
            all.join(", ")
        );
        return Err(FieldError::new(field, shown(word), message));
    }
    Ok(named)
}

/// Show a notification with its deliveries
#[utoipa::path(
    get, path = "/v1/notifications/{id}", tag = "notifications", operation_id = "showNotification",
    params(("id" = String, Path, description = "ntf_…")),
    responses((status = 200, description = "The notification", body = NotificationDetail))
)]
pub(crate) async fn show_one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<NotificationDetail>, ApiError> {
    one(&api, &caller, &id).await.map(Json)
}

pub(super) async fn one(
    api: &Api,
    caller: &Caller,
    id: &str,
) -> Result<NotificationDetail, ApiError> {
    let found = match id.parse::<NotificationId>() {
        Ok(id) => {
            api.ledger
                .notification(id.as_str(), &caller.token_id)
                .await?
        }
        Err(_) => None,
    };
    let (row, read) = found.ok_or_else(|| {
        let shown = shown(id);
        ApiError::NotFound(format!(
            "there is no notification `{shown}`; `ingot notifications list` shows them"
        ))
    })?;
    let receivers = api.ledger.receivers().await?.into_iter();
    let names: BTreeMap<String, String> = receivers.map(|row| (row.id, row.name)).collect();
    let deliveries = api.ledger.deliveries_of(&row.id).await?;
    Ok(NotificationDetail {
        notification: show::notification(row, read),
        deliveries: deliveries
            .into_iter()
            .map(|one| show::delivery(one, &names))
            .collect(),
    })
}

/// Mark notifications as read
///
/// For the token that asks; others have their own. The newest thousand when none is named.
#[utoipa::path(
    post, path = "/v1/notifications/read", tag = "notifications", operation_id = "markNotificationsRead",
    request_body = MarkRead,
    responses((status = 200, description = "Marked", body = Marked))
)]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    Json(which): Json<MarkRead>,
) -> Result<Json<Marked>, ApiError> {
    mark(&api, &caller, which).await.map(Json)
}

/// Marks notifications; the console uses it too.
pub(crate) async fn mark(api: &Api, caller: &Caller, which: MarkRead) -> Result<Marked, ApiError> {
    if let Some(ids) = &which.ids
        && ids.len() > NAMED
    {
        let message = format!("name at most {NAMED}");
        let error = FieldError::new("ids", ids.len(), message);
        return Err(ApiError::Invalid(vec![error]));
    }
    let reader = &caller.token_id;
    let marked = api.ledger.mark_read(reader, which.ids.as_deref()).await?;
    let unread = api.ledger.unread(reader).await?;
    Ok(Marked { marked, unread })
}
