//! A receiver as a person gives it: every field read and refused before anything is stored or sealed.

use ingot_client::notification::{NewReceiver, Preferences};
use ingot_domain::field::{FieldError, shown};
use ingot_domain::notice::{
    Channel, Severity, Smtp, Topic, Wishes, mailbox, posted_to, receiver_name,
};
use ingot_seal::{new_secret, secret_bytes};
use serde_json::{Value, json};

use crate::routes::notifications::topics;

/// A receiver that can be stored.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) channel: Channel,
    pub(super) address: String,
    pub(super) settings: Value,
    /// What is sealed.
    pub(super) hidden: Option<Value>,
    /// A webhook's signing secret, to be shown once.
    pub(super) secret: Option<String>,
    pub(super) wishes: Wishes,
}

/// Reads a receiver, or says everything that is wrong with it. A secret is not repeated.
pub(super) fn read(new: &NewReceiver) -> Result<Given, Vec<FieldError>> {
    let mut wrong = Vec::new();
    wrong.extend(receiver_name("name", &new.name).err());
    let wishes = wishes(&new.preferences).unwrap_or_else(|errors| {
        wrong.extend(errors);
        Wishes::default()
    });
    let Some(channel) = Channel::parse(&new.channel) else {
        let why = "choose email, webhook or slack";
        wrong.push(FieldError::new("channel", shown(&new.channel), why));
        return Err(wrong);
    };
    let email = channel == Channel::Email;
    for (field, given, fits) in [
        ("to", new.to.is_some(), email),
        ("from", new.from.is_some(), email),
        ("server", new.server.is_some(), email),
        ("user", new.user.is_some(), email),
        ("password", new.password.is_some(), email),
        ("url", new.url.is_some(), !email),
        ("secret", new.secret.is_some(), channel == Channel::Webhook),
    ] {
        if given && !fits {
            let why = format!("leave it out: a receiver of channel {channel} has none");
            wrong.push(FieldError::new(field, "…", why));
        }
    }
    let given = match channel {
        Channel::Email => mail(new, wishes, &mut wrong),
        _ => posted(new, channel, wishes, &mut wrong),
    };
    match given {
        Some(given) if wrong.is_empty() => Ok(given),
        _ => Err(wrong),
    }
}

fn mail(new: &NewReceiver, wishes: Wishes, wrong: &mut Vec<FieldError>) -> Option<Given> {
    let mut needed = |field: &str, value: &Option<String>| {
        if value.is_none() {
            let why = "an e-mail receiver needs it";
            wrong.push(FieldError::new(field, "", why));
        }
        value.clone()
    };
    let (to, from) = (needed("to", &new.to), needed("from", &new.from));
    let server = needed("server", &new.server);
    for (field, value) in [("to", &to), ("from", &from)] {
        let error = value.as_ref().and_then(|text| mailbox(field, text).err());
        wrong.extend(error);
    }
    let server =
        server.and_then(|text| Smtp::parse(&text).map_err(|error| wrong.push(error)).ok())?;
    if new.user.is_some() != new.password.is_some() {
        let why = "give the user and the password, or neither";
        wrong.push(FieldError::new("user", "…", why));
    }
    let address = to.clone()?;
    Some(Given {
        channel: Channel::Email,
        settings: json!({ "to": to, "from": from?, "server": server, "user": new.user }),
        address,
        hidden: new
            .password
            .as_ref()
            .map(|password| json!({ "password": password })),
        secret: None,
        wishes,
    })
}

fn posted(
    new: &NewReceiver,
    channel: Channel,
    wishes: Wishes,
    wrong: &mut Vec<FieldError>,
) -> Option<Given> {
    let Some(url) = &new.url else {
        let why = "give the address that is posted to";
        wrong.push(FieldError::new("url", "", why));
        return None;
    };
    let address = posted_to(url).map_err(|error| wrong.push(error)).ok()?;
    let secret = match (channel, &new.secret) {
        (Channel::Webhook, Some(secret)) => {
            if !secret_bytes(secret).is_some_and(|bytes| (24..=64).contains(&bytes)) {
                let why = "write it as `whsec_` and Base64 of 24 to 64 bytes, or leave it out for a new one";
                wrong.push(FieldError::new("secret", "…", why));
            }
            Some(secret.clone())
        }
        (Channel::Webhook, None) => Some(new_secret()),
        _ => None,
    };
    Some(Given {
        channel,
        address,
        settings: json!({}),
        hidden: Some(json!({ "url": url, "secret": secret })),
        secret,
        wishes,
    })
}

/// Reads preferences.
pub(super) fn wishes(given: &Preferences) -> Result<Wishes, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let mut named = |field: &str, words: &[String]| {
        let mut all: Vec<Topic> = Vec::new();
        for word in words {
            match topics(field, word) {
                Ok(topics) => all.extend(topics),
                Err(error) => wrong.push(error),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    };
    let (topics, muted) = (
        named("preferences.topics", &given.topics),
        named("preferences.muted", &given.muted),
    );
    let least = match given.least.as_deref() {
        None => Severity::Info,
        Some(word) => Severity::parse(word).unwrap_or_else(|| {
            let why = "choose info, warning or critical";
            wrong.push(FieldError::new("preferences.least", shown(word), why));
            Severity::Info
        }),
    };
    let wishes = Wishes {
        topics,
        muted,
        least,
        quiet: given.quiet.clone(),
        zone: given.zone.clone().unwrap_or_else(|| "UTC".to_owned()),
        digest: given.digest.clone(),
    };
    wrong.extend(wishes.check().err());
    match wrong.is_empty() {
        true => Ok(wishes),
        false => Err(wrong),
    }
}
