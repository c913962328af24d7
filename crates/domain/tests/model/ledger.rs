//! A ledger in memory, with the rules that Postgres keeps: claims by epoch and lease, one transaction per commit that is
//! whole or nothing, compare-and-swap on the deployment, one holder per image key, effects intended once.

use ingot_domain::decide::ami::ImageSight;
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::image::ImageStatus;
use ingot_domain::task::{LEASE, MAX_CRASHES, TaskKind};

use crate::met;

/// A deployment's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) status: Status,
    pub(crate) ami: Option<AmiStatus>,
    pub(crate) version: u64,
    pub(crate) instance: Option<usize>,
    pub(crate) launched_at: u64,
    pub(crate) finished_at: Option<u64>,
    pub(crate) ready_at: Option<u64>,
    pub(crate) installed_at: Option<u64>,
    pub(crate) image: Option<usize>,
}

/// A task's row.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) kind: TaskKind,
    pub(crate) deployment: usize,
    /// A destruction that leaves the status as it is.
    pub(crate) keeps_status: bool,
    pub(crate) held: bool,
    pub(crate) over: bool,
    pub(crate) poisoned: bool,
    pub(crate) epoch: u64,
    pub(crate) attempt: u32,
    pub(crate) crashes: u32,
    pub(crate) lease_until: u64,
    pub(crate) run_at: u64,
}

/// What an effect led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Open,
    Done(usize),
    NotDone,
}

/// An effect's row.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    pub(crate) deployment: usize,
    pub(crate) image: bool,
    pub(crate) outcome: Outcome,
    pub(crate) created_at: u64,
    pub(crate) generation: u32,
}

/// An image's row.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) id: usize,
    pub(crate) key: usize,
    pub(crate) name: String,
    pub(crate) status: ImageStatus,
    pub(crate) ami: Option<usize>,
    pub(crate) requested_at: u64,
    /// Since when its name was found taken.
    pub(crate) met_at: Option<u64>,
    /// What it was given up as, before it was cleaned up.
    pub(crate) marked: Option<ImageSight>,
}

/// What a visit writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) deployment: Option<(u64, Deployment)>,
    pub(crate) intend: Option<Effect>,
    pub(crate) outcome: Option<(usize, Outcome)>,
    pub(crate) claim: Option<Image>,
    pub(crate) image: Option<Image>,
    pub(crate) tasks: Vec<(TaskKind, u64)>,
}

/// What becomes of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Snooze(u64),
    Done,
    GiveUp,
}

/// Who may write: a task as claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) task: usize,
    pub(crate) epoch: u64,
    pub(crate) poisoned: bool,
}

/// Every row.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) images: Vec<Image>,
}

impl Ledger {
    /// Inserts a task; at most one of a kind lives per deployment.
    pub(crate) fn insert(
        &mut self,
        kind: TaskKind,
        deployment: usize,
        keeps_status: bool,
        run_at: u64,
    ) {
        let same = |task: &Task| {
            task.kind == kind
                && task.deployment == deployment
                && task.keeps_status == keeps_status
                && !task.over
        };
        if self.tasks.iter().any(same) {
            return;
        }
        self.tasks.push(Task {
            kind,
            deployment,
            keeps_status,
            held: false,
            over: false,
            poisoned: false,
            epoch: 0,
            attempt: 0,
            crashes: 0,
            lease_until: 0,
            run_at,
        });
    }

    /// Claims a task that is due, or whose lease has run out.
    pub(crate) fn claim(&mut self, at: usize, now: u64) -> Option<Claim> {
        let task = self.tasks.get_mut(at)?;
        let ready = if task.held {
            task.lease_until < now
        } else {
            task.run_at <= now
        };
        if task.over || !ready {
            return None;
        }
        if task.held {
            met::count("lapsed lease");
            task.crashes += 1;
        }
        task.attempt += 1;
        task.epoch += 1;
        task.held = true;
        task.lease_until = now + LEASE.as_secs();
        Some(Claim {
            task: at,
            epoch: task.epoch,
            poisoned: task.crashes >= MAX_CRASHES,
        })
    }

    /// Prolongs the lease when the claim still holds.
    pub(crate) fn beat(&mut self, claim: Claim, now: u64) {
        let task = &mut self.tasks[claim.task];
        if task.held && task.epoch == claim.epoch {
            task.lease_until = now + LEASE.as_secs();
        }
    }

    /// Writes a visit's end, whole or not at all; false when it was fenced, overtaken or lost its key.
    pub(crate) fn commit(&mut self, claim: Claim, change: &Change, then: Then, now: u64) -> bool {
        let held = &self.tasks[claim.task];
        if !held.held || held.epoch != claim.epoch {
            met::count("fenced");
            return false;
        }
        let about = held.deployment;
        let overtaken = change
            .deployment
            .as_ref()
            .is_some_and(|(version, _)| self.deployments[about].version != *version);
        let taken = change
            .claim
            .as_ref()
            .is_some_and(|row| self.holder(row.key).is_some());
        if overtaken || taken {
            met::count(if overtaken {
                "overtaken"
            } else {
                "key was taken"
            });
            // Given back: the next look sees what happened.
            self.end(claim, Then::Snooze(now));
            return false;
        }
        self.end(claim, then);
        if let Some((_, after)) = &change.deployment {
            self.write(about, after.clone());
        }
        self.images.extend(change.claim.clone());
        self.effects.extend(change.intend.clone());
        if let Some((at, outcome)) = change.outcome {
            self.effects[at].outcome = outcome;
        }
        if let Some(row) = &change.image {
            let at = self.image(row.id).expect("a row");
            let before = self.images[at].status;
            assert!(
                before == row.status || before.may_become(row.status),
                "I4: image {before} to {}",
                row.status
            );
            self.images[at] = row.clone();
        }
        for (kind, run_at) in &change.tasks {
            self.insert(*kind, about, *kind == TaskKind::Destroy, *run_at);
        }
        true
    }

    fn end(&mut self, claim: Claim, then: Then) {
        let task = &mut self.tasks[claim.task];
        task.held = false;
        match then {
            Then::Snooze(at) => {
                task.run_at = at;
                task.attempt -= 1;
                task.crashes = 0;
            }
            Then::Done => task.over = true,
            Then::GiveUp => {
                task.over = true;
                task.poisoned = true;
            }
        }
    }

    /// Writes a deployment's row; the transition tables are asked, as the ledger does (I4).
    fn write(&mut self, at: usize, after: Deployment) {
        let before = &self.deployments[at];
        let (from, to) = (before.status, after.status);
        assert!(from == to || from.may_become(to), "I4: {from} to {to}");
        if before.ami != after.ami {
            let legal = after.ami.is_some_and(|ami| ami.may_follow(before.ami));
            assert!(legal, "I4: AMI {:?} to {:?}", before.ami, after.ami);
        }
        let version = before.version + 1;
        self.deployments[at] = Deployment { version, ..after };
    }

    /// What a person does: no claim, the same rules, and the waiting work for the old state ends.
    pub(crate) fn intervene(&mut self, at: usize, now: u64) {
        let row = self.deployments[at].clone();
        if matches!(row.status, Status::Cancelled | Status::Destroyed) {
            return;
        }
        let mut after = row.clone();
        let cancels = !row.status.is_final();
        if cancels {
            after.status = Status::Cancelled;
        }
        if matches!(row.ami, None | Some(AmiStatus::Pending)) {
            after.ami = Some(AmiStatus::Skipped);
        }
        after.finished_at = after.finished_at.or(Some(now));
        if cancels {
            for task in &mut self.tasks {
                if task.deployment == at && !task.held {
                    task.over = true;
                }
            }
        }
        self.write(at, after);
        self.insert(TaskKind::Destroy, at, cancels, now);
    }

    /// Where an image's row is.
    pub(crate) fn image(&self, id: usize) -> Option<usize> {
        self.images.iter().position(|row| row.id == id)
    }

    /// The row that holds a key.
    pub(crate) fn holder(&self, key: usize) -> Option<usize> {
        let holds = |row: &Image| row.key == key && row.status.holds_key();
        self.images.iter().position(holds)
    }

    /// A deployment's last effect of a kind.
    pub(crate) fn effect(&self, deployment: usize, image: bool) -> Option<usize> {
        let of = |effect: &Effect| effect.deployment == deployment && effect.image == image;
        self.effects.iter().rposition(of)
    }
}
