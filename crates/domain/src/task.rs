//! Tasks: the units of durable work, their states (the words of River and Oban), queues and lease.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deployment::words;
use std::fmt;

words! {
    /// The state of a task.
    TaskState {
        /// Due now.
        Available = "available",
        /// Due later: a delay or a snooze.
        Scheduled = "scheduled",
        /// Claimed by a worker whose lease is alive, or was.
        Running = "running",
        /// Due later, after a failed attempt.
        Retryable = "retryable",
        /// Over.
        Completed = "completed",
        /// A request that changed its deployment (cancel, destroy, retry) ended it.
        Cancelled = "cancelled",
        /// Given up: too many attempts or crashes.
        Discarded = "discarded",
    }
}

impl TaskState {
    /// The transition table.
    pub fn next(self) -> &'static [TaskState] {
        use TaskState::*;
        match self {
            Available | Scheduled | Retryable => &[Running, Cancelled, Discarded, Available],
            Running => &[
                Scheduled, Retryable, Completed, Cancelled, Discarded, Running,
            ],
            Completed | Cancelled | Discarded => &[],
        }
    }

    /// No worker will touch it again.
    pub fn is_final(self) -> bool {
        self.next().is_empty()
    }
}

words! {
    /// A queue. Each has its own concurrency; all of them exist on every worker.
    Queue {
        /// Launching and terminating instances.
        Launch = "launch",
        /// Readiness checks.
        Readiness = "readiness",
        /// Making images.
        Ami = "ami",
        /// Reconciling the ledger with EC2.
        Monitor = "monitor",
        /// Periodic work, exactly once per tick.
        Scheduler = "scheduler",
        /// Questions people ask of the cloud. A queue of its own: a worker of before does not know it and leaves it alone.
        Check = "check",
        /// Watching base images: looks at tracks, and what their updates mean. A queue of its own for the same reason.
        Bases = "bases",
        /// Fetching feeds of advisories from outside. A queue of its own for the same reason.
        Feeds = "feeds",
        /// Builds that run. A queue of its own for the same reason.
        Builds = "builds",
        /// Copying images into other regions. A queue of its own for the same reason.
        Copies = "copies",
        /// Telling people: deliveries of notifications.
        Notify = "notify",
        /// What people do to many tasks at once. A queue of its own for the same reason.
        Operations = "operations",
    }
}

/// Visits at once in a queue of one worker, at least and at most.
pub const CONCURRENCY: std::ops::RangeInclusive<u32> = 1..=1024;

impl Queue {
    /// What ends instances runs on it: destruction, the sweep of what outlived its time, the deadline of a build. While it is
    /// paused, money runs on.
    pub fn cleans_up(self) -> bool {
        matches!(self, Queue::Launch | Queue::Scheduler | Queue::Builds)
    }

    /// The clockwork of an installation, which no deployment asked for.
    pub fn is_housekeeping(self) -> bool {
        matches!(
            self,
            Queue::Monitor | Queue::Scheduler | Queue::Bases | Queue::Feeds | Queue::Builds
        )
    }
}

words! {
    /// What a task does; a stable word, never a type name (STYLE rule 9).
    TaskKind {
        /// Launch a deployment's instance.
        Launch = "launch",
        /// Terminate a deployment's instance.
        Destroy = "destroy",
        /// Check whether a deployment answers.
        Readiness = "readiness",
        /// Make a deployment's image.
        Ami = "ami",
        /// Reconcile images and instances of one account and region with EC2.
        Monitor = "monitor",
        /// Ask AWS what it would let us do in a region.
        Check = "check",
        /// Look at the tracks of one region.
        Track = "track",
        /// Judge one update of a base image, or what the newest images of one system lack.
        Judge = "judge",
        /// Fetch one feed of advisories.
        Feed = "feed",
        /// Watch a build that runs, and end it.
        Build = "build",
        /// Copy one image into one other region.
        Copy = "copy",
        /// One tick of one periodic job.
        Scheduler = "scheduler",
        /// One delivery of a notification, or one receiver's digest.
        Notify = "notify",
        /// The next step of an operation.
        Operation = "operation",
    }
}

impl TaskKind {
    /// The queue it runs on.
    pub fn queue(self) -> Queue {
        match self {
            TaskKind::Launch | TaskKind::Destroy => Queue::Launch,
            TaskKind::Readiness => Queue::Readiness,
            TaskKind::Ami => Queue::Ami,
            TaskKind::Monitor => Queue::Monitor,
            TaskKind::Scheduler => Queue::Scheduler,
            TaskKind::Notify => Queue::Notify,
            TaskKind::Operation => Queue::Operations,
            TaskKind::Check => Queue::Check,
            TaskKind::Track | TaskKind::Judge => Queue::Bases,
            TaskKind::Feed => Queue::Feeds,
            TaskKind::Build => Queue::Builds,
            TaskKind::Copy => Queue::Copies,
        }
    }

    /// Attempts before it is given up. A snooze is not an attempt.
    pub fn max_attempts(self) -> u32 {
        match self {
            TaskKind::Launch
            | TaskKind::Destroy
            | TaskKind::Readiness
            | TaskKind::Ami
            | TaskKind::Notify
            | TaskKind::Build
            | TaskKind::Copy
            | TaskKind::Operation => 20,
            TaskKind::Monitor
            | TaskKind::Scheduler
            | TaskKind::Check
            | TaskKind::Track
            | TaskKind::Judge
            | TaskKind::Feed => 5,
        }
    }
}

/// Longest visit of a handler (DESIGN, idea 2; FAULTS X3).
pub const VISIT: Duration = Duration::from_secs(30);

/// How long a claim holds without a heartbeat. Heartbeats come every third of it, so that a stalled worker has two chances
/// to catch up; with half a second of the relay and the claims themselves, a killed worker's tasks all run again
/// within 15 s.
pub const LEASE: Duration = Duration::from_secs(12);

/// Crashes (claims without an outcome) after which a task is given up as poison (FAULTS decision 7). A deploy that
/// kills workers hard can hit one task more than once, so the document's 3 is applied per task, not per process.
pub const MAX_CRASHES: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_have_no_way_out_and_the_rest_can_be_cancelled() {
        for &state in TaskState::ALL {
            assert_eq!(
                state.is_final(),
                !state.next().contains(&TaskState::Cancelled),
                "{state}"
            );
            assert_eq!(TaskState::parse(state.as_str()), Some(state));
        }
    }

    #[test]
    fn the_queue_of_destruction_cleans_up() {
        assert!(TaskKind::Destroy.queue().cleans_up());
        assert!(!Queue::Ami.cleans_up() && !Queue::Readiness.cleans_up());
    }

    #[test]
    fn every_kind_has_a_queue() {
        for &kind in TaskKind::ALL {
            assert!(Queue::ALL.contains(&kind.queue()));
            assert!(kind.max_attempts() > 0);
        }
    }
}
