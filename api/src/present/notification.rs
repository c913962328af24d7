//! Notifications and receivers as the API shows them.

use std::collections::BTreeMap;

use ingot_client::notification::{Delivery, Notification, Preferences, Receiver};
use ingot_domain::Instant;
use ingot_domain::notice::{Topic, Wishes};
use ingot_entity::{delivery, notification, receiver};
use ingot_seal::key_of;

pub(crate) fn notification(row: notification::Model, read_at: Option<Instant>) -> Notification {
    // A topic of a newer version is shown by its word.
    let topic = Topic::parse(&row.topic);
    Notification {
        group: topic.map_or("other", Topic::group).to_owned(),
        title: topic.map_or_else(|| row.topic.replace('_', " "), |one| one.title().to_owned()),
        id: row.id,
        at: row.at,
        topic: row.topic,
        severity: row.severity,
        audience: row.audience,
        subject: row.subject,
        message: row.message,
        facts: serde_json::from_value(row.facts).unwrap_or_default(),
        read_at,
    }
}

pub(crate) fn delivery(row: delivery::Model, names: &BTreeMap<String, String>) -> Delivery {
    Delivery {
        receiver: names
            .get(&row.receiver_id)
            .cloned()
            .unwrap_or(row.receiver_id),
        state: row.state,
        attempts: row.attempts,
        last_at: row.last_at,
        delivered_at: row.delivered_at,
        digest_at: row.digest_at,
        last_error: row.last_error,
    }
}

/// A receiver; `counts` are its waiting and its given up deliveries.
pub(crate) fn receiver(row: receiver::Model, counts: (i64, i64)) -> Receiver {
    let wishes: Wishes = serde_json::from_value(row.wishes).unwrap_or_default();
    let state = match (row.disabled_at, row.failing_since) {
        (Some(_), _) => "disabled",
        (None, Some(_)) => "failing",
        (None, None) => "ok",
    };
    let word = |name: &str| {
        let value = row.settings.get("server")?.get(name)?;
        Some(
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        )
    };
    let server = word("host").map(|host| {
        let (port, security) = (word("port"), word("security"));
        format!(
            "{host}:{} ({})",
            port.unwrap_or_default(),
            security.unwrap_or_default()
        )
    });
    Receiver {
        server,
        id: row.id,
        name: row.name,
        channel: row.channel,
        address: row.address,
        preferences: preferences(&wishes),
        state: state.to_owned(),
        failing_since: row.failing_since,
        paused_until: row.paused_until,
        disabled_reason: row.disabled_reason,
        last_error: row.last_error,
        last_ok_at: row.last_ok_at,
        waiting: counts.0,
        failed: counts.1,
        sealed_under: row.sealed.as_deref().and_then(key_of).map(str::to_owned),
        created_by: row.created_by,
        created_at: row.created_at,
        secret: None,
    }
}

fn preferences(wishes: &Wishes) -> Preferences {
    let words = |topics: &[Topic]| topics.iter().map(Topic::to_string).collect();
    Preferences {
        topics: words(&wishes.topics),
        muted: words(&wishes.muted),
        least: Some(wishes.least.to_string()),
        quiet: wishes.quiet.clone(),
        zone: Some(wishes.zone.clone()),
        digest: wishes.digest.clone(),
    }
}
