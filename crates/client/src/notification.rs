//! Notifications and their receivers as the API shows and takes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Something people are told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    /// ntf_…
    pub id: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it is about: `deployment_failed`, `security_update_available`, …
    #[serde(rename = "type")]
    pub topic: String,
    /// The types it is one of: `ami-updates`, `budget`, `deployments`, `images`, `findings`, `receivers`.
    pub group: String,
    /// The type, for people.
    pub title: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// Who is meant: `operators`, `instructors`, `owner`.
    pub audience: String,
    /// Whose story it is from.
    pub subject: String,
    /// The sentence.
    pub message: String,
    /// What programs want to know.
    pub facts: BTreeMap<String, String>,
    /// When the token that asks marked it as read.
    pub read_at: Option<DateTime<Utc>>,
}

/// A notification, and how its deliveries stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotificationDetail {
    /// It.
    #[serde(flatten)]
    pub notification: Notification,
    /// One for each receiver that wished to hear of it.
    pub deliveries: Vec<Delivery>,
}

/// One notification on its way to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// The receiver's name.
    pub receiver: String,
    /// `waiting`, `delivered`, `failed` (given up), `dropped` (the receiver was disabled).
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was tried last.
    pub last_at: Option<DateTime<Utc>>,
    /// When the receiver took it.
    pub delivered_at: Option<DateTime<Utc>>,
    /// The digest it waits for.
    pub digest_at: Option<DateTime<Utc>>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
}

/// Which notifications.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationFilter {
    /// Only of this type or group of types, such as `ami-updates`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[param(rename = "type")]
    pub topic: Option<String>,
    /// Only what is not read yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<bool>,
    /// Only of this subject's story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most this many, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Marks notifications as read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRead {
    /// These; the newest thousand that are not read when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 200)]
    pub ids: Option<Vec<String>>,
}

/// What was marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Marked {
    /// How many.
    pub marked: u64,
    /// How many are not read still.
    pub unread: u64,
}

/// What a receiver wishes to hear, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Preferences {
    /// Only these types or groups; all when empty.
    pub topics: Vec<String>,
    /// Not these types or groups.
    pub muted: Vec<String>,
    /// Only what matters at least so much: `info`, `warning`, `critical`; `info` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<String>,
    /// Local times at which only what is critical is sent, as windows: `22:00-07:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<String>,
    /// The time zone of quiet hours and digest; UTC when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The local time of a daily digest, `HH:MM`; what is not critical waits for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Whom or what notifications are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receiver {
    /// rcv_…
    pub id: String,
    /// Its name.
    pub name: String,
    /// `email`, `webhook` or `slack`.
    pub channel: String,
    /// The mailbox, or the host that is posted to; the whole of a URL is a secret.
    pub address: String,
    /// The mail server, for a mailbox.
    pub server: Option<String>,
    /// What it wishes to hear.
    pub preferences: Preferences,
    /// `ok`, `failing` (it takes nothing and is tried now and then) or `disabled`.
    pub state: String,
    /// Since when it fails.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it is tried next.
    pub paused_until: Option<DateTime<Utc>>,
    /// Why it is disabled.
    pub disabled_reason: Option<String>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// When it last took something, to the minute.
    pub last_ok_at: Option<DateTime<Utc>>,
    /// Deliveries that wait.
    pub waiting: i64,
    /// Deliveries that were given up.
    pub failed: i64,
    /// The key its secret is sealed under.
    pub sealed_under: Option<String>,
    /// Who added it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What a webhook's signatures are checked with, in the answer to its creation and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A receiver to be added: an e-mail's `to`, `from` and `server`, or a webhook's or Slack's `url`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReceiver {
    /// A name of its own: letters, digits, `-`, `_` and `.`.
    #[schema(max_length = 60)]
    pub name: String,
    /// `email`, `webhook` or `slack`.
    pub channel: String,
    /// Whom an e-mail is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whom an e-mail is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// `smtps://HOST`, `smtp://HOST:587` (STARTTLS) or, on this computer, `smtp+plain://127.0.0.1:25`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The user at the mail server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's password; sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Where a webhook or Slack message is posted to; sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What a webhook is signed with, `whsec_` and Base64 of 24 to 64 bytes; a new one when absent. Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What it wishes to hear.
    #[serde(default)]
    pub preferences: Preferences,
}

impl std::fmt::Debug for NewReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewReceiver")
            .field("name", &self.name)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// A receiver that is no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}
