//! How the installation is, put together from this process's health, the workers' heartbeats, the queues and the weather:
//! which part is down, since when, and what waits because of it. The judgement is a pure function.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use ingot_client::{
    AwsCheck, AwsCheckSeen, CalendarSeen, Doubt, Part, Queue, SystemStatus, Waiting, WorkerSeen,
};
use ingot_domain::Instant;
use ingot_domain::decide::scan::{LATE, SILENT};
use ingot_domain::invariant::WEATHER;
use ingot_entity::store::WorkerHolding;
use ingot_entity::{LedgerError, finding};

use crate::present;
use crate::remembered::Remembered;
use crate::state::Api;

/// Workers shown, and for how long after their last heartbeat.
const WORKERS: u64 = 100;
const HEARD: TimeDelta = TimeDelta::hours(1);
/// Instances of failed deployments shown.
const RUNNING_ON: u64 = 100;

/// Looks at everything.
pub(crate) async fn look(api: &Api) -> Result<SystemStatus, LedgerError> {
    let now = api.ledger.now();
    api.parts.record(api.health.ask().await, now);
    let backlog = api.ledger.backlog().await?;
    let queues = crate::routes::queues::counted(api).await?;
    let workers = api.ledger.workers_seen(now - HEARD, WORKERS).await?;
    let install = api.ledger.setting("install").await?;
    let calendar = api.ledger.read_calendar().await?;
    let mut checks = Vec::new();
    for row in api.ledger.checks().await? {
        checks.extend(checked(present::check(row)?));
    }
    let over = api.ledger.running_on(RUNNING_ON).await?;
    let doubts = crate::doubts::look(api, &calendar, now).await?;
    let weather = api.ledger.open_of(WEATHER).await?;
    let waiting = Waiting {
        deployments: backlog.deployments,
        images: backlog.images,
        tasks: queues.iter().map(|queue| queue.available).sum(),
        oldest_due: queues.iter().filter_map(|queue| queue.oldest_due).min(),
    };
    let workers: Vec<WorkerSeen> = workers.into_iter().map(|one| worker(one, now)).collect();
    let mut parts = api.parts.list();
    // The health of this process tells pauses, too, where no token is needed.
    parts.retain(|part| part.name != "queues");
    parts.push(working(&workers, waiting));
    parts.push(taken_up(&queues, now));
    parts.extend(cloud(&weather));
    Ok(SystemStatus {
        ok: parts
            .iter()
            .all(|part| matches!(part.state.as_str(), "up" | "paused")),
        at: now,
        parts,
        waiting,
        workers,
        queues,
        install,
        calendar: CalendarSeen::of(&calendar, now),
        running_on: over.into_iter().map(present::runs_on).collect(),
        checks,
        doubts,
    })
}

/// What every page says on top.
#[derive(Debug, Default)]
pub(crate) struct OnTop {
    /// What is wrong, as lines for people; what can still be told when the ledger is away.
    pub(crate) trouble: Vec<String>,
    /// What cannot be relied on.
    pub(crate) doubts: Vec<Doubt>,
}

/// What there is to say on top of a page.
pub(crate) async fn on_top(api: &Api) -> OnTop {
    let (parts, checks, doubts) = match remembered(api).await {
        Some(status) => (status.parts, status.checks, status.doubts),
        None => (api.parts.list(), Vec::new(), Vec::new()),
    };
    let denied = checks.iter().filter_map(AwsCheckSeen::trouble);
    let parts = parts.iter().filter_map(Part::trouble);
    OnTop {
        trouble: parts.chain(denied).collect(),
        doubts,
    }
}

/// A check that is over, in one line.
fn checked(one: AwsCheck) -> Option<AwsCheckSeen> {
    Some(AwsCheckSeen {
        at: one.done_at?,
        verdict: one.verdict(),
        id: one.id,
        region: one.region,
        account: one.account,
        denied: one.denied,
    })
}

/// Looks at everything for the console, of which every page asks: the last is remembered, and while one looks the others
/// wait for what it sees.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statuses {
    last: Remembered<Option<SystemStatus>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// The status, not older than a second; nothing when the ledger did not tell.
async fn remembered(api: &Api) -> Option<SystemStatus> {
    let key = String::new();
    if let Some(status) = api.statuses.last.get(&key) {
        return status;
    }
    let _turn = api.statuses.turn.lock().await;
    if let Some(status) = api.statuses.last.get(&key) {
        return status;
    }
    let status = look(api).await.ok();
    api.statuses.last.put(key, status.clone());
    status
}

fn worker(one: WorkerHolding, now: Instant) -> WorkerSeen {
    let row = one.worker;
    let age = (now - row.heartbeat_at).to_std().unwrap_or_default();
    let state = match row.stopped_at {
        Some(_) => "stopped",
        None if age > SILENT => "silent",
        None => "alive",
    };
    WorkerSeen {
        name: row.name,
        version: row.version,
        state: state.to_owned(),
        started_at: row.started_at,
        heartbeat_at: row.heartbeat_at,
        holds: one.holds,
    }
}

fn part(name: &str, state: &str, since: Option<Instant>, detail: String) -> Part {
    Part {
        name: name.to_owned(),
        state: state.to_owned(),
        since,
        detail,
    }
}

fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

fn waits(waiting: Waiting) -> String {
    let verb = |number| if number == 1 { "waits" } else { "wait" };
    match (waiting.deployments, waiting.images) {
        (0, 0) => "nothing waits".to_owned(),
        (number, 0) => format!("{} {}", counted(number, "deployment"), verb(number)),
        (0, number) => format!("{} {}", counted(number, "AMI"), verb(number)),
        (deployments, images) => format!(
            "{} and {} wait",
            counted(deployments, "deployment"),
            counted(images, "AMI")
        ),
    }
}

/// Whether anybody works.
fn working(workers: &[WorkerSeen], waiting: Waiting) -> Part {
    let alive = workers.iter().filter(|one| one.state == "alive").count();
    if alive > 0 {
        let said = counted(u64::try_from(alive).unwrap_or(u64::MAX), "worker");
        return part("workers", "up", None, format!("{said} alive"));
    }
    match workers.first() {
        Some(last) => {
            let said = format!("no worker has been seen; {}", waits(waiting));
            part("workers", "down", Some(last.heartbeat_at), said)
        }
        None => {
            let said = format!("no worker was ever seen; {}", waits(waiting));
            part("workers", "down", None, said)
        }
    }
}

/// Whether due work is taken up, where no person has paused it.
fn taken_up(queues: &[Queue], now: Instant) -> Part {
    let (paused, open): (Vec<_>, Vec<_>) = queues.iter().partition(|one| one.paused.is_some());
    let oldest = open.iter().filter_map(|one| one.oldest_due).min();
    let age = oldest.map_or(Duration::ZERO, |at| (now - at).to_std().unwrap_or_default());
    if age > LATE {
        let due = open.iter().map(|one| one.available).sum();
        let said = format!(
            "{} due, the oldest for {} s",
            counted(due, "task"),
            age.as_secs()
        );
        return part("queues", "troubled", oldest, said);
    }
    let told = |queue: &&Queue| {
        let pause = queue.paused.as_ref()?;
        Some(format!("{} by {}: {}", queue.name, pause.by, pause.reason))
    };
    let said: Vec<String> = paused.iter().filter_map(told).collect();
    let pauses = paused.iter().filter_map(|one| one.paused.as_ref());
    match pauses.map(|pause| pause.since).min() {
        Some(since) => part("queues", "paused", Some(since), said.join("; ")),
        None => part("queues", "up", None, "due work is taken up".to_owned()),
    }
}

/// AWS as the waiting tasks describe it: one part when it is fair, one per trouble.
fn cloud(weather: &[finding::Model]) -> Vec<Part> {
    if weather.is_empty() {
        let said = "no task waits because AWS refuses or throttles".to_owned();
        return vec![part("cloud", "up", None, said)];
    }
    let told = |row: &finding::Model| {
        part(
            "cloud",
            "troubled",
            Some(row.first_seen_at),
            row.what.clone(),
        )
    };
    weather.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use ingot_client::QueuePause;

    use super::*;

    fn at(minute: u32) -> Instant {
        let time = Utc.with_ymd_and_hms(2026, 1, 21, 10, minute, 0).single();
        time.expect("a time")
    }

    fn waiting(deployments: u64, images: u64) -> Waiting {
        Waiting {
            deployments,
            images,
            tasks: 4,
            oldest_due: Some(at(3)),
        }
    }

    fn seen(state: &str) -> WorkerSeen {
        WorkerSeen {
            name: "w".to_owned(),
            version: "1".to_owned(),
            state: state.to_owned(),
            started_at: at(0),
            heartbeat_at: at(3),
            holds: 0,
        }
    }

    #[test]
    fn without_a_worker_it_is_said_since_when_and_what_waits() {
        let down = working(&[seen("silent"), seen("stopped")], waiting(12, 1));
        let said = "workers: down since 2026-01-21 10:03:00 UTC: no worker has been seen; 12 deployments and 1 AMI wait";
        assert_eq!(down.trouble().as_deref(), Some(said));
        let never = working(&[], waiting(0, 0));
        let said = "workers: down: no worker was ever seen; nothing waits";
        assert_eq!(never.trouble().as_deref(), Some(said));
        assert_eq!(
            working(&[seen("silent"), seen("alive")], waiting(1, 0)).trouble(),
            None
        );
    }

    #[test]
    fn work_is_late_after_thirty_seconds() {
        let soon = at(3) + TimeDelta::seconds(30);
        let queue = |paused| Queue {
            name: "ami".to_owned(),
            available: 4,
            scheduled: 0,
            running: 0,
            retryable: 0,
            discarded: 0,
            oldest_due: Some(at(3)),
            paused,
            concurrency: None,
        };
        assert_eq!(taken_up(&[queue(None)], soon).state, "up");
        let pause = QueuePause {
            since: at(4),
            by: "ann".to_owned(),
            reason: "AWS event".to_owned(),
        };
        let paused = taken_up(&[queue(Some(pause.clone()))], at(5));
        let said = "queues: paused since 2026-01-21 10:04:00 UTC: ami by ann: AWS event";
        assert_eq!(paused.trouble().as_deref(), Some(said), "it is not late");
        let late = taken_up(&[queue(Some(pause)), queue(None)], at(5));
        assert_eq!((late.state.as_str(), late.since), ("troubled", Some(at(3))));
        assert_eq!(late.detail, "4 tasks due, the oldest for 120 s");
    }
}
