//! Telling people and programs: the texts of notifications, and the ways they travel: SMTP, Standard Webhooks, Slack's
//! incoming webhooks. One call is one attempt, bounded in time; what follows from its answer is `domain::notice::due`.

mod blank;
mod mail;
mod post;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ingot_domain::Instant;
use ingot_domain::notice::{Answer, Severity, Smtp, Topic};
use ingot_outbound::{Post, Trouble};
use ingot_seal::Secret;
use serde::{Deserialize, Serialize};

/// The longest an attempt may take.
pub const ATTEMPT: Duration = Duration::from_secs(12);

/// One notification, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its id, the same at every attempt.
    pub id: String,
    /// When it happened.
    pub at: Instant,
    /// What it is about.
    pub topic: Topic,
    /// How much it matters.
    pub severity: Severity,
    /// Whose story it is from.
    pub subject: String,
    /// The sentence.
    pub message: String,
    /// What programs want to know.
    pub facts: BTreeMap<String, String>,
    /// Where the console shows it, if the console's address is known.
    pub link: Option<String>,
}

/// What one delivery carries: a notification, or a digest of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// What the receiver tells a repetition by.
    pub id: String,
    /// One, or the letters of a digest.
    pub letters: Vec<Letter>,
    /// Whether it is a digest, which may be of one.
    pub digest: bool,
    /// Where its type is unsubscribed from.
    pub unsubscribe: Option<String>,
}

/// What is secret about a receiver; stored as sealed JSON.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hidden {
    /// Where a webhook is posted to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What a Standard Webhook is signed with: `whsec_` and Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The mail server's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// A mailbox and the server that takes mail for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Whom it is for.
    pub to: String,
    /// Whom it is from.
    pub from: String,
    /// The server.
    pub server: Smtp,
    /// The user at the server, if it wants one.
    #[serde(default)]
    pub user: Option<String>,
}

/// Where a parcel goes.
#[derive(Debug, Clone)]
pub enum Target {
    /// A mailbox.
    Email(Mailbox, Option<Secret>),
    /// A program.
    Webhook {
        /// Its address.
        url: Secret,
        /// What it checks signatures with.
        secret: Secret,
    },
    /// Slack, or what takes its messages.
    Slack {
        /// Its address.
        url: Secret,
    },
}

/// Sends parcels. Cheap to clone; keeps connections.
#[derive(Debug, Clone)]
pub struct Sender {
    post: Arc<Post>,
    mail: Arc<mail::Mail>,
}

impl Sender {
    /// A sender through this door.
    pub fn new(post: Post) -> Self {
        Self {
            post: Arc::new(post),
            mail: Arc::default(),
        }
    }

    /// One attempt. What it says repeats nothing secret of the target.
    pub async fn send(&self, target: &Target, parcel: &Parcel, now: Instant) -> Answer {
        let attempt = async {
            match target {
                Target::Email(mailbox, password) => {
                    self.mail
                        .send(&self.post, mailbox, password.as_ref(), parcel)
                        .await
                }
                Target::Webhook { url, secret } => {
                    post::standard(&self.post, url, secret, parcel, now).await
                }
                Target::Slack { url } => post::slack(&self.post, url, parcel).await,
            }
        };
        match tokio::time::timeout(ATTEMPT, attempt).await {
            // The one place through which everything goes that a host said.
            Ok(answer) => blank::answer(target, answer),
            Err(_) => Answer::Down(format!("it did not answer within {} s", ATTEMPT.as_secs())),
        }
    }
}

/// What trouble on the way means.
fn troubled(trouble: &Trouble) -> Answer {
    let why = trouble.to_string();
    match trouble {
        Trouble::NotHttps(_)
        | Trouble::Host(_)
        | Trouble::Inward { .. }
        | Trouble::Redirect(_)
        | Trouble::Setup(_) => Answer::Unfit(why),
        _ => Answer::Down(why),
    }
}

impl Target {
    /// Where a receiver's row says that its parcels go.
    pub fn read(
        channel: &str,
        settings: &serde_json::Value,
        hidden: Hidden,
    ) -> Result<Self, String> {
        let secret = |value: Option<String>, what: &str| {
            value
                .map(Secret::new)
                .ok_or_else(|| format!("its {what} is missing; remove it and add it again"))
        };
        match channel {
            "email" => {
                let mailbox = serde_json::from_value(settings.clone());
                let mailbox =
                    mailbox.map_err(|error| format!("its settings do not read back: {error}"))?;
                Ok(Self::Email(mailbox, hidden.password.map(Secret::new)))
            }
            "webhook" => Ok(Self::Webhook {
                url: secret(hidden.url, "address")?,
                secret: secret(hidden.secret, "signing secret")?,
            }),
            "slack" => Ok(Self::Slack {
                url: secret(hidden.url, "address")?,
            }),
            other => Err(format!("this version knows no channel `{other}`")),
        }
    }
}
