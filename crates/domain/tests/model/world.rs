//! The world of one case: ledger, cloud, clock and two pairs of hands, what happens to them, and what must hold.

use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::image::ImageStatus;
use ingot_domain::task::{MAX_CRASHES, TaskKind, VISIT};

use crate::cloud::Cloud;
use crate::ledger::{Change, Claim, Deployment, Effect, Ledger, Outcome, Then};
use crate::visits::{Answer, Call, Desk, Next, key};
use crate::{Fate, Happening};

/// How long healing may take: rounds of five seconds, about a day.
const ROUNDS: usize = 20_000;

/// A visit under way.
#[derive(Debug, Clone)]
struct Visit {
    claim: Claim,
    began: u64,
    stage: Stage,
}

#[derive(Debug, Clone)]
enum Stage {
    Claimed,
    Calling(Call, Change),
    Writing(Change, Then),
}

/// Everything.
#[derive(Debug)]
pub(crate) struct World {
    ledger: Ledger,
    cloud: Cloud,
    hands: Vec<Option<Visit>>,
    now: u64,
}

impl World {
    /// The deployments have been asked for; those that are `ready` answer, and their image is next.
    pub(crate) fn new(workers: usize, ready: &[bool]) -> Self {
        let (mut ledger, mut cloud) = (Ledger::default(), Cloud::default());
        let asked = Deployment {
            status: Status::Queued,
            ami: None,
            version: 0,
            instance: None,
            launched_at: 0,
            finished_at: None,
            ready_at: None,
            installed_at: None,
            image: None,
        };
        for (at, ready) in ready.iter().enumerate() {
            if !ready {
                ledger.deployments.push(asked.clone());
                ledger.insert(TaskKind::Launch, at, false, 0);
                continue;
            }
            let token = ledger.effects.len();
            let instance = cloud.launch(token, at, 0);
            ledger.effects.push(Effect {
                deployment: at,
                image: false,
                outcome: instance.map_or(Outcome::NotDone, Outcome::Done),
                created_at: 0,
                generation: 1,
            });
            ledger.deployments.push(Deployment {
                status: Status::Success,
                ami: Some(AmiStatus::Pending),
                instance,
                ready_at: Some(500),
                installed_at: Some(500),
                finished_at: Some(500),
                ..asked.clone()
            });
            ledger.insert(TaskKind::Ami, at, false, 0);
        }
        Self {
            ledger,
            cloud,
            hands: vec![None; workers],
            now: 1_000,
        }
    }

    /// Lets something happen.
    pub(crate) fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Deliver { worker, task } => self.deliver(worker, task),
            Happening::Go { worker, fate } => self.go(worker, fate),
            Happening::Crash { worker } => self.hands[worker] = None,
            Happening::Clock { seconds, deaf } => self.pass(seconds, deaf),
            Happening::Cancel { deployment } => self.ledger.intervene(deployment, self.now),
            Happening::Images { fail } => self.cloud.failing = fail,
        }
    }

    fn deliver(&mut self, worker: usize, task: usize) {
        if self.hands[worker].is_some() || self.ledger.tasks.is_empty() {
            return;
        }
        let task = task % self.ledger.tasks.len();
        self.hands[worker] = self.ledger.claim(task, self.now).map(|claim| Visit {
            claim,
            began: self.now,
            stage: Stage::Claimed,
        });
    }

    /// A visit is cut after its longest time; heartbeats keep the lease of the others, unless the ledger hears none.
    fn pass(&mut self, seconds: u64, deaf: bool) {
        self.now += seconds;
        for hand in &mut self.hands {
            match hand {
                Some(visit) if self.now - visit.began > VISIT.as_secs() => *hand = None,
                Some(visit) if !deaf => self.ledger.beat(visit.claim, self.now),
                _ => {}
            }
        }
    }

    fn go(&mut self, worker: usize, fate: Fate) {
        let Some(visit) = self.hands[worker].take() else {
            return;
        };
        let next = match visit.stage {
            Stage::Claimed => self.desk(visit.claim).look(),
            Stage::Calling(call, change) => {
                let answer = self.call(&call, fate);
                self.desk(visit.claim).answered(&call, change, answer)
            }
            Stage::Writing(change, then) => {
                self.ledger.commit(visit.claim, &change, then, self.now);
                return;
            }
        };
        let stage = match next {
            Next::Commit(change, then) => Stage::Writing(change, then),
            Next::Call(call, change) => Stage::Calling(call, change),
        };
        self.hands[worker] = Some(Visit { stage, ..visit });
    }

    fn desk(&self, claim: Claim) -> Desk<'_> {
        Desk {
            ledger: &self.ledger,
            cloud: &self.cloud,
            now: self.now,
            claim,
        }
    }

    fn call(&mut self, call: &Call, fate: Fate) -> Answer {
        if fate == Fate::RequestLost {
            return Answer::Unknown;
        }
        let made = match call {
            Call::Launch { effect } => {
                let about = self.ledger.effects[*effect].deployment;
                self.cloud.launch(*effect, about, self.now)
            }
            Call::CreateImage { effect, name } => self.cloud.create_image(name, *effect, self.now),
            Call::Terminate { instance } => {
                self.cloud.terminate(*instance);
                None
            }
            Call::CleanUp { image, .. } => {
                self.cloud.images[*image].there = false;
                None
            }
        };
        match fate {
            Fate::Answered => Answer::Made(made),
            Fate::AnswerLost | Fate::RequestLost => Answer::Unknown,
        }
    }

    /// What holds at every moment.
    pub(crate) fn check(&self) {
        for at in 0..self.ledger.deployments.len() {
            let made = self
                .cloud
                .instances
                .iter()
                .filter(|one| one.deployment == at);
            assert!(
                made.count() <= 1,
                "I2: two instances of deployment {at}: {self:#?}"
            );
        }
        for (at, image) in self.cloud.images.iter().enumerate() {
            let again = self.cloud.images[..at]
                .iter()
                .any(|one| one.effect == image.effect);
            assert!(!again, "I2: two images of one effect: {self:#?}");
        }
        for at in 0..=key(self.ledger.deployments.len()) {
            let good = self.good_images(at).count();
            assert!(
                good <= 1 || self.gave_up_imaging(),
                "I2: {good} AMIs of key {at}: {self:#?}"
            );
        }
        for task in &self.ledger.tasks {
            let bounded =
                task.attempt <= task.crashes + 1 || task.attempt <= task.kind.max_attempts();
            assert!(bounded, "I6: {task:#?}");
            assert!(
                !task.poisoned || task.crashes >= MAX_CRASHES,
                "I6: {task:#?}"
            );
        }
    }

    fn good_images(&self, of: usize) -> impl Iterator<Item = usize> {
        let images = self.cloud.images.iter().enumerate();
        images
            .filter(move |(_, one)| {
                let about = self.ledger.effects[one.effect].deployment;
                one.there && !one.fails && key(about) == of
            })
            .map(|(at, _)| at)
    }

    /// A poisoned task in the making of an image leaves what it made to the next deployment of the key, which finds it in
    /// the account: the model has no such look.
    fn gave_up_imaging(&self) -> bool {
        let ami = |kind| kind == TaskKind::Ami;
        self.ledger
            .tasks
            .iter()
            .any(|task| task.poisoned && ami(task.kind))
    }

    /// Faults end, every worker is started anew, and time passes until nothing is left to do (I3).
    pub(crate) fn heal(&mut self) {
        self.hands.fill(None);
        self.cloud.failing = false;
        for _ in 0..ROUNDS {
            if self.ledger.tasks.iter().all(|task| task.over) {
                return;
            }
            for task in 0..self.ledger.tasks.len() {
                self.deliver(0, task);
                while self.hands[0].is_some() {
                    self.go(0, Fate::Answered);
                }
            }
            self.check();
            self.now += 5;
        }
        panic!("I3: never quiet: {self:#?}");
    }

    /// What holds when everything is quiet.
    pub(crate) fn check_quiet(&self) {
        for row in &self.ledger.deployments {
            assert!(row.status.is_final(), "I3: {row:#?}");
            assert!(row.ami.is_some_and(|ami| ami.is_final()), "I3: {row:#?}");
        }
        let ended = |kind| kind == TaskKind::Destroy;
        if self
            .ledger
            .tasks
            .iter()
            .any(|task| task.poisoned && ended(task.kind))
        {
            return;
        }
        for (at, one) in self.cloud.instances.iter().enumerate() {
            let row = &self.ledger.deployments[one.deployment];
            let wanted = row.instance == Some(at)
                && !matches!(row.status, Status::Cancelled | Status::Destroyed);
            assert!(!one.alive || wanted, "I1: instance {at}: {self:#?}");
        }
        if self.gave_up_imaging() {
            return;
        }
        for (at, one) in self.cloud.images.iter().enumerate() {
            let held = |row: &crate::ledger::Image| {
                row.ami == Some(at) && row.status == ImageStatus::Available
            };
            let known = self.ledger.images.iter().any(held);
            assert!(!one.there || known, "I1: image {at}: {self:#?}");
        }
    }
}
