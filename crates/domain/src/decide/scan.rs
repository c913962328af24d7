//! What the scan of each minute makes of the ledger's facts: a sentence for each that must not be, and nothing for the rest.

mod builds;

use std::time::Duration;

pub use builds::{builder_left, kept, twins, unpaid, unwatched};

use crate::invariant::{Invariant, PROVENANCE, WEATHER};
use crate::money::Money;
use crate::provenance::{Kind, Provenance};
use crate::wait::Wait;

/// Due work may wait this long (OPERATIONS section 3, the queue's objective).
pub const LATE: Duration = Duration::from_secs(30);
/// A worker's tasks must have found another hand this long after its lease ended: four relay passes and a claim.
pub const ABANDONED: Duration = Duration::from_secs(60);
/// A worker that was not heard of for this long is silent: six heartbeats.
pub const SILENT: Duration = Duration::from_secs(30);

/// One thing seen: about what, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The invariant's word, [`WEATHER`] or [`PROVENANCE`].
    pub invariant: &'static str,
    /// An id, or a name such as `queue:ami`.
    pub subject: String,
    /// The deployment it concerns.
    pub deployment_id: Option<String>,
    /// The sentence for people.
    pub what: String,
}

impl Sighting {
    /// A broken invariant.
    pub fn of(invariant: Invariant, subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            invariant: invariant.as_str(),
            subject: subject.into(),
            deployment_id: None,
            what: what.into(),
        }
    }

    /// The same, about a deployment.
    #[must_use]
    pub fn about(mut self, deployment_id: Option<&str>) -> Self {
        self.deployment_id = deployment_id.map(str::to_owned);
        self
    }
}

/// A deployment that is not finished and no task works for.
pub fn stranded(id: &str, status: &str, ami_status: Option<&str>) -> Sighting {
    let what = match ami_status {
        Some(ami @ ("pending" | "creating"))
            if !matches!(status, "queued" | "deploying" | "running") =>
        {
            format!("the AMI of deployment {id} is `{ami}`, and no task works on it")
        }
        _ => format!("deployment {id} is `{status}`, and no task works on it"),
    };
    Sighting::of(Invariant::I3, id, what).about(Some(id))
}

/// A deployment whose events do not count up to the last.
pub fn gap(id: &str, last: i64, events: i64) -> Sighting {
    let what = format!("deployment {id} counts {last} events and has {events}");
    Sighting::of(Invariant::I4, id, what).about(Some(id))
}

/// A deployment that is over, still names an instance, and no task ends it.
pub fn leftover(id: &str, status: &str, instance: &str) -> Sighting {
    let what = format!(
        "deployment {id} is `{status}`, still has instance {instance}, and no task ends it"
    );
    Sighting::of(Invariant::I1, instance, what).about(Some(id))
}

/// A run that launched more than once.
pub fn twice(id: &str, run: i32, made: i64) -> Sighting {
    let what = format!("run {run} of deployment {id} launched {made} instances");
    Sighting::of(Invariant::I2, id, what).about(Some(id))
}

/// A task whose columns contradict its state.
pub fn odd_task(id: &str, state: &str, deployment: Option<&str>) -> Sighting {
    let what = match state {
        "running" => format!("task {id} is `running` without a worker or a lease"),
        _ => format!("task {id} is `{state}` and has a lease or an end"),
    };
    Sighting::of(Invariant::I4, id, what).about(deployment)
}

/// A task tried too often, or given up without a word.
pub fn worn(
    id: &str,
    attempt: i32,
    crashes: i32,
    state: &str,
    deployment: Option<&str>,
) -> Sighting {
    let what = if state == "discarded" {
        format!("task {id} was given up without a reason")
    } else {
        format!("task {id} is at attempt {attempt} after {crashes} crashes, more than it may have")
    };
    Sighting::of(Invariant::I6, id, what).about(deployment)
}

/// A purse with more committed than its limit, or whose entries do not count up to its figures. Figures and counts are what is
/// reserved and what is spent.
pub fn purse(
    id: &str,
    limit: Money,
    (reserved, spent): (Money, Money),
    (held, settled): (Money, Money),
) -> Sighting {
    let what = format!(
        "purse {id} has {reserved} USD reserved and {spent} USD spent of {limit} USD; its entries count up to {held} and {settled} USD"
    );
    Sighting::of(Invariant::I5, id, what)
}

/// Tasks that no worker took over from one that is silent.
pub fn abandoned(worker: &str, tasks: i64) -> Sighting {
    let what = format!(
        "worker {worker} let {} run out, and no other has taken over",
        counted(tasks, "lease")
    );
    Sighting::of(Invariant::I10, format!("worker:{worker}"), what)
}

/// A queue whose due work waits.
pub fn late(queue: &str, tasks: i64, oldest: Duration) -> Sighting {
    let what = format!(
        "{} due in queue {queue}, the oldest for {} s",
        counted(tasks, "task"),
        oldest.as_secs()
    );
    Sighting::of(Invariant::I12, format!("queue:{queue}"), what)
}

/// An image that is recorded as found and is not ours by its own facts: a record from before provenance was asked for, or
/// one of the Kamiwaza scripts.
pub fn unproven(ami: &str, whose: &Provenance) -> Sighting {
    Sighting {
        invariant: PROVENANCE,
        subject: ami.to_owned(),
        deployment_id: None,
        what: format!(
            "AMI {ami} is recorded as found and is {} ({}); nothing is launched from it",
            whose.class.said(),
            whose.why
        ),
    }
}

/// An image that is back, from the Recycle Bin or enabled again, after another was made in its stead.
pub fn outrun(ami: &str, newer: &str, generation: i32) -> Sighting {
    Sighting {
        invariant: PROVENANCE,
        subject: ami.to_owned(),
        deployment_id: None,
        what: format!("AMI {ami} is back, and {newer} (generation {generation}) has its key"),
    }
}

/// Objects that carry our installation's tag and are not ours.
pub fn strangers(region: &str, kind: Kind, ids: &[String]) -> Sighting {
    const SHOWN: usize = 5;
    let shown = ids.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    let more = match ids.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let number = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    Sighting {
        invariant: PROVENANCE,
        subject: format!("{region}/{kind}"),
        deployment_id: None,
        what: format!(
            "{} in {region} with our tags that this installation did not make: {}{more}",
            counted(number, kind.said()),
            shown.join(", ")
        ),
    }
}

/// Calls AWS refuses or throttles, by what the tasks that wait for them say.
pub fn weather(region: &str, wait: &Wait, tasks: i64) -> Sighting {
    Sighting {
        invariant: WEATHER,
        subject: format!("{region}: {wait}"),
        deployment_id: None,
        what: format!("{} in {region} wait: {wait}", counted(tasks, "task")),
    }
}

fn counted(number: i64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sighting_names_its_subject_and_its_invariant() {
        let throttled = Wait::Rate {
            code: "RequestLimitExceeded".to_owned(),
        };
        let seen = [
            (
                stranded("dep_1", "queued", None),
                "I3",
                "dep_1",
                "deployment dep_1 is `queued`, and no task works on it",
            ),
            (
                stranded("dep_1", "success", Some("creating")),
                "I3",
                "dep_1",
                "the AMI of deployment dep_1 is `creating`, and no task works on it",
            ),
            (
                gap("dep_1", 5, 4),
                "I4",
                "dep_1",
                "deployment dep_1 counts 5 events and has 4",
            ),
            (
                leftover("dep_1", "cancelled", "i-1"),
                "I1",
                "i-1",
                "deployment dep_1 is `cancelled`, still has instance i-1, and no task ends it",
            ),
            (
                twice("dep_1", 1, 2),
                "I2",
                "dep_1",
                "run 1 of deployment dep_1 launched 2 instances",
            ),
            (
                odd_task("tsk_1", "running", None),
                "I4",
                "tsk_1",
                "task tsk_1 is `running` without a worker or a lease",
            ),
            (
                worn("tsk_1", 30, 6, "running", None),
                "I6",
                "tsk_1",
                "task tsk_1 is at attempt 30 after 6 crashes, more than it may have",
            ),
            (
                worn("tsk_1", 3, 0, "discarded", None),
                "I6",
                "tsk_1",
                "task tsk_1 was given up without a reason",
            ),
            (
                abandoned("w", 1),
                "I10",
                "worker:w",
                "worker w let 1 lease run out, and no other has taken over",
            ),
            (
                late("ami", 2, Duration::from_secs(90)),
                "I12",
                "queue:ami",
                "2 tasks due in queue ami, the oldest for 90 s",
            ),
            (
                weather("us-east-1", &throttled, 3),
                "cloud",
                "us-east-1: AWS throttles calls (RequestLimitExceeded)",
                "3 tasks in us-east-1 wait: AWS throttles calls (RequestLimitExceeded)",
            ),
        ];
        for (sighting, invariant, subject, what) in seen {
            assert_eq!(
                (
                    sighting.invariant,
                    sighting.subject.as_str(),
                    sighting.what.as_str()
                ),
                (invariant, subject, what)
            );
        }
    }
}
