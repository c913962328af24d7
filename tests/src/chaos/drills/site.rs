//! The installation of a drill: a stack under the checker's eyes, and deployments of versions of their own.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use tokio::time::Instant;

use super::report::Report;
use crate::check::{Checker, json};
use crate::stack::{Options, Stack};
use crate::wait::until;

/// Longer than anything takes on a busy machine; no test waits so long when all is well.
pub(super) const LONG: Duration = Duration::from_secs(180);

/// Age of the oldest due task that no worker has taken, in seconds.
const OLDEST: &str = "SELECT to_jsonb(coalesce(max(extract(epoch FROM clock_timestamp() - run_at)), 0)) FROM task \
    WHERE state IN ('available', 'scheduled', 'retryable') AND run_at < clock_timestamp()";

/// A running installation.
pub(super) struct Site {
    pub(super) stack: Stack,
    pub(super) checker: Checker,
    /// Of the next deployment's version, so that each has an image key of its own.
    next: u32,
}

impl Site {
    /// Starts one.
    pub(super) async fn start(options: Options) -> Result<Self> {
        let stack = Stack::scaled_with(options).await?;
        let checker = Checker::watch(&stack).await?;
        Ok(Self {
            stack,
            checker,
            next: 0,
        })
    }

    /// Asks for a deployment of a version of its own until it is accepted; answers its id.
    pub(super) async fn deploy(&mut self) -> Result<String> {
        self.next += 1;
        let order = Stack::order(&format!("v0.1.{}", self.next));
        // The same key until there is an answer: at most one deployment comes of it.
        let key = uuid::Uuid::new_v4().to_string();
        let client = self.stack.client.clone();
        let made = until("an accepted deployment", LONG, async || {
            Ok(Some(client.create_deployment(&order, &key).await?))
        });
        let id = made.await?.id;
        self.checker.accepted(&id);
        Ok(id)
    }

    /// So many of them.
    pub(super) async fn load(&mut self, count: usize) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.deploy().await?);
        }
        Ok(ids)
    }

    /// One after the other for a while, with a pause between them.
    pub(super) async fn load_for(
        &mut self,
        time: Duration,
        pause: Duration,
    ) -> Result<Vec<String>> {
        let (end, mut ids) = (Instant::now() + time, Vec::new());
        while Instant::now() < end {
            ids.push(self.deploy().await?);
            tokio::time::sleep(pause).await;
        }
        Ok(ids)
    }

    /// All of them end as they must without a fault: software that answers, and its AMI.
    pub(super) async fn succeed(&self, ids: &[String]) -> Result<()> {
        for id in ids {
            let seen = self.stack.wait_finished(id, LONG).await?;
            let ami = seen.ami_creation_status.as_deref();
            ensure!(
                seen.status.as_str() == "success" && ami == Some("completed"),
                "deployment {id} ended as {} with AMI {ami:?}: {:?}",
                seen.status,
                seen.error_message
            );
        }
        Ok(())
    }

    /// What the checker says once everything is at rest.
    pub(super) async fn holds(&self, report: &mut Report<'_>) -> Result<()> {
        let mut wrong = self.checker.settle(&self.stack, LONG).await?;
        if !wrong.is_empty() {
            wrong.push(self.stack.said());
        }
        report.proves_none(
            &wrong,
            "the checker finds nothing lost, doubled, left behind or told (I1-I4, I6, I9, I12)",
        );
        Ok(())
    }

    /// Age of the oldest due task that no worker has taken.
    pub(super) async fn oldest_due(&self) -> Result<Duration> {
        let age = self.one(OLDEST).await?.as_f64().unwrap_or_default();
        Ok(Duration::try_from_secs_f64(age.max(0.0))?)
    }

    /// The one value of a query.
    pub(super) async fn one(&self, sql: &str) -> Result<Value> {
        let rows = json(self.checker.db(), sql).await?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    /// The sum of a metric over all workers and the series whose labels hold `label`; 0 where there is none.
    pub(super) async fn metric(&self, name: &str, label: &str) -> Result<f64> {
        let mut sum = 0.0;
        for listening in &self.stack.metrics {
            let answer = reqwest::get(format!("{listening}/metrics")).await?;
            for line in answer.error_for_status()?.text().await?.lines() {
                let Some((series, value)) = line.rsplit_once(' ') else {
                    continue;
                };
                let (this, labels) = series.split_once('{').unwrap_or((series, ""));
                if this == name && labels.contains(label) {
                    sum += value.parse::<f64>()?;
                }
            }
        }
        Ok(sum)
    }
}
