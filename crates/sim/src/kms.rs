//! Encryption of volumes: the account's setting, its keys, and which key each object has.
//!
//! Sources: EBS user guide, "Enable EBS encryption by default" (it cannot be switched off for one
//! volume) and "Requirements"; REAL-AWS.md H4. Keys are looked at after the answer: RunInstances
//! succeeds, and the instance dies in its launch.

use std::collections::BTreeMap;

use crate::iam::{self, Caller};
use crate::state::PlaceKey;
use crate::state::images::Device;
use crate::state::instances::Reason;
use crate::wire::query::Params;

/// A customer-managed key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) alias: Option<String>,
    /// Its key policy lets callers make the grants EC2 needs.
    pub(crate) grants: bool,
    pub(crate) enabled: bool,
}

/// Encryption settings and keys of an account in a region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kms {
    /// Every new volume is encrypted, whatever the request says.
    pub(crate) by_default: bool,
    /// The key of volumes without one of their own, as it was named; `aws/ebs` if absent.
    pub(crate) default_key: Option<String>,
    /// By ARN.
    pub(crate) keys: BTreeMap<String, Key>,
    /// ARN of the key of volumes and snapshots, by their id.
    sealed: BTreeMap<String, String>,
}

/// The alias of the key AWS manages; every account has it, and every caller of the account may use it.
pub(crate) const AWS_EBS: &str = "alias/aws/ebs";

impl Kms {
    /// The key an object is encrypted with.
    pub(crate) fn of(&self, id: &str) -> Option<&str> {
        self.sealed.get(id).map(String::as_str)
    }

    pub(crate) fn seal(&mut self, id: &str, arn: &str) {
        self.sealed.insert(id.to_owned(), arn.to_owned());
    }

    /// A snapshot has the key of its volume.
    pub(crate) fn follow(&mut self, from: &str, to: &str) {
        if let Some(arn) = self.sealed.get(from).cloned() {
            self.sealed.insert(to.to_owned(), arn);
        }
    }

    /// The ARN of a key named by id, ARN or alias; of one that does not exist, the ARN it would have.
    pub(crate) fn arn(&self, place: &PlaceKey, named: &str) -> String {
        let start = format!("arn:aws:kms:{}:{}:", place.region, place.account);
        let name = named.strip_prefix(&start).unwrap_or(named);
        if name == AWS_EBS || name == "aws/ebs" {
            let number = crate::seeds::hash(&format!("{}/{}/ebs", place.account, place.region));
            return format!("{start}key/{number:08x}-0000-4000-8000-000000000ebs");
        }
        if name.starts_with("alias/") {
            let mut keys = self.keys.iter();
            let found = keys.find(|(_, key)| key.alias.as_deref() == Some(name));
            return found.map_or_else(|| format!("{start}{name}"), |(arn, _)| arn.clone());
        }
        match name {
            name if name.starts_with("arn:") => name.to_owned(),
            name if name.starts_with("key/") => format!("{start}{name}"),
            name => format!("{start}key/{name}"),
        }
    }

    /// The ARN of the key of volumes that name none.
    pub(crate) fn default_arn(&self, place: &PlaceKey) -> String {
        self.arn(place, self.default_key.as_deref().unwrap_or(AWS_EBS))
    }

    /// Why an instance with a volume under this key dies in its launch: state reason code and
    /// message. `None` if it lives.
    pub(crate) fn fate(&self, place: &PlaceKey, arn: &str, caller: &Caller) -> Option<Reason> {
        if arn == self.arn(place, AWS_EBS) {
            return None;
        }
        let reason = |code: &str, message: &str| Some(Reason::of(&format!("{code}: {message}")));
        match self.keys.get(arn) {
            Some(key) if key.enabled => {
                let asks = iam::key_asks(&place.region, arn);
                let may = key.grants && asks.iter().all(|ask| caller.may(ask));
                if may {
                    None
                } else {
                    reason("Client.InternalError", "Client error on launch")
                }
            }
            Some(_) | None => reason(
                "Client.InvalidKMSKey.InvalidState",
                "The KMS key provided is in an incorrect state",
            ),
        }
    }

    /// The keys of a launch's devices, encrypting them where the account's setting says so.
    pub(crate) fn of_launch(
        &self,
        place: &PlaceKey,
        params: &Params,
        devices: &mut [Device],
    ) -> Vec<Option<String>> {
        let mappings = params.structs("BlockDeviceMapping");
        let mut keys = Vec::new();
        for device in devices {
            device.encrypted |= self.by_default;
            if !device.encrypted {
                keys.push(None);
                continue;
            }
            let own = mappings
                .iter()
                .find(|raw| raw.get("DeviceName") == Some(&device.name));
            let own = own.and_then(|raw| raw.get("Ebs.KmsKeyId"));
            let source = device.snapshot.as_deref().and_then(|id| self.of(id));
            keys.push(Some(match (own, source) {
                (Some(named), _) => self.arn(place, named),
                (None, Some(source)) => source.to_owned(),
                (None, None) => self.default_arn(place),
            }));
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> PlaceKey {
        PlaceKey {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
        }
    }

    fn kms() -> Kms {
        let key = |alias: &str, grants, enabled| Key {
            alias: Some(alias.to_owned()),
            grants,
            enabled,
        };
        let arn = |id: &str| format!("arn:aws:kms:us-east-1:123456789012:key/{id}");
        let keys = [
            (arn("good"), key("alias/good", true, true)),
            (arn("bare"), key("alias/bare", false, true)),
            (arn("off"), key("alias/off", true, false)),
        ];
        Kms {
            keys: BTreeMap::from(keys),
            ..Kms::default()
        }
    }

    #[test]
    fn keys_are_named_in_four_ways() {
        let kms = kms();
        let good = "arn:aws:kms:us-east-1:123456789012:key/good";
        for name in [
            "good",
            "key/good",
            good,
            "alias/good",
            "arn:aws:kms:us-east-1:123456789012:alias/good",
        ] {
            assert_eq!(kms.arn(&place(), name), good, "{name}");
        }
        assert_eq!(kms.arn(&place(), "aws/ebs"), kms.default_arn(&place()));
    }

    #[test]
    fn launches_die_of_keys_that_cannot_be_used() {
        let kms = kms();
        let anyone = Caller::default();
        let table = [
            ("aws/ebs", None),
            ("good", None),
            ("bare", Some("Client.InternalError: Client error on launch")),
            (
                "off",
                Some(
                    "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
                ),
            ),
            (
                "none",
                Some(
                    "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
                ),
            ),
        ];
        for (name, want) in table {
            let fate = kms.fate(&place(), &kms.arn(&place(), name), &anyone);
            assert_eq!(fate.map(|reason| reason.message).as_deref(), want, "{name}");
        }
    }
}
