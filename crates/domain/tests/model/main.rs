//! The pure core as a state machine (FAULTS, "Model tests without processes"): two workers, three deployments, a ledger and
//! a cloud in memory; deliveries, duplicates, drops, crashes, observations, cancellations and the clock in any order. What a
//! visit does is decided by `ingot_domain::decide`; what is checked after every step are I2, I4 and I6, and once everything
//! is healed and quiet, I1 and I3. `MODEL_CASES` says how many cases; `make model` plays 100,000 in release.

mod cloud;
mod imaging;
mod ledger;
mod met;
mod visits;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use world::World;

/// Deployments: the first two share an image key.
const DEPLOYMENTS: usize = 3;
/// Workers.
const WORKERS: usize = 2;
/// Happenings of one case, at most.
const LONGEST: usize = 240;

/// What happens next.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A bell: a worker claims some task, if it is free and the ledger lets it.
    Deliver { worker: usize, task: usize },
    /// A worker goes on with its visit: look, call, commit. What becomes of a call is its fate.
    Go { worker: usize, fate: Fate },
    /// A worker dies; whatever it was about to do or say is lost.
    Crash { worker: usize },
    /// Time passes; a deaf ledger hears no heartbeat meanwhile.
    Clock { seconds: u64, deaf: bool },
    /// A client cancels or destroys a deployment.
    Cancel { deployment: usize },
    /// EC2 decides to fail images from now on, or not.
    Images { fail: bool },
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered.
    Answered,
    /// It has its effect, the answer is lost.
    AnswerLost,
    /// It never arrives, and the worker does not know.
    RequestLost,
}

/// There is nothing to refer to but the rules themselves: the reference only draws what happens, and which deployments have
/// an instance that answers already, so that the image's part of a life is met as often as the launch's.
#[derive(Debug)]
struct Drawn;

impl ReferenceStateMachine for Drawn {
    type State = Vec<bool>;
    type Transition = Happening;

    fn init_state() -> BoxedStrategy<Vec<bool>> {
        prop::collection::vec(any::<bool>(), DEPLOYMENTS).boxed()
    }

    fn transitions(_: &Vec<bool>) -> BoxedStrategy<Happening> {
        let fate = prop_oneof![
            6 => Just(Fate::Answered),
            2 => Just(Fate::AnswerLost),
            1 => Just(Fate::RequestLost),
        ];
        prop_oneof![
            8 => (0..WORKERS, 0..12usize).prop_map(|(worker, task)| Happening::Deliver { worker, task }),
            16 => (0..WORKERS, fate).prop_map(|(worker, fate)| Happening::Go { worker, fate }),
            2 => (0..WORKERS).prop_map(|worker| Happening::Crash { worker }),
            6 => (prop::sample::select(vec![1u64, 5, 5, 16, 31, 60, 301, 3600]), any::<bool>())
                .prop_map(|(seconds, deaf)| Happening::Clock { seconds, deaf }),
            1 => (0..DEPLOYMENTS).prop_map(|deployment| Happening::Cancel { deployment }),
            1 => any::<bool>().prop_map(|fail| Happening::Images { fail }),
        ]
        .boxed()
    }

    fn apply(ready: Vec<bool>, _: &Happening) -> Vec<bool> {
        ready
    }
}

struct Machine;

impl StateMachineTest for Machine {
    type SystemUnderTest = World;
    type Reference = Drawn;

    fn init_test(ready: &Vec<bool>) -> World {
        World::new(WORKERS, ready)
    }

    fn apply(mut world: World, _: &Vec<bool>, happening: Happening) -> World {
        world.happen(&happening);
        world
    }

    fn check_invariants(world: &World, _: &Vec<bool>) {
        world.check();
    }

    fn teardown(mut world: World, _: Vec<bool>) {
        world.heal();
        world.check();
        world.check_quiet();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how many cases is the caller's choice"
)]
fn cases() -> u32 {
    let told = std::env::var("MODEL_CASES").ok();
    told.and_then(|told| told.parse().ok()).unwrap_or(1_000)
}

/// What the cases must have met, or the model says nothing about it.
const MET: [&str; 12] = [
    "adopted instance",
    "adopted image",
    "taken name",
    "key is held",
    "fenced",
    "overtaken",
    "key was taken",
    "poisoned",
    "failed image",
    "doubt waited out",
    "doubt resolved",
    "lapsed lease",
];

#[test]
fn any_order_of_things_makes_one_instance_and_one_ami_and_ends() {
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let strategy = Drawn::sequential_strategy(1..LONGEST);
    let run = TestRunner::new(config.clone()).run(&strategy, |(start, happenings, seen)| {
        Machine::test_sequential(config.clone(), start, happenings, seen);
        Ok(())
    });
    if let Err(failed) = run {
        panic!("{failed}");
    }
    let met = met::all();
    let missed: Vec<_> = MET.iter().filter(|what| !met.contains_key(*what)).collect();
    assert!(missed.is_empty(), "never met: {missed:?} of {met:?}");
    println!("met {met:?}");
}
