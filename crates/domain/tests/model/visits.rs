//! Visits in memory: look, ask `decide`, call or commit. The same rules in the same order as the worker's, without its words.

use std::time::Duration;

use ingot_domain::decide::doubt::{self, Made, NameSight, Naming};
use ingot_domain::decide::launch::{self, Intent, Sight};
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::image::ImageStatus;
use ingot_domain::task::TaskKind;

use crate::cloud::Cloud;
use crate::ledger::{Change, Claim, Deployment, Effect, Image, Ledger, Outcome, Then};
use crate::met;

/// Launches of one run.
const MAX_GENERATIONS: u32 = 4;
/// When an unknown or unanswered call is looked at again.
const SOON: u64 = 4;

/// A call with an effect.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Launch { effect: usize },
    CreateImage { effect: usize, name: String },
    Terminate { instance: usize },
    CleanUp { image: usize, last: Option<bool> },
}

/// What a call answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// What it made; `None` when it surely made nothing (a spent token, a taken name).
    Made(Option<usize>),
    /// It may have made something or not.
    Unknown,
}

/// How a visit goes on.
#[derive(Debug, Clone)]
pub(crate) enum Next {
    Commit(Change, Then),
    Call(Call, Change),
}

/// What a visit sees.
pub(crate) struct Desk<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) cloud: &'a Cloud,
    pub(crate) now: u64,
    pub(crate) claim: Claim,
}

impl Desk<'_> {
    pub(crate) fn about(&self) -> usize {
        self.ledger.tasks[self.claim.task].deployment
    }

    pub(crate) fn row(&self) -> Deployment {
        self.ledger.deployments[self.about()].clone()
    }

    pub(crate) fn since(&self, at: u64) -> Duration {
        Duration::from_secs(self.now - at)
    }

    pub(crate) fn after(&self, wait: Duration) -> Then {
        Then::Snooze(self.now + wait.as_secs())
    }

    /// Looks, and decides what comes first.
    pub(crate) fn look(&self) -> Next {
        if self.claim.poisoned {
            met::count("poisoned");
            return self.give_up();
        }
        match self.ledger.tasks[self.claim.task].kind {
            TaskKind::Launch => self.launch(),
            TaskKind::Readiness => self.readiness(),
            TaskKind::Ami => self.ami(),
            TaskKind::Destroy => self.destroy(),
            kind => unreachable!("{kind}"),
        }
    }

    fn intent(&self, effect: Option<usize>) -> Intent {
        match effect.map(|at| self.ledger.effects[at].outcome) {
            Some(Outcome::Open) => Intent::Open,
            Some(Outcome::Done(_)) => Intent::Done,
            Some(Outcome::NotDone) | None => Intent::None,
        }
    }

    fn launch(&self) -> Next {
        let (row, effect) = (self.row(), self.ledger.effect(self.about(), false));
        let sight = match effect.map(|at| self.ledger.effects[at].outcome) {
            Some(Outcome::Done(at)) => self.cloud.sight(at, self.now),
            _ => Sight::Unasked,
        };
        let view = launch::View {
            status: row.status,
            intent: self.intent(effect),
            sight,
            age: self.since(row.launched_at),
            private_only: false,
        };
        match (launch::decide(view), effect) {
            (launch::Next::Over, _) => over(),
            (launch::Next::Prepare, effect) => {
                let last = effect.map_or(0, |at| self.ledger.effects[at].generation);
                if last >= MAX_GENERATIONS {
                    return self.fail(row);
                }
                let intend = Effect {
                    deployment: self.about(),
                    image: false,
                    outcome: Outcome::Open,
                    created_at: self.now,
                    generation: last + 1,
                };
                let status = Status::Deploying;
                let change = Change {
                    intend: Some(intend),
                    ..written(Deployment { status, ..row })
                };
                Next::Commit(change, Then::Snooze(self.now))
            }
            (launch::Next::LookThenLaunch, Some(effect)) => {
                match self.cloud.by_token(effect, self.now) {
                    Some(at) if self.cloud.instances[at].alive => {
                        met::count("adopted instance");
                        self.launched(row, effect, at)
                    }
                    _ => Next::Call(Call::Launch { effect }, written(row)),
                }
            }
            (launch::Next::Watch(wait), _) => Next::Commit(Change::default(), self.after(wait)),
            (launch::Next::HandOver, _) => {
                let tasks = vec![(TaskKind::Readiness, row.launched_at + 180)];
                let status = Status::Running;
                let change = Change {
                    tasks,
                    ..written(Deployment { status, ..row })
                };
                Next::Commit(change, Then::Done)
            }
            (launch::Next::Fail(_), _) => self.fail(row),
            (launch::Next::LookThenLaunch, None) => unreachable!("an open intent without its row"),
        }
    }

    fn launched(&self, row: Deployment, effect: usize, at: usize) -> Next {
        let change = Change {
            outcome: Some((effect, Outcome::Done(at))),
            ..written(Deployment {
                instance: Some(at),
                launched_at: self.now,
                ..row
            })
        };
        Next::Commit(change, self.after(launch::WATCH))
    }

    /// Readiness takes one check here; `decide::readiness` has tables of its own.
    fn readiness(&self) -> Next {
        let row = self.row();
        if row.status != Status::Running {
            return over();
        }
        let change = Change {
            tasks: vec![(TaskKind::Ami, self.now)],
            ..written(Deployment {
                status: Status::Success,
                ami: Some(AmiStatus::Pending),
                ready_at: Some(self.now),
                finished_at: Some(self.now),
                ..row
            })
        };
        Next::Commit(change, Then::Done)
    }

    fn destroy(&self) -> Next {
        let row = self.row();
        if row.ami == Some(AmiStatus::Creating) {
            return Next::Commit(Change::default(), Then::Snooze(self.now + 30));
        }
        let mut change = written(row.clone());
        let instance = match row.instance {
            Some(at) => Some(at),
            None => {
                let effect = self.ledger.effect(self.about(), false);
                let known = effect.map(|at| (at, &self.ledger.effects[at]));
                let found = effect.and_then(|at| self.cloud.by_token(at, self.now));
                let sent = known.map_or(0, |(_, effect)| effect.created_at);
                let sent = row.finished_at.map_or(sent, |ended| ended.max(sent));
                let since = self.since(sent);
                let over = doubt::is_over(since, since);
                match (
                    doubt::made(self.intent(effect), found.is_some(), over),
                    known,
                ) {
                    (Made::Doubt, _) => {
                        return Next::Commit(Change::default(), Then::Snooze(self.now + 1));
                    }
                    (Made::Nothing, Some((at, effect))) if effect.outcome == Outcome::Open => {
                        met::count("doubt waited out");
                        change.outcome = Some((at, Outcome::NotDone));
                        None
                    }
                    (Made::Nothing, _) => None,
                    (Made::Instance, Some((at, effect))) => match (effect.outcome, found) {
                        (Outcome::Done(made), _) | (_, Some(made)) => {
                            if effect.outcome == Outcome::Open {
                                met::count("doubt resolved");
                            }
                            change.outcome = Some((at, Outcome::Done(made)));
                            Some(made)
                        }
                        _ => unreachable!("found and not found"),
                    },
                    (Made::Instance, None) => unreachable!("made without an effect"),
                }
            }
        };
        match instance {
            Some(instance) => Next::Call(Call::Terminate { instance }, change),
            None => Next::Commit(self.gone(change), Then::Done),
        }
    }

    fn gone(&self, mut change: Change) -> Change {
        if let Some((_, row)) = &mut change.deployment {
            row.instance = None;
            if !self.ledger.tasks[self.claim.task].keeps_status {
                row.status = Status::Destroyed;
            }
        }
        change
    }

    /// What follows a call's answer; `change` is what the visit had prepared before it.
    pub(crate) fn answered(&self, call: &Call, change: Change, answer: Answer) -> Next {
        let Answer::Made(made) = answer else {
            return Next::Commit(Change::default(), Then::Snooze(self.now + SOON));
        };
        let row = change.deployment.clone().expect("the row as loaded").1;
        let image = || {
            let at = row.image.and_then(|id| self.ledger.image(id));
            self.ledger.images[at.expect("its image")].clone()
        };
        match (call, made) {
            (Call::Launch { effect }, Some(at)) => self.launched(row, *effect, at),
            (Call::Launch { effect }, None) => {
                let outcome = Some((*effect, Outcome::NotDone));
                Next::Commit(Change { outcome, ..change }, Then::Snooze(self.now))
            }
            (Call::CreateImage { effect, .. }, Some(at)) => {
                let image = image();
                self.initiated(row, image, *effect, at)
            }
            (Call::CreateImage { .. }, None) => {
                met::count("taken name");
                let image = image();
                match doubt::naming(NameSight::Taken, self.met(&image)) {
                    Naming::Rename => self.rename(row, image),
                    _ => self.taken(image),
                }
            }
            (Call::Terminate { .. }, _) => Next::Commit(self.gone(change), Then::Done),
            (Call::CleanUp { last, .. }, _) => {
                let status = ImageStatus::Failed;
                let image = Some(Image { status, ..image() });
                if *last == Some(true) {
                    let ami = Some(AmiStatus::Failed);
                    let change = written(Deployment { ami, ..row });
                    return Next::Commit(Change { image, ..change }, Then::Done);
                }
                Next::Commit(Change { image, ..change }, Then::Snooze(self.now + 60))
            }
        }
    }

    fn fail(&self, row: Deployment) -> Next {
        let ami = match row.ami {
            None | Some(AmiStatus::Pending) => Some(AmiStatus::Skipped),
            ami => ami,
        };
        let change = written(Deployment {
            status: Status::Failed,
            ami,
            finished_at: Some(self.now),
            ..row
        });
        Next::Commit(change, Then::Done)
    }

    fn give_up(&self) -> Next {
        let row = self.row();
        let mut change = Change::default();
        match self.ledger.tasks[self.claim.task].kind {
            TaskKind::Launch | TaskKind::Readiness if !row.status.is_final() => {
                if let Next::Commit(failed, _) = self.fail(row) {
                    change = failed;
                }
                let effect = self.ledger.effect(self.about(), false);
                if self.intent(effect) == Intent::Open {
                    change.tasks.push((TaskKind::Destroy, self.now));
                }
            }
            TaskKind::Ami => {
                let image = row.image.and_then(|id| self.ledger.image(id));
                let image = image.map(|at| self.ledger.images[at].clone());
                let image = image.filter(|image| image.status == ImageStatus::Claimed);
                let status = ImageStatus::Failed;
                if row.ami.is_some_and(|ami| !ami.is_final()) {
                    let ami = Some(AmiStatus::Failed);
                    change = written(Deployment { ami, ..row });
                }
                change.image = image.map(|image| Image { status, ..image });
            }
            _ => {}
        }
        Next::Commit(change, Then::GiveUp)
    }
}

/// The key of a deployment's image: the first two share one.
pub(crate) fn key(deployment: usize) -> usize {
    deployment / 2
}

pub(crate) fn written(row: Deployment) -> Change {
    Change {
        deployment: Some((row.version, row)),
        ..Change::default()
    }
}

pub(crate) fn over() -> Next {
    Next::Commit(Change::default(), Then::Done)
}
