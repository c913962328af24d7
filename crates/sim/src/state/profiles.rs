//! Instance profiles: every plain name exists, unless an order says otherwise.
//!
//! IAM is eventually consistent with EC2: a profile just made is refused for a while
//! (REAL-AWS M6), which is why an order may end by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// What is wrong with a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// EC2 does not know it, or not yet.
    Missing,
    /// It holds no role yet.
    NoRole,
}

/// Defects of an account by name, each until a moment of simulated time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profiles(pub(crate) BTreeMap<String, (Defect, Duration)>);

impl Profiles {
    /// The ARN of the profile a launch names, or EC2's refusal.
    pub(crate) fn read(
        &self,
        params: &Params,
        account: &str,
        now: Duration,
    ) -> Result<Option<String>, ApiError> {
        let profile = params.sub("IamInstanceProfile");
        let (name, arn, field) = match (profile.get("Name"), profile.get("Arn")) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let message = "The parameter 'iamInstanceProfile.name' may not be used in \
                               combination with 'iamInstanceProfile.arn'";
                return Err(ApiError::client("InvalidParameterCombination", message));
            }
            (Some(name), None) => {
                let arn = format!("arn:aws:iam::{account}:instance-profile/{name}");
                (name, arn, "name")
            }
            (None, Some(arn)) => {
                let prefix = format!("arn:aws:iam::{account}:instance-profile/");
                let path = arn.strip_prefix(&prefix).ok_or_else(|| wrong(arn, "arn"))?;
                (
                    path.rsplit('/').next().unwrap_or(path),
                    arn.to_owned(),
                    "arn",
                )
            }
        };
        let given = profile.get("Arn").unwrap_or(name);
        if !plain(name) {
            return Err(wrong(given, field));
        }
        match self.0.get(name).filter(|(_, until)| now < *until) {
            None => Ok(Some(arn)),
            Some((Defect::Missing, _)) => Err(wrong(given, field)),
            Some((Defect::NoRole, _)) => {
                let message = format!("IAM Instance Profile \"{arn}\" has no associated IAM Roles");
                Err(ApiError::invalid(message))
            }
        }
    }
}

fn wrong(given: &str, field: &str) -> ApiError {
    let word = if field == "arn" { "ARN" } else { "name" };
    ApiError::invalid(format!(
        "Value ({given}) for parameter iamInstanceProfile.{field} is invalid. \
         Invalid IAM Instance Profile {word}"
    ))
}

/// IAM's alphabet of names.
fn plain(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    (1..=128).contains(&name.len()) && name.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_named_or_given_by_arn_never_mixed_up() {
        let mut profiles = Profiles::default();
        let until = Duration::from_secs(60);
        profiles
            .0
            .insert("young".to_owned(), (Defect::Missing, until));
        profiles
            .0
            .insert("bare".to_owned(), (Defect::NoRole, Duration::MAX));
        let arn = "arn:aws:iam::1:instance-profile/web";
        let table = [
            ("IamInstanceProfile.Name=web".to_owned(), 0, Ok(Some(arn))),
            (format!("IamInstanceProfile.Arn={arn}"), 0, Ok(Some(arn))),
            (String::new(), 0, Ok(None)),
            (
                format!("IamInstanceProfile.Name={arn}"),
                0,
                Err("InvalidParameterValue"),
            ),
            (
                "IamInstanceProfile.Arn=web".to_owned(),
                0,
                Err("InvalidParameterValue"),
            ),
            (
                "IamInstanceProfile.Name=a b".to_owned(),
                0,
                Err("InvalidParameterValue"),
            ),
            (
                "IamInstanceProfile.Name=young".to_owned(),
                59,
                Err("InvalidParameterValue"),
            ),
            (
                "IamInstanceProfile.Name=bare".to_owned(),
                9999,
                Err("InvalidParameterValue"),
            ),
            (
                format!("IamInstanceProfile.Name=web&IamInstanceProfile.Arn={arn}"),
                0,
                Err("InvalidParameterCombination"),
            ),
        ];
        for (body, seconds, want) in table {
            let got = profiles.read(&Params::parse(&body), "1", Duration::from_secs(seconds));
            let got = got.map_err(|error| error.code);
            assert_eq!(
                got,
                want.map(|arn| arn.map(str::to_owned))
                    .map_err(str::to_owned),
                "{body}"
            );
        }
        let young = Params::parse("IamInstanceProfile.Name=young");
        assert!(
            profiles.read(&young, "1", until).is_ok(),
            "IAM has caught up"
        );
    }
}
