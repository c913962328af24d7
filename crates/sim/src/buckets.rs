//! Request throttling: one token bucket per account, region and action (EC2.md 33).

use std::collections::HashMap;
use std::time::Duration;

use crate::wire::errors::ApiError;

/// Capacity and refill per real second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Size {
    capacity: f64,
    refill: f64,
}

const fn size(capacity: f64, refill: f64) -> Size {
    Size { capacity, refill }
}

/// The bucket of an action; the numbers are those of EC2.md 33.
fn request_bucket(action: &str, wide: bool) -> Size {
    match action {
        "RunInstances" | "StartInstances" | "EnableFastLaunch" => size(5.0, 2.0),
        "CopyImage" => size(100.0, 1.0),
        "CreateTags" => size(100.0, 10.0),
        "TerminateInstances"
        | "DeregisterImage"
        | "CreateSnapshot"
        | "DeleteSnapshot"
        | "ModifyImageAttribute"
        | "CreateLaunchTemplateVersion" => size(100.0, 5.0),
        "DescribeInstances" | "DescribeSnapshots" | "DescribeVolumes" if wide => size(50.0, 10.0),
        _ if reads(action) => size(100.0, 20.0),
        // Other mutating calls, and the resource-intensive class, which has the same numbers.
        _ => size(50.0, 5.0),
    }
}

/// The second bucket of calls that make or end many things at once.
fn resource_bucket(action: &str) -> Option<Size> {
    match action {
        "RunInstances" => Some(size(1000.0, 2.0)),
        "TerminateInstances" => Some(size(1000.0, 20.0)),
        _ => None,
    }
}

fn reads(action: &str) -> bool {
    ["Describe", "Get", "List"]
        .iter()
        .any(|verb| action.starts_with(verb))
}

#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    at: Duration,
}

/// What one call takes out of its buckets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) action: &'a str,
    /// Neither filtered nor paged nor by id: such reads have a smaller bucket.
    pub(crate) wide: bool,
    /// How many instances the call starts or ends.
    pub(crate) resources: u64,
}

/// All buckets of a region server; full at first use.
#[derive(Debug, Default)]
pub(crate) struct Buckets(HashMap<String, Level>);

impl Buckets {
    /// Takes one call at the real time `now`, or refuses it with `RequestLimitExceeded`,
    /// which the field sees as HTTP 503 (EC2.md 34).
    pub(crate) fn take(&mut self, draw: Draw<'_>, now: Duration) -> Result<(), ApiError> {
        let Draw {
            account,
            region,
            action,
            wide,
            resources,
        } = draw;
        let class = if wide { "wide" } else { "requests" };
        let requests = format!("{account}/{region}/{action}/{class}");
        let mut allowed = self.draw(&requests, request_bucket(action, wide), 1.0, now);
        if let Some(size) = resource_bucket(action).filter(|_| allowed) {
            let key = format!("{account}/{region}/{action}/resources");
            allowed = self.draw(&key, size, resources as f64, now);
        }
        if allowed {
            return Ok(());
        }
        Err(ApiError::new(
            503,
            "RequestLimitExceeded",
            "Request limit exceeded.",
        ))
    }

    fn draw(&mut self, key: &str, size: Size, amount: f64, now: Duration) -> bool {
        let level = self.0.entry(key.to_owned()).or_insert(Level {
            tokens: size.capacity,
            at: now,
        });
        let waited = now.saturating_sub(level.at).as_secs_f64();
        level.tokens = (level.tokens + waited * size.refill).min(size.capacity);
        level.at = now;
        if level.tokens < amount {
            return false;
        }
        level.tokens -= amount;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(action: &str) -> Draw<'_> {
        Draw {
            account: "1",
            region: "r",
            action,
            wide: false,
            resources: 1,
        }
    }

    #[test]
    fn capacities_are_those_of_the_table() {
        let table = [
            ("RunInstances", 5),
            ("StartInstances", 5),
            ("CopyImage", 100),
            ("CreateImage", 50),
            ("CreateTags", 100),
            ("DeregisterImage", 100),
            ("DescribeImages", 100),
            ("AuthorizeSecurityGroupIngress", 50),
        ];
        for (action, capacity) in table {
            let mut buckets = Buckets::default();
            let passed = (0..500).filter(|_| buckets.take(draw(action), Duration::ZERO).is_ok());
            assert_eq!(passed.count(), capacity, "{action}");
        }
    }

    #[test]
    fn buckets_refill_with_time_and_never_overflow() {
        let mut buckets = Buckets::default();
        let take = |buckets: &mut Buckets, seconds| {
            (0..500)
                .filter(|_| {
                    buckets
                        .take(draw("RunInstances"), Duration::from_secs(seconds))
                        .is_ok()
                })
                .count()
        };
        assert_eq!(take(&mut buckets, 0), 5);
        assert_eq!(take(&mut buckets, 1), 2);
        assert_eq!(take(&mut buckets, 1000), 5);
    }

    #[test]
    fn accounts_regions_and_wide_reads_have_buckets_of_their_own() {
        let mut buckets = Buckets::default();
        for _ in 0..5 {
            buckets
                .take(draw("RunInstances"), Duration::ZERO)
                .expect("within capacity");
        }
        let refusal = buckets
            .take(draw("RunInstances"), Duration::ZERO)
            .expect_err("empty");
        assert_eq!(
            (refusal.code.as_str(), refusal.status),
            ("RequestLimitExceeded", 503)
        );
        let other = Draw {
            region: "q",
            ..draw("RunInstances")
        };
        buckets.take(other, Duration::ZERO).expect("another region");
        let wide = Draw {
            wide: true,
            ..draw("DescribeInstances")
        };
        let passed = (0..500)
            .filter(|_| buckets.take(wide, Duration::ZERO).is_ok())
            .count();
        assert_eq!(passed, 50);
    }

    #[test]
    fn a_large_launch_empties_the_resource_bucket() {
        let mut buckets = Buckets::default();
        let large = Draw {
            resources: 900,
            ..draw("RunInstances")
        };
        buckets.take(large, Duration::ZERO).expect("the first");
        buckets
            .take(large, Duration::ZERO)
            .expect_err("only 100 are left");
    }
}
