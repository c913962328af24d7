//! Webhooks: Standard Webhooks (<https://www.standardwebhooks.com>), signed so that a receiver knows who speaks, and Slack's
//! incoming webhooks.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use ingot_domain::Instant;
use ingot_domain::notice::Answer;
use ingot_outbound::{Post, Posted};
use ingot_seal::Secret;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{ATTEMPT, Letter, Parcel, text, troubled};

/// The longest body; a digest leaves out what does not fit, and says how many.
const LONGEST: usize = 64 * 1024;

pub(crate) async fn standard(
    post: &Post,
    url: &Secret,
    secret: &Secret,
    parcel: &Parcel,
    now: Instant,
) -> Answer {
    let body = payload(parcel);
    let stamp = now.timestamp().to_string();
    let Some(signature) = signed(secret.reveal(), &parcel.id, &stamp, &body) else {
        let why = "its signing secret is not `whsec_` and Base64; remove it and add it again";
        return Answer::Unfit(why.to_owned());
    };
    let headers = [
        ("webhook-id", parcel.id.clone()),
        ("webhook-timestamp", stamp),
        ("webhook-signature", signature),
    ];
    answered(post.post(url.reveal(), &headers, body, ATTEMPT).await)
}

pub(crate) async fn slack(post: &Post, url: &Secret, parcel: &Parcel) -> Answer {
    let body = json!({ "text": text::slack(parcel) }).to_string();
    answered(
        post.post(url.reveal(), &[], body.into_bytes(), ATTEMPT)
            .await,
    )
}

/// `v1,` and the HMAC of id, time and body.
fn signed(secret: &str, id: &str, stamp: &str, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{stamp}.").as_bytes());
    mac.update(body);
    let mark = STANDARD.encode(mac.finalize().into_bytes());
    Some(format!("v1,{mark}"))
}

fn payload(parcel: &Parcel) -> Vec<u8> {
    if let (false, [letter]) = (parcel.digest, parcel.letters.as_slice()) {
        let body = json!({
            "type": letter.topic.as_str(),
            "timestamp": stamp(letter),
            "data": data(letter),
        });
        return body.to_string().into_bytes();
    }
    let (mut taken, mut length) = (Vec::new(), 200);
    for letter in &parcel.letters {
        let one = json!({
            "type": letter.topic.as_str(),
            "timestamp": stamp(letter),
            "data": data(letter),
        });
        length += one.to_string().len() + 1;
        if length > LONGEST {
            break;
        }
        taken.push(one);
    }
    let left_out = parcel.letters.len() - taken.len();
    let last = parcel.letters.last().map(stamp);
    let body = json!({
        "type": "digest",
        "timestamp": last,
        "data": { "notifications": taken, "left_out": left_out },
    });
    body.to_string().into_bytes()
}

fn stamp(letter: &Letter) -> String {
    letter
        .at
        .to_rfc3339_opts(ingot_domain::notice::SECONDS, true)
}

fn data(letter: &Letter) -> Value {
    json!({
        "id": letter.id,
        "severity": letter.severity.as_str(),
        "title": letter.topic.title(),
        "message": letter.message,
        "subject": letter.subject,
        "facts": letter.facts,
        "url": letter.link,
    })
}

/// What an answer means (FAULTS F38).
fn answered(posted: Result<Posted, ingot_outbound::Trouble>) -> Answer {
    let posted = match posted {
        Ok(posted) => posted,
        Err(trouble) => return troubled(&trouble),
    };
    let body = posted.body.trim();
    let why = match body.is_empty() {
        true => format!("it answered {}", posted.status),
        false => format!("it answered {}: {body}", posted.status),
    };
    let asked = posted.retry_after.as_deref();
    let after = asked
        .and_then(|text| text.trim().parse().ok())
        .map(Duration::from_secs);
    match posted.status {
        200..=299 => Answer::Taken,
        410 => Answer::Gone(why),
        429 => Answer::Busy { why, after },
        503 if after.is_some() => Answer::Busy { why, after },
        300..=399 => Answer::Refused(format!(
            "it answered {} and redirects, which is not followed: give the address that it leads to",
            posted.status
        )),
        408 | 425 | 500..=599 => Answer::Down(why),
        _ => Answer::Refused(why),
    }
}

#[cfg(test)]
mod tests {
    use ingot_domain::notice::{Severity, Topic};

    use super::*;

    pub(crate) fn letter() -> Letter {
        Letter {
            id: "ntf_1".to_owned(),
            at: "2026-11-28T12:00:00Z".parse().expect("an instant"),
            topic: Topic::DeploymentFailed,
            severity: Severity::Warning,
            subject: "dep_1".to_owned(),
            message: "✗ Deployment failed".to_owned(),
            facts: [("template".to_owned(), "kamiwaza".to_owned())].into(),
            link: None,
        }
    }

    /// The example of the specification's own documentation.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let signature = signed(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        let known = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature.as_deref(), Some(known));
        assert_eq!(signed("secret", "a", "1", b""), None);
    }

    #[test]
    fn answers_mean_what_the_table_says() {
        let of = |status, retry_after: Option<&str>| {
            answered(Ok(Posted {
                status,
                retry_after: retry_after.map(str::to_owned),
                body: String::new(),
            }))
        };
        assert_eq!(of(204, None), Answer::Taken);
        assert!(matches!(of(410, None), Answer::Gone(_)));
        for status in [400, 401, 404, 413, 301, 302, 307] {
            assert!(matches!(of(status, None), Answer::Refused(_)), "{status}");
        }
        for status in [408, 500, 502, 503] {
            assert!(matches!(of(status, None), Answer::Down(_)), "{status}");
        }
        let half = Some(Duration::from_secs(30));
        for (status, asked, expected) in [
            (429, Some("30"), half),
            (503, Some("30"), half),
            (429, None, None),
            (429, Some("Wed, 21 Oct 2026 07:28:00 GMT"), None),
        ] {
            let Answer::Busy { after, .. } = of(status, asked) else {
                panic!("{status} is busy");
            };
            assert_eq!(after, expected);
        }
    }

    #[test]
    fn a_digest_stays_below_its_bound_and_says_what_it_leaves_out() {
        let long = Letter {
            message: "x".repeat(900),
            ..letter()
        };
        let parcel = Parcel {
            id: "dig_1".to_owned(),
            letters: vec![long; 200],
            digest: true,
            unsubscribe: None,
        };
        let body = payload(&parcel);
        assert!(body.len() <= LONGEST, "{}", body.len());
        let read: Value = serde_json::from_slice(&body).expect("JSON");
        let shown = read["data"]["notifications"].as_array().expect("a list");
        let left_out = read["data"]["left_out"].as_u64().expect("a count");
        assert_eq!(shown.len() as u64 + left_out, 200);
        assert!(left_out > 0);
    }
}
