//! The facts of the invariant scan: set-based looks at what is live or recent, each over an index that holds little more,
//! so that a million finished tasks cost nothing. Conditions are written out, because a partial index is only used when the
//! query repeats its condition word for word (SQLite) or with constants (Postgres).

use ingot_domain::Instant;
use ingot_domain::decide::scan::{self, ABANDONED, LATE, Sighting};
use ingot_domain::task::MAX_CRASHES;
use ingot_domain::wait::Wait;
use sea_orm::{DbBackend, FromQueryResult, Statement};

use super::clock::{delta, now_plus};
use super::queues::PAUSED;
use super::{Ledger, LedgerError};

/// Rows of one kind a scan tells; more of the same would not help anybody.
const SHOWN: u32 = 100;
/// Newest deployments whose events are counted, and newest effects that are compared.
const NEWEST: u32 = 1_000;

/// States in which a task is still going to be worked on.
const LIVE: &str = "('available', 'scheduled', 'running', 'retryable')";
const WAITING: &str = "('available', 'scheduled', 'retryable')";

/// What a scan saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Everything that must not be, and the weather.
    pub seen: Vec<Sighting>,
}

#[derive(FromQueryResult)]
struct Deployment {
    id: String,
    status: String,
    ami_status: Option<String>,
    instance_id: Option<String>,
}

#[derive(FromQueryResult)]
struct Gap {
    id: String,
    event_seq: i64,
    events: i64,
}

#[derive(FromQueryResult)]
struct Twice {
    deployment_id: String,
    run: i32,
    made: i64,
}

#[derive(FromQueryResult)]
struct Task {
    id: String,
    state: String,
    deployment_id: Option<String>,
    attempt: i32,
    crashes: i32,
}

#[derive(FromQueryResult)]
struct Held {
    worker: Option<String>,
    tasks: i64,
}

#[derive(FromQueryResult)]
struct Late {
    queue: String,
    tasks: i64,
    oldest: Instant,
}

#[derive(FromQueryResult)]
struct Weather {
    region: Option<String>,
    wait: String,
    tasks: i64,
}

impl Ledger {
    pub(super) fn db_backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    pub(super) async fn look<T: FromQueryResult>(
        &self,
        sql: String,
    ) -> Result<Vec<T>, LedgerError> {
        let statement = Statement::from_string(self.db_backend(), sql);
        Ok(T::find_by_statement(statement).all(&self.db).await?)
    }

    /// Looks once at everything the tables can show of the invariants.
    pub async fn scan(&self) -> Result<Scan, LedgerError> {
        let mut seen = self.stranded().await?;
        seen.extend(self.gaps().await?);
        seen.extend(self.twice().await?);
        seen.extend(self.odd_tasks().await?);
        seen.extend(self.odd_purses().await?);
        seen.extend(self.odd_builds().await?);
        seen.extend(self.late_work().await?);
        seen.extend(self.weather().await?);
        Ok(Scan { seen })
    }

    /// I3, and I1 of deployments that are over: nothing live works for them.
    async fn stranded(&self) -> Result<Vec<Sighting>, LedgerError> {
        let idle = format!(
            "NOT EXISTS (SELECT 1 FROM task t WHERE t.deployment_id = d.id AND t.state IN {LIVE}) ORDER BY d.id LIMIT {SHOWN}"
        );
        let columns = "SELECT d.id, d.status, d.ami_status, d.instance_id FROM deployment d WHERE";
        let mut seen = Vec::new();
        for condition in [
            "d.status IN ('queued', 'deploying', 'running')",
            "d.ami_status IN ('pending', 'creating')",
        ] {
            let rows: Vec<Deployment> = self
                .look(format!("{columns} {condition} AND {idle}"))
                .await?;
            for row in rows {
                let one = scan::stranded(&row.id, &row.status, row.ami_status.as_deref());
                if !seen.contains(&one) {
                    seen.push(one);
                }
            }
        }
        let left = "d.status IN ('cancelled', 'destroyed') AND d.instance_id IS NOT NULL";
        let rows: Vec<Deployment> = self.look(format!("{columns} {left} AND {idle}")).await?;
        seen.extend(
            rows.into_iter()
                .filter_map(|row| Some(scan::leftover(&row.id, &row.status, &row.instance_id?))),
        );
        Ok(seen)
    }

    /// I4: events of the newest and of the working deployments. One statement each, so that it sees one moment.
    async fn gaps(&self) -> Result<Vec<Sighting>, LedgerError> {
        let mut seen = Vec::new();
        for which in [
            String::new(),
            "WHERE status IN ('queued', 'deploying', 'running')".to_owned(),
        ] {
            let rows: Vec<Gap> = self
                .look(format!(
                    "SELECT d.id AS id, d.event_seq AS event_seq, count(e.seq) AS events \
                     FROM (SELECT id, event_seq FROM deployment {which} ORDER BY id DESC LIMIT {NEWEST}) d \
                     LEFT JOIN event e ON e.deployment_id = d.id GROUP BY d.id, d.event_seq \
                     HAVING count(e.seq) <> d.event_seq OR coalesce(max(e.seq), 0) <> d.event_seq LIMIT {SHOWN}"
                ))
                .await?;
            for row in rows {
                let one = scan::gap(&row.id, row.event_seq, row.events);
                if !seen.contains(&one) {
                    seen.push(one);
                }
            }
        }
        Ok(seen)
    }

    /// I2: a run launches once; a second launch needs the first to have surely made nothing.
    async fn twice(&self) -> Result<Vec<Sighting>, LedgerError> {
        let rows: Vec<Twice> = self
            .look(format!(
                "SELECT deployment_id, run, count(*) AS made FROM \
                 (SELECT deployment_id, run, kind, state FROM effect ORDER BY id DESC LIMIT {NEWEST}) e \
                 WHERE kind = 'launch' AND state = 'done' GROUP BY deployment_id, run HAVING count(*) > 1 LIMIT {SHOWN}"
            ))
            .await?;
        let told = |row: Twice| scan::twice(&row.deployment_id, row.run, row.made);
        Ok(rows.into_iter().map(told).collect())
    }

    /// I4 and I6: live tasks whose columns contradict their state or that were tried too often, and those given up without
    /// a word. A crash in the last attempt may add as many claims as there may be crashes.
    async fn odd_tasks(&self) -> Result<Vec<Sighting>, LedgerError> {
        let columns = "SELECT id, state, deployment_id, attempt, crashes FROM task WHERE";
        let contradicts = [
            "state = 'running' AND (worker IS NULL OR lease_until IS NULL OR epoch < 1)".to_owned(),
            format!("state IN {WAITING} AND (finished_at IS NOT NULL OR lease_until IS NOT NULL)"),
        ];
        let tired = format!("(attempt > max_attempts + {MAX_CRASHES} OR crashes > {MAX_CRASHES})");
        let queues: Vec<String> = ingot_domain::task::Queue::ALL
            .iter()
            .map(|queue| format!("'{queue}'"))
            .collect();
        let worn = [
            format!("state = 'running' AND {tired}"),
            format!("state IN {WAITING} AND {tired}"),
            format!(
                "queue IN ({}) AND state = 'discarded' AND last_error IS NULL",
                queues.join(", ")
            ),
        ];
        let mut seen = Vec::new();
        for condition in contradicts {
            let rows: Vec<Task> = self
                .look(format!("{columns} {condition} LIMIT {SHOWN}"))
                .await?;
            seen.extend(
                rows.iter()
                    .map(|row| scan::odd_task(&row.id, &row.state, row.deployment_id.as_deref())),
            );
        }
        for condition in worn {
            let rows: Vec<Task> = self
                .look(format!("{columns} {condition} LIMIT {SHOWN}"))
                .await?;
            seen.extend(rows.iter().map(|row| {
                let about = row.deployment_id.as_deref();
                scan::worn(&row.id, row.attempt, row.crashes, &row.state, about)
            }));
        }
        Ok(seen)
    }

    /// I10 and I12: leases that no worker took over, and due work that no worker takes up, but in paused queues.
    async fn late_work(&self) -> Result<Vec<Sighting>, LedgerError> {
        let backend = self.db_backend();
        let abandoned = now_plus(backend, -delta(ABANDONED));
        let held: Vec<Held> = self
            .look(format!(
                "SELECT worker, count(*) AS tasks FROM task \
                 WHERE state = 'running' AND lease_until < {abandoned} AND queue NOT IN {PAUSED} GROUP BY worker LIMIT {SHOWN}"
            ))
            .await?;
        let overdue = now_plus(backend, -delta(LATE));
        let late: Vec<Late> = self
            .look(format!(
                "SELECT queue, count(*) AS tasks, min(run_at) AS oldest FROM task \
                 WHERE state IN {WAITING} AND run_at < {overdue} AND queue NOT IN {PAUSED} GROUP BY queue"
            ))
            .await?;
        let now = self.now();
        let held = held
            .iter()
            .map(|row| scan::abandoned(row.worker.as_deref().unwrap_or("(nobody)"), row.tasks));
        let late = late.iter().map(|row| {
            let age = (now - row.oldest).to_std().unwrap_or_default();
            scan::late(&row.queue, row.tasks, age)
        });
        Ok(held.chain(late).collect())
    }

    /// What the waiting tasks say about AWS, by region.
    async fn weather(&self) -> Result<Vec<Sighting>, LedgerError> {
        let rows: Vec<Weather> = self
            .look(format!(
                "SELECT coalesce(d.region, i.region, t.scope) AS region, t.wait AS wait, count(*) AS tasks FROM task t \
                 LEFT JOIN deployment d ON d.id = t.deployment_id LEFT JOIN image i ON i.id = t.scope \
                 WHERE t.state IN {WAITING} AND t.wait IS NOT NULL AND t.waiting_for IS NOT NULL \
                 GROUP BY coalesce(d.region, i.region, t.scope), t.wait"
            ))
            .await?;
        let told = rows.iter().filter_map(|row| {
            let wait: Wait = serde_json::from_str(&row.wait).ok()?;
            let region = row.region.as_deref().unwrap_or("AWS");
            wait.is_weather()
                .then(|| scan::weather(region, &wait, row.tasks))
        });
        Ok(told.take(SHOWN as usize).collect())
    }
}
