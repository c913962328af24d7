//! What a delivery carries and where it goes, of the ledger's rows.

use ingot_domain::Instant;
use ingot_domain::notice::{Severity, Topic, sealed_for, unsubscription};
use ingot_entity::store::DeliveryCase;
use ingot_entity::{delivery, notification, receiver};
use ingot_notify::{Hidden, Letter, Parcel, Target};

use crate::case::VisitError;
use crate::tools::Tools;

/// A notification's topic and severity.
pub(super) fn words(row: &notification::Model) -> Result<(Topic, Severity), VisitError> {
    let topic = Topic::parse(&row.topic);
    topic
        .zip(Severity::parse(&row.severity))
        .ok_or_else(|| VisitError::Nonsense(format!("a notification about `{}`", row.topic)))
}

/// Where a receiver's parcels go; the sentence says what is missing.
pub(super) fn target(tools: &Tools, row: &receiver::Model) -> Result<Target, String> {
    let hidden = match &row.sealed {
        None => Hidden::default(),
        Some(sealed) => {
            let place = sealed_for(&row.id);
            let opened = tools.teller.ring.open(&place, sealed);
            let opened = opened.map_err(|error| error.to_string())?;
            serde_json::from_str(opened.reveal())
                .map_err(|_| "its secret does not read back; give it again".to_owned())?
        }
    };
    Target::read(&row.channel, &row.settings, hidden)
}

/// What a delivery carries.
pub(super) fn of(
    tools: &Tools,
    case: &DeliveryCase,
    letters: &[(delivery::Model, notification::Model)],
    digest: Option<Instant>,
) -> Result<Parcel, VisitError> {
    let url = tools.teller.public_url.as_deref();
    let mut told = Vec::with_capacity(letters.len());
    for (_, row) in letters {
        let (topic, severity) = words(row)?;
        told.push(Letter {
            id: row.id.clone(),
            at: row.at,
            topic,
            severity,
            subject: row.subject.clone(),
            message: row.message.clone(),
            facts: serde_json::from_value(row.facts.clone()).unwrap_or_default(),
            link: url.map(|url| link(url, &row.subject)),
        });
    }
    let id = match digest {
        None => case.notification.id.clone(),
        Some(at) => format!("dig_{}_{}", case.receiver.id, at.timestamp()),
    };
    let topic = &case.notification.topic;
    let mark = tools
        .teller
        .ring
        .mark(&unsubscription(&case.receiver.id, topic));
    let unsubscribe = url
        .zip(mark)
        .filter(|_| digest.is_none())
        .map(|(url, mark)| {
            format!(
                "{url}/unsubscribe?receiver={}&type={topic}&mark={mark}",
                case.receiver.id
            )
        });
    Ok(Parcel {
        id,
        letters: told,
        digest: digest.is_some(),
        unsubscribe,
    })
}

/// Where the console shows a subject's story.
fn link(url: &str, subject: &str) -> String {
    let page = match subject.split('_').next() {
        Some("dep") => format!("deployments/{subject}"),
        Some("img") => format!("images/{subject}"),
        Some("upd") => format!("updates/{subject}"),
        Some("fnd") => "findings".to_owned(),
        _ => "notifications".to_owned(),
    };
    format!("{url}/{page}")
}
