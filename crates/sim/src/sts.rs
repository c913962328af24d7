//! STS: who is calling, and roles with a trust check tests can set.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::iam;
use crate::sim::Sim;
use crate::standing::Trouble;
use crate::state::PlaceKey;
use crate::wire::call::{Answer, Content, RawCall, Service};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

/// The account of every access key this STS did not issue.
pub(crate) const DEFAULT_ACCOUNT: &str = "123456789012";

/// What roles demand, as `POST /_sim/sts` sets it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trust {
    /// The external id every role asks for.
    pub(crate) external_id: Option<String>,
    /// Roles that no caller may assume.
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    /// Real seconds a session lasts, whatever the caller asked for.
    pub(crate) session_seconds: Option<u64>,
}

#[derive(Clone, Debug)]
struct Session {
    account: String,
    arn: String,
    /// Real time since the start of the region.
    ends: Duration,
}

/// Issued sessions and the trust they are issued under.
#[derive(Debug, Default)]
pub(crate) struct Sts {
    pub(crate) trust: Trust,
    sessions: HashMap<String, Session>,
}

impl Sts {
    /// The account an access key acts in; refuses sessions that have ended.
    pub(crate) fn account(
        &self,
        access_key: &str,
        service: Service,
        now: Duration,
    ) -> Result<String, ApiError> {
        let Some(session) = self.sessions.get(access_key) else {
            return Ok(DEFAULT_ACCOUNT.to_owned());
        };
        if now < session.ends {
            return Ok(session.account.clone());
        }
        Err(Trouble::ExpiredToken.refusal(service))
    }
}

impl Sts {
    /// The ARN an access key acts as.
    pub(crate) fn arn(&self, access_key: &str, account: &str) -> String {
        let session = self.sessions.get(access_key);
        session.map_or_else(
            || format!("arn:aws:iam::{account}:user/simulated"),
            |session| session.arn.clone(),
        )
    }
}

/// Performs an STS action.
pub(crate) fn perform(
    sim: &Sim,
    raw: &RawCall,
    key: &PlaceKey,
    effects: &mut Vec<String>,
) -> Answer {
    match raw.action.as_str() {
        "GetCallerIdentity" => Ok(Content::Xml(caller_identity(sim, raw, key))),
        "AssumeRole" => assume_role(sim, raw, effects).map(Content::Xml),
        "DecodeAuthorizationMessage" => {
            let encoded = raw.params.need("EncodedMessage")?;
            let wrong = || {
                let message = "Message is not valid";
                ApiError::client("InvalidAuthorizationMessageException", message)
            };
            let mut xml = Xml::default();
            xml.text("DecodedMessage", iam::decode(encoded).ok_or_else(wrong)?);
            Ok(Content::Xml(xml))
        }
        other => {
            let message = format!("Could not find operation {other} for version 2011-06-15");
            Err(ApiError::client("InvalidAction", message))
        }
    }
}

fn caller_identity(sim: &Sim, raw: &RawCall, key: &PlaceKey) -> Xml {
    let mut xml = Xml::default();
    xml.text("Arn", sim.sts().arn(raw.access_key(), &key.account));
    xml.text("UserId", raw.access_key());
    xml.text("Account", &key.account);
    xml
}

fn assume_role(sim: &Sim, raw: &RawCall, effects: &mut Vec<String>) -> Result<Xml, ApiError> {
    let params = &raw.params;
    let role = params.need("RoleArn")?;
    let name = params.need("RoleSessionName")?;
    let (account, role_name) = parse_role(role)?;
    let asked = params.number("DurationSeconds")?.unwrap_or(3600);
    if !(900..=43_200).contains(&asked) {
        let message = format!("DurationSeconds {asked} is not between 900 and 43200");
        return Err(ApiError::client("ValidationError", message));
    }
    let mut sts = sim.sts();
    let wrong_id = sts
        .trust
        .external_id
        .as_deref()
        .is_some_and(|want| params.get("ExternalId") != Some(want));
    if wrong_id || sts.trust.deny.iter().any(|denied| denied == role) {
        let message = format!(
            "User: arn:aws:iam::{DEFAULT_ACCOUNT}:user/simulated is not authorized to \
             perform: sts:AssumeRole on resource: {role}"
        );
        return Err(ApiError::new(403, "AccessDenied", message));
    }
    let seconds = sts.trust.session_seconds.unwrap_or(asked);
    let unique = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    let access_key = format!("ASIA{}", &unique[..16]);
    let arn = format!("arn:aws:sts::{account}:assumed-role/{role_name}/{name}");
    let session = Session {
        account,
        arn: arn.clone(),
        ends: sim.clock.real() + Duration::from_secs(seconds),
    };
    sts.sessions.insert(access_key.clone(), session);
    effects.push(access_key.clone());
    let mut xml = Xml::default();
    xml.el("Credentials", |xml| {
        xml.text("AccessKeyId", &access_key);
        xml.text("SecretAccessKey", format!("simulated{unique}"));
        xml.text("SessionToken", format!("simulated-session-{unique}"));
        xml.text("Expiration", sim.clock.wall_in(seconds));
    });
    xml.el("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", format!("AROASIMULATED:{name}"));
        xml.text("Arn", &arn);
    });
    Ok(xml)
}

/// Account and name of `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
fn parse_role(arn: &str) -> Result<(String, String), ApiError> {
    let wrong = || ApiError::client("ValidationError", format!("{arn} is invalid"));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
        return Err(wrong());
    };
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let path = resource.strip_prefix("role/").ok_or_else(wrong)?;
    let name = path.rsplit('/').next().unwrap_or_default();
    if !partition.starts_with("aws") || !digits || name.is_empty() {
        return Err(wrong());
    }
    Ok(((*account).to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_arns_parse_or_are_refused() {
        let table = [
            (
                "arn:aws:iam::444455556666:role/builder",
                Some(("444455556666", "builder")),
            ),
            (
                "arn:aws:iam::444455556666:role/a/b/builder",
                Some(("444455556666", "builder")),
            ),
            ("arn:aws:iam::444455556666:user/builder", None),
            ("arn:aws:iam::4444:role/builder", None),
            ("arn:aws:iam::444455556666:role/", None),
            ("nonsense", None),
        ];
        for (arn, want) in table {
            let got = parse_role(arn).ok();
            let got = got
                .as_ref()
                .map(|(account, name)| (account.as_str(), name.as_str()));
            assert_eq!(got, want, "{arn}");
        }
    }
}
