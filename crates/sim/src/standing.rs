//! Whether a caller's credentials work here and now: keys that have lapsed, regions that are
//! not opted in.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::wire::call::Service;
use crate::wire::errors::ApiError;

/// What is wrong with credentials, by the word EC2's and STS's errors have for it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A session has ended.
    ExpiredToken,
    /// The request is too old: a clock is wrong, or a session has ended.
    RequestExpired,
    /// The key is unknown, or was deactivated.
    AuthFailure,
    /// The same, by STS's word.
    InvalidClientTokenId,
    /// The account has not subscribed to the service, or not opted in.
    OptInRequired,
}

impl Trouble {
    /// The refusal in each service's own words.
    pub(crate) fn refusal(self, service: Service) -> ApiError {
        let expired = "The security token included in the request is expired";
        let invalid = "The security token included in the request is invalid.";
        let late = "Signature expired: the request is older than 15 minutes";
        let not_subscribed = "You are not subscribed to this service. Please go to \
                              http://aws.amazon.com to subscribe.";
        let (status, code, message) = match (self, service) {
            (Self::OptInRequired, Service::Ec2) => (401, "OptInRequired", not_subscribed),
            (Self::OptInRequired, Service::Sts) => (403, "OptInRequired", not_subscribed),
            (Self::OptInRequired, _) => (400, "OptInRequired", not_subscribed),
            (Self::ExpiredToken | Self::RequestExpired, Service::Ec2) => {
                (400, "RequestExpired", "Request has expired.")
            }
            (Self::ExpiredToken, Service::Sts) => (403, "ExpiredToken", expired),
            (Self::ExpiredToken, _) => (400, "ExpiredTokenException", expired),
            (Self::RequestExpired, Service::Sts) => (403, "SignatureDoesNotMatch", late),
            (Self::RequestExpired, _) => (400, "InvalidSignatureException", late),
            (Self::AuthFailure | Self::InvalidClientTokenId, Service::Ec2) => (
                401,
                "AuthFailure",
                "AWS was not able to validate the provided access credentials",
            ),
            (Self::AuthFailure | Self::InvalidClientTokenId, Service::Sts) => {
                (403, "InvalidClientTokenId", invalid)
            }
            (Self::AuthFailure | Self::InvalidClientTokenId, _) => {
                (400, "UnrecognizedClientException", invalid)
            }
        };
        ApiError::new(status, code, message)
    }
}

#[derive(Clone, Copy, Debug)]
struct Lapse {
    trouble: Trouble,
    /// Simulated; `None` until told otherwise.
    until: Option<Duration>,
}

/// Keys that have lapsed and regions as ordered.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// By access key; `*` is every key.
    lapses: BTreeMap<String, Lapse>,
    /// Whether a region is opted in, where it is not as usual.
    regions: BTreeMap<String, Opt>,
}

/// A region's word in `optInStatus`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum Opt {
    #[serde(rename = "opt-in-not-required")]
    NotRequired,
    #[serde(rename = "opted-in")]
    In,
    #[serde(rename = "not-opted-in")]
    Out,
}

impl Opt {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NotRequired => "opt-in-not-required",
            Self::In => "opted-in",
            Self::Out => "not-opted-in",
        }
    }
}

impl Standing {
    /// Refuses a key that has lapsed, and every key in a region that is not opted in.
    pub(crate) fn check(
        &self,
        access_key: &str,
        region: &str,
        service: Service,
        now: Duration,
    ) -> Result<(), ApiError> {
        let lapse = self.lapses.get(access_key).or_else(|| self.lapses.get("*"));
        let lapse = lapse.filter(|lapse| lapse.until.is_none_or(|until| now < until));
        if let Some(lapse) = lapse {
            return Err(lapse.trouble.refusal(service));
        }
        // A region an account has not enabled does not know the account's keys.
        if self.opt(region) == Opt::Out {
            return Err(Trouble::AuthFailure.refusal(service));
        }
        Ok(())
    }

    /// Lets a key lapse, until a moment or until told otherwise; without a trouble it works again.
    pub(crate) fn lapse(
        &mut self,
        access_key: &str,
        trouble: Option<Trouble>,
        until: Option<Duration>,
    ) {
        match trouble {
            None => {
                self.lapses.remove(access_key);
            }
            Some(trouble) => {
                let lapse = Lapse { trouble, until };
                self.lapses.insert(access_key.to_owned(), lapse);
            }
        }
    }

    /// Whether a region is opted in.
    pub(crate) fn opt(&self, region: &str) -> Opt {
        let usual = if OPT_IN.contains(&region) {
            Opt::Out
        } else {
            Opt::NotRequired
        };
        self.regions.get(region).copied().unwrap_or(usual)
    }

    pub(crate) fn set_opt(&mut self, region: &str, opt: Opt) {
        self.regions.insert(region.to_owned(), opt);
    }
}

/// Regions every account has.
pub(crate) const ENABLED: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Regions an account must opt in to.
pub(crate) const OPT_IN: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_own_words() {
        let table = [
            (Trouble::ExpiredToken, Service::Ec2, 400, "RequestExpired"),
            (Trouble::ExpiredToken, Service::Sts, 403, "ExpiredToken"),
            (
                Trouble::ExpiredToken,
                Service::Ssm,
                400,
                "ExpiredTokenException",
            ),
            (Trouble::RequestExpired, Service::Ec2, 400, "RequestExpired"),
            (
                Trouble::RequestExpired,
                Service::Sts,
                403,
                "SignatureDoesNotMatch",
            ),
            (
                Trouble::RequestExpired,
                Service::Ssm,
                400,
                "InvalidSignatureException",
            ),
            (Trouble::AuthFailure, Service::Ec2, 401, "AuthFailure"),
            (
                Trouble::AuthFailure,
                Service::Sts,
                403,
                "InvalidClientTokenId",
            ),
            (
                Trouble::InvalidClientTokenId,
                Service::Ssm,
                400,
                "UnrecognizedClientException",
            ),
            (
                Trouble::InvalidClientTokenId,
                Service::Quotas,
                400,
                "UnrecognizedClientException",
            ),
            (Trouble::OptInRequired, Service::Ec2, 401, "OptInRequired"),
        ];
        for (trouble, service, status, code) in table {
            let refusal = trouble.refusal(service);
            assert_eq!((refusal.status, refusal.code.as_str()), (status, code));
        }
    }

    #[test]
    fn lapses_end_by_time_or_by_order() {
        let mut standing = Standing::default();
        let seconds = Duration::from_secs;
        let works = |standing: &Standing, key: &str, now| {
            standing
                .check(key, "us-east-1", Service::Ec2, seconds(now))
                .is_ok()
        };
        standing.lapse("A", Some(Trouble::AuthFailure), Some(seconds(100)));
        assert!(!works(&standing, "A", 99) && works(&standing, "A", 100));
        assert!(works(&standing, "B", 99), "another key");
        standing.lapse("*", Some(Trouble::ExpiredToken), None);
        assert!(!works(&standing, "B", 9999));
        standing.lapse("*", None, None);
        assert!(works(&standing, "B", 0));
    }

    #[test]
    fn regions_to_opt_in_to_know_no_key_before() {
        let mut standing = Standing::default();
        let works = |standing: &Standing, region: &str| {
            standing
                .check("A", region, Service::Ec2, Duration::ZERO)
                .is_ok()
        };
        assert!(works(&standing, "us-east-1") && !works(&standing, "af-south-1"));
        standing.set_opt("af-south-1", Opt::In);
        standing.set_opt("us-east-1", Opt::Out);
        assert!(!works(&standing, "us-east-1") && works(&standing, "af-south-1"));
    }
}
