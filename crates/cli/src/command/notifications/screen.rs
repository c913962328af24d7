//! The screens of `ingot notifications`: the Prism document's list, and receivers.

use ingot_client::Page;
use ingot_client::notification::{Notification, NotificationDetail, Receiver};
use ingot_domain::Instant;
use ingot_domain::wait::span;

use crate::output::grid::{Cell, Column, grid};
use crate::output::{clean, or_dash, pairs, table, time, time_or_dash};

/// The list, as the document draws it.
pub(super) fn list(page: &Page<Notification>, group: Option<&str>, now: Instant) -> String {
    if page.items.is_empty() {
        return String::new();
    }
    let of = group.map_or(String::new(), |group| {
        format!("{} ", clean(group).replace(['-', '_'], " ").to_uppercase())
    });
    let head = match of.as_str() {
        "AMI UPDATES " => "AMI UPDATE NOTIFICATIONS".to_owned(),
        of => format!("{of}NOTIFICATIONS"),
    };
    let mut text = head;
    for one in &page.items {
        let mark = match one.severity.as_str() {
            "info" => "✓ ",
            _ => "⚠️ ",
        };
        let age = (now - one.at).to_std().unwrap_or_default();
        let new = if one.read_at.is_none() { "" } else { ", read" };
        text.push_str(&format!(
            "\n\n{mark} {} ({} ago{new})\n    {}",
            clean(&one.title),
            span(age),
            clean(&one.message)
        ));
        for (name, value) in &one.facts {
            text.push_str(&format!("\n    {}: {}", label(name), fact(name, value)));
        }
        if one.topic == "security_update_available" {
            text.push_str("\n    Evidence: ingot base-images update ");
            text.push_str(&clean(&one.subject));
        }
        text.push_str(&format!("\n    {}", clean(&one.id)));
    }
    text
}

/// `base_image` as `Base image`.
fn label(name: &str) -> String {
    let plain = clean(name).replace('_', " ");
    let mut letters = plain.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn fact(name: &str, value: &str) -> String {
    match name {
        "security_level" => clean(value).to_uppercase(),
        _ => clean(value),
    }
}

/// One notification and its deliveries.
pub(super) fn detail(one: &NotificationDetail) -> String {
    let told = &one.notification;
    let mut rows = vec![
        ("id", clean(&told.id)),
        ("type", clean(&told.topic)),
        ("severity", clean(&told.severity)),
        ("at", time(&told.at)),
        ("story", clean(&told.subject)),
        ("message", clean(&told.message)),
        ("read", time_or_dash(&told.read_at)),
    ];
    let facts: Vec<String> = told
        .facts
        .iter()
        .map(|(name, value)| format!("{}: {}", label(name), fact(name, value)))
        .collect();
    if !facts.is_empty() {
        rows.push(("facts", facts.join("; ")));
    }
    let mut text = pairs(rows);
    if !one.deliveries.is_empty() {
        text.push_str("\n\n");
        text.push_str(&deliveries(one));
    }
    text
}

fn deliveries(one: &NotificationDetail) -> String {
    let head = ["receiver", "state", "attempts", "last", "error"];
    table(
        head,
        one.deliveries.iter().map(|one| {
            [
                clean(&one.receiver),
                clean(&one.state),
                one.attempts.to_string(),
                time_or_dash(&one.last_at),
                or_dash(&one.last_error),
            ]
        }),
    )
}

/// How a test went.
pub(super) fn tested(one: &NotificationDetail) -> String {
    let said = one.deliveries.iter().map(|delivery| {
        let name = clean(&delivery.receiver);
        let why = or_dash(&delivery.last_error);
        match (delivery.state.as_str(), delivery.attempts) {
            ("delivered", _) => format!("✓ {name} took it"),
            ("waiting", 0) => format!(
                "{name} was not tried yet: no worker is free, or the receiver is paused; `ingot notifications show {}` tells",
                clean(&one.notification.id)
            ),
            ("waiting", _) => format!("✗ {name} did not take it and is tried again: {why}"),
            _ => format!("✗ {name} did not take it: {why}"),
        }
    });
    said.collect::<Vec<_>>().join("\n")
}

/// The receivers.
pub(super) fn receivers(page: &Page<Receiver>) -> String {
    let columns: [Column; 7] = [
        ("name", Cell::Text, 1),
        ("channel", Cell::Text, 1),
        ("address", Cell::Text, 2),
        ("state", Cell::State, 1),
        ("waiting", Cell::Whole, 3),
        ("last taken", Cell::Whole, 3),
        ("last error", Cell::Text, 4),
    ];
    grid(
        &columns,
        page.items.iter().map(|one| {
            [
                clean(&one.name),
                clean(&one.channel),
                clean(&one.address),
                clean(&one.state),
                one.waiting.to_string(),
                time_or_dash(&one.last_ok_at),
                or_dash(&one.last_error),
            ]
        }),
    )
}

/// One receiver.
pub(super) fn receiver(one: &Receiver) -> String {
    let wishes = &one.preferences;
    let all = |words: &[String], none: &str| match words {
        [] => none.to_owned(),
        words => clean(&words.join(", ")),
    };
    let mut rows = vec![
        ("name", clean(&one.name)),
        ("id", clean(&one.id)),
        ("channel", clean(&one.channel)),
        ("address", clean(&one.address)),
    ];
    if one.server.is_some() {
        rows.push(("server", or_dash(&one.server)));
    }
    rows.extend([
        ("state", clean(&one.state)),
        ("types", all(&wishes.topics, "all")),
        ("muted", all(&wishes.muted, "none")),
        ("least", or_dash(&wishes.least)),
        ("quiet hours", or_dash(&wishes.quiet)),
        ("digest", or_dash(&wishes.digest)),
        ("time zone", or_dash(&wishes.zone)),
        ("waiting", one.waiting.to_string()),
        ("given up", one.failed.to_string()),
        ("last taken", time_or_dash(&one.last_ok_at)),
        ("failing since", time_or_dash(&one.failing_since)),
        ("tried next", time_or_dash(&one.paused_until)),
        ("last error", or_dash(&one.last_error)),
    ]);
    if one.disabled_reason.is_some() {
        rows.push(("disabled", or_dash(&one.disabled_reason)));
    }
    rows.push(("sealed under", or_dash(&one.sealed_under)));
    pairs(rows)
}

/// One that was added, with the secret that is shown once.
pub(super) fn added(one: &Receiver) -> String {
    let mut text = receiver(one);
    if let Some(secret) = &one.secret {
        text.push_str(&format!(
            "\n\nThis is the only time the signing secret is shown:\n{}",
            clean(secret)
        ));
    }
    let name = clean(&one.name);
    text.push_str(&format!("\n\nTry it: ingot notifications test {name}"));
    text
}
