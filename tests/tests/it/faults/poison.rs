//! Visits that are poison (FAULTS F23, I6, I11): one that panics, aborts, takes all memory, computes for ever or never ends
//! costs its own task and no other, and that one ends with a reason people can read.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use ingot_domain::task::{TaskKind, TaskState};
use ingot_entity::Ledger;
use ingot_entity::store::NewTask;
use ingot_migration::sea_orm::ConnectionTrait;
use ingot_migration::{Migrator, MigratorTrait};
use ingot_tests::{Database, Process, Redis, poison, target, until};
use uuid::Uuid;

/// Tasks beside the poisoned one.
const OTHERS: usize = 300;
/// A visit may take this long here.
const VISIT: u64 = 2;
/// Address space of a worker that takes memory: enough for it to start, little for the machine.
const MEMORY: &str = "--as=1500000000";
const LONG: Duration = Duration::from_secs(240);

/// A poison, how it ends, and how often its worker has died of it before.
struct Case {
    poison: &'static str,
    kills: bool,
    reason: &'static str,
    crashes: i32,
}

const DIED: &str = "its worker died too often while working on it";

const CASES: [Case; 5] = [
    Case {
        poison: "panic",
        kills: false,
        reason: "the visit panicked",
        crashes: 0,
    },
    Case {
        poison: "abort",
        kills: true,
        reason: DIED,
        crashes: 0,
    },
    Case {
        poison: "hog",
        kills: true,
        reason: DIED,
        crashes: 2,
    },
    // The watchdog gives it its time and a quarter of a minute: twice is enough.
    Case {
        poison: "spin",
        kills: true,
        reason: DIED,
        crashes: 3,
    },
    Case {
        poison: "wait",
        kills: false,
        reason: "the visit took longer than 2 s",
        crashes: 0,
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn f23_poison_costs_its_own_task_and_no_other() {
    futures::future::join_all(CASES.iter().map(suffer)).await;
}

/// Two workers whose supervisor starts them again, one poisoned task among others in two queues.
async fn suffer(case: &Case) {
    let (database, redis) = (
        Database::new().await.unwrap(),
        Redis::start().await.unwrap(),
    );
    let ledger = Ledger::connect(&database.url, 4).await.unwrap();
    Migrator::up(ledger.database(), None).await.unwrap();
    let poisoned = fill(&ledger, case.crashes).await;
    let workers = RefCell::new(Workers::start(case.poison, &database.url, &redis.url()));
    let what = format!("{} to cost its own task alone", case.poison);
    let ended = until(&what, LONG, async || {
        workers.borrow_mut().supervise();
        let row = ledger.task(&poisoned).await?.unwrap().0;
        let waits = !ledger.queue_depths().await?.iter().all(|queue| {
            let mut states = queue.states.iter();
            states.all(|(state, count)| *state == TaskState::Discarded || *count == 0)
        });
        Ok((row.finished_at.is_some() && !waits).then_some(row))
    });
    let row = ended.await.unwrap();
    let workers = workers.into_inner();
    assert_eq!(row.state, "discarded", "{row:#?}");
    assert_eq!(row.last_error.as_deref(), Some(case.reason), "{row:#?}");
    assert_eq!(
        workers.deaths > 0,
        case.kills,
        "{}: {} deaths",
        case.poison,
        workers.deaths
    );
    assert_eq!(row.crashes > case.crashes, case.kills, "{row:#?}");
    if case.poison == "spin" {
        assert!(
            workers.said.contains("visits do not yield"),
            "{}",
            workers.said
        );
        assert!(
            workers.said.contains(&poisoned),
            "it names the task: {}",
            workers.said
        );
    }
}

/// Fills two queues and poisons one of the tasks; its id.
async fn fill(ledger: &Ledger, crashes: i32) -> String {
    let new = |kind: TaskKind, scope: &str| {
        NewTask::about(kind, scope, Uuid::new_v4().to_string(), ledger.now())
    };
    let poisoned = new(TaskKind::Launch, poison::SCOPE);
    let mut tasks = vec![poisoned.clone()];
    for number in 0..OTHERS {
        let kind = [TaskKind::Launch, TaskKind::Readiness][number % 2];
        tasks.push(new(kind, "harmless"));
    }
    ledger.enqueue(&tasks).await.unwrap();
    let id = poisoned.id.to_string();
    let died = format!("UPDATE task SET crashes = {crashes} WHERE id = '{id}'");
    ledger.database().execute_unprepared(&died).await.unwrap();
    id
}

/// Two workers; who dies is started again.
struct Workers {
    poison: &'static str,
    environment: Vec<(String, String)>,
    alive: Vec<Process>,
    deaths: usize,
    /// What those who died said.
    said: String,
}

impl Workers {
    fn start(poison: &'static str, database: &str, redis: &str) -> Self {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut workers = Self {
            poison,
            environment: vec![
                pair("DATABASE_URL", database),
                pair("REDIS_URL", redis),
                // So that its threads and stacks are no memory worth speaking of.
                pair("TOKIO_WORKER_THREADS", "2"),
            ],
            alive: Vec::new(),
            deaths: 0,
            said: String::new(),
        };
        for _ in 0..2 {
            let one = workers.one();
            workers.alive.push(one);
        }
        workers
    }

    fn one(&self) -> Process {
        let binary = target().unwrap().join("poison-worker");
        let (binary, visit) = (binary.display().to_string(), VISIT.to_string());
        let words = [MEMORY, "--", &binary, self.poison, &visit];
        Process::start_of(Path::new("prlimit"), &words, &self.environment).unwrap()
    }

    fn supervise(&mut self) {
        for place in 0..self.alive.len() {
            if !self.alive[place].runs() {
                let next = self.one();
                let dead = std::mem::replace(&mut self.alive[place], next);
                self.said.push_str(&dead.said());
                self.deaths += 1;
            }
        }
    }
}
