//! The fault matrix (FAULTS, section 2) on whole installations of real processes: each test is one or several of its rows,
//! and ends with the checker's proof that nothing was lost, doubled, left behind or told.

mod apalis;
mod aws;
mod build_kept;
mod build_points;
mod cancels;
mod clock;
mod crash_points;
mod drill;
mod foreign;
mod lost_answers;
mod network;
mod poison;
mod postgres;
mod proof;
mod redis;
mod restarts;
mod schedulers;

use std::time::Duration;

use ingot_client::{Deployment, TaskFilter};
use ingot_tests::check::{Checker, PLANTED, json};
use ingot_tests::{Options, Stack, until};
use serde_json::{Value, json as object};

/// Longer than anything takes on a busy machine; no test waits for it when all is well.
const LONG: Duration = Duration::from_secs(120);

/// A stack under observation, with canaries where secrets are (FAULTS I9).
struct Site {
    stack: Stack,
    checker: Checker,
    /// Of the next deployment's version, so that each has an image key of its own.
    next: u32,
}

impl Site {
    async fn start(options: Options) -> Self {
        let mut options = options;
        let canaries = [
            ("AWS_SECRET_ACCESS_KEY", "canary-aws-secret-key-51c0"),
            ("AWS_SESSION_TOKEN", "canary-aws-session-token-9be1"),
        ];
        for (name, value) in canaries {
            options
                .environment
                .push((name.to_owned(), value.to_owned()));
        }
        let stack = Stack::scaled_with(options).await.unwrap();
        let checker = Checker::watch(&stack).await.unwrap();
        Self {
            stack,
            checker,
            next: 0,
        }
    }

    /// With edges, and this many workers.
    async fn with_edges(workers: usize, pace: u32) -> Self {
        Self::start(Options {
            workers,
            pace,
            edges: true,
            own_postgres: true,
            ..Options::default()
        })
        .await
    }

    /// Asks for a deployment of a version of its own; answers its id.
    async fn deploy(&mut self) -> String {
        let key = uuid::Uuid::new_v4().to_string();
        self.next += 1;
        let mut order = Stack::order(&format!("v0.0.{}", self.next));
        order.user_data = Some(format!("#!/bin/bash\n# {PLANTED}\n"));
        let asked = until("an accepted deployment", LONG, async || {
            Ok(Some(
                self.stack.client.create_deployment(&order, &key).await?,
            ))
        });
        let id = asked.await.unwrap().id;
        self.checker.accepted(&id);
        id
    }

    /// So many of them.
    async fn load(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.deploy().await);
        }
        ids
    }

    async fn reaches(&self, id: &str, wanted: impl Fn(&Deployment) -> bool) -> Deployment {
        self.stack.wait_deployment(id, wanted, LONG).await.unwrap()
    }

    /// All of them end as they must without a fault.
    async fn succeed(&self, ids: &[String]) {
        for id in ids {
            let seen = self.reaches(id, |seen| seen.finished).await;
            assert_eq!(
                (seen.status.as_str(), seen.ami_creation_status.as_deref()),
                ("success", Some("completed")),
                "{seen:#?}\n{:#?}",
                self.stack.story(id).await
            );
        }
    }

    /// The invariants hold, at once or soon.
    async fn holds(&self) {
        self.checker.holds(&self.stack, LONG).await.unwrap();
    }

    /// Orders a fault of the region.
    async fn fault(&self, fault: Value) {
        self.stack.region.post("faults", &fault).await.unwrap();
    }

    /// The one JSON value a query answers.
    async fn one(&self, sql: &str) -> Value {
        let rows = json(self.checker.db(), sql).await.unwrap();
        rows.into_iter().next().unwrap_or(Value::Null)
    }

    /// The worker that holds the deployment's task of this kind, by place.
    async fn holder(&self, id: &str, kind: &str) -> usize {
        let sql = format!(
            "SELECT to_jsonb(worker) FROM task WHERE deployment_id = '{id}' AND kind = '{kind}' AND state = 'running'"
        );
        until("the task's holder", LONG, async || {
            let name = self.one(&sql).await;
            Ok(name.as_str().and_then(|name| self.stack.worker_named(name)))
        })
        .await
        .unwrap()
    }

    /// Whether a worker says that it can work.
    async fn ready(&self, place: usize) -> bool {
        let url = format!("{}/readyz", self.stack.metrics[place]);
        let answer = reqwest::get(url).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    async fn until_ready(&self, place: usize, wanted: bool, within: Duration) {
        let what = format!("worker {place} to be ready: {wanted}");
        until(&what, within, async || {
            Ok((self.ready(place).await == wanted).then_some(()))
        })
        .await
        .unwrap();
    }

    /// The sum of a counter over all its labels, at one worker.
    async fn counter(&self, place: usize, name: &str) -> f64 {
        let url = format!("{}/metrics", self.stack.metrics[place]);
        let Ok(answer) = reqwest::get(url).await else {
            return 0.0;
        };
        let text = answer.text().await.unwrap_or_default();
        text.lines()
            .filter(|line| line.starts_with(name))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// No visit of these deployments failed: what the fault cost was waiting.
    async fn burnt_nothing(&self, ids: &[String]) {
        for id in ids {
            let filter = TaskFilter {
                deployment_id: Some(id.clone()),
                ..Default::default()
            };
            for task in self.stack.client.tasks(&filter).await.unwrap().items {
                // None while it is snoozed, one when it has ended.
                assert!(task.attempt <= 1 && task.crashes == 0, "{task:#?}");
            }
        }
    }
}
