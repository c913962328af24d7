//! What is known of AWS accounts: the verdict of each check with its age, denied permissions first.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{AwsCheck, AwsPermission, AwsTrial};

use super::parts::{Badge, Moment};
use super::text;

#[derive(Template)]
#[template(path = "aws.html")]
struct AwsView {
    here: &'static str,
    checks: Vec<Check>,
}

struct Check {
    title: String,
    badge: Badge,
    verdict: String,
    at: Option<Moment>,
    age: String,
    permissions: Vec<Row>,
    facts: Vec<Row>,
    trial: Option<Trial>,
}

/// The last trial launch.
struct Trial {
    badge: Badge,
    said: String,
    at: Option<Moment>,
    age: String,
    calls: Vec<Row>,
}

struct Row {
    name: String,
    badge: Badge,
    text: String,
}

/// The page at `/aws`; `now` is what ages are told by.
pub fn aws_page(checks: &[AwsCheck], now: DateTime<Utc>) -> Result<String, askama::Error> {
    AwsView {
        here: "aws",
        checks: checks.iter().map(|one| check(one, now)).collect(),
    }
    .render()
}

fn check(one: &AwsCheck, now: DateTime<Utc>) -> Check {
    let account = one.account.as_deref().unwrap_or("Account not known");
    let (tone, word) = match one.state.as_str() {
        "asked" => ("waiting", "asked"),
        "failed" => ("bad", "failed"),
        _ if one.denied > 0 => ("bad", "denied"),
        _ => ("good", "allowed"),
    };
    let facts = one.facts.iter().map(|row| Row {
        name: text::plain(&row.name.replace('_', " ")),
        badge: Badge::new(tone_of(&row.bearing), &row.bearing),
        text: text::plain(&row.text),
    });
    Check {
        title: text::plain(&format!("{account} in {}", one.region)),
        badge: Badge::new(tone, word),
        verdict: text::plain(&format!("Verdict: {}.", one.verdict())),
        at: one.done_at.map(Moment::new),
        age: one.done_at.map_or(String::new(), |at| age(now, at)),
        permissions: one.permissions.iter().map(permission).collect(),
        facts: facts.collect(),
        trial: one.trial.as_ref().map(|one| trial(one, now)),
    }
}

fn permission(row: &AwsPermission) -> Row {
    Row {
        name: text::plain(&row.action),
        badge: Badge::new(tone_of(&row.verdict), &row.verdict.replace('_', " ")),
        text: text::plain(&row.reason),
    }
}

fn trial(one: &AwsTrial, now: DateTime<Utc>) -> Trial {
    let (tone, word) = match one.passed {
        true => ("good", "passed"),
        false => ("bad", "failed"),
    };
    let with = match (&one.instance_id, &one.instance_profile) {
        (Some(id), Some(profile)) => format!("{id} with the profile {profile}."),
        (Some(id), None) => format!("{id} without an instance profile."),
        (None, _) => "No instance was launched.".to_owned(),
    };
    let why = one.error.as_deref().unwrap_or_default();
    Trial {
        badge: Badge::new(tone, word),
        said: text::plain(format!("{with} {why}").trim()),
        at: one.launched_at.map(Moment::new),
        age: one.launched_at.map_or(String::new(), |at| age(now, at)),
        calls: one.calls.iter().map(permission).collect(),
    }
}

fn tone_of(word: &str) -> &'static str {
    match word {
        "allowed" | "good" => "good",
        "denied" => "bad",
        "note" => "warned",
        _ => "quiet",
    }
}

/// How long ago, in the largest unit that fits.
fn age(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let minutes = (now - at).num_minutes().max(0);
    let (number, unit) = match minutes {
        0..=119 => (minutes, "minute"),
        120..=2879 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
