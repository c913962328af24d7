//! What is asked of the API and the console, kind by kind. Every filter is asked alone and with others, at the first page
//! and deep in the ledger, for much, for little and for nothing.

use anyhow::Result;
use ingot_migration::sea_orm::DatabaseConnection;

use super::super::told::texts;

/// Requests of each kind.
pub(super) const EACH: usize = 300;

/// One kind of request.
#[derive(Debug)]
pub(super) struct Ask {
    /// In the table.
    pub(super) name: String,
    /// The statuses that are an answer.
    pub(super) statuses: &'static [u16],
    /// The paths to ask in turn.
    pub(super) paths: Vec<String>,
}

impl Ask {
    /// Whether it changes something.
    pub(super) fn posts(&self) -> bool {
        self.name.starts_with("POST")
    }
}

/// Lists of tasks; `$tsk` is any task's id as the cursor, `$dep` any deployment's.
const TASKS: [&str; 17] = [
    "",
    "?limit=200",
    "?cursor=$tsk",
    "?state=completed&cursor=$tsk",
    "?state=cancelled&cursor=$tsk",
    "?state=discarded",
    "?state=retryable",
    "?state=running",
    "?queue=launch",
    "?queue=ami&cursor=$tsk",
    "?queue=scheduler&limit=200&cursor=$tsk",
    "?queue=notify",
    "?queue=launch&state=discarded&cursor=$tsk",
    "?queue=monitor&state=cancelled",
    "?queue=launch&state=available",
    "?deployment_id=$dep",
    "?deployment_id=$dep&queue=launch&state=completed",
];

/// Lists of deployments, which are also the console's front page.
const DEPLOYMENTS: [&str; 16] = [
    "",
    "?limit=200",
    "?cursor=$dep",
    "?status=destroyed&cursor=$dep",
    "?status=failed",
    "?status=pending",
    "?status=running",
    "?template=gitea&cursor=$dep",
    "?template=postgres-ha",
    "?version=v0.7.1",
    "?version=v9.9.9",
    "?region=eu-west-1&cursor=$dep",
    "?region=ap-south-1",
    "?template=gitea&region=us-east-1",
    "?status=failed&version=v0.7.1",
    "?status=success&template=gitea&version=v0.7.1&region=eu-west-1",
];

const IMAGES: [&str; 6] = [
    "",
    "?cursor=$img",
    "?status=available",
    "?status=pending",
    "?version=v0.7.0&template=kamiwaza&region=us-east-1",
    "?region=ap-south-1",
];

const CONSOLE: [&str; 8] = [
    "/",
    "/?cursor=$dep",
    "/?status=pending",
    "/?version=v0.7.1",
    "/?template=gitea&region=us-east-1",
    "/deployments/$dep",
    "/images?version=v0.7.0&template=kamiwaza",
    "/docs",
];

const OTHERS: [&str; 12] = [
    "/v1/tasks/$tsk",
    "/v1/tasks/$given_up",
    "/v1/queues",
    "/v1/status",
    "/v1/deployments/$dep",
    "/v1/deployments/$dep/events",
    "/v1/deployments/$dep/events?after=6",
    "/v1/images/$img",
    "/v1/images/$ami",
    "/v1/templates/kamiwaza",
    "/v1/findings",
    "/metrics",
];

/// Rows to ask about, any of the whole span.
#[derive(Debug)]
pub(super) struct Rows {
    names: Vec<(&'static str, Vec<String>)>,
    failed: Vec<String>,
}

impl Rows {
    /// Draws some.
    pub(super) async fn draw(ledger: &DatabaseConnection) -> Result<Self> {
        let mut names = Vec::new();
        for (name, sql) in [
            (
                "$tsk",
                "SELECT id FROM task TABLESAMPLE BERNOULLI (0.2) REPEATABLE (7) ORDER BY md5(id) LIMIT 1000",
            ),
            (
                "$given_up",
                "SELECT id FROM task WHERE state = 'discarded' ORDER BY md5(id) LIMIT 1000",
            ),
            (
                "$dep",
                "SELECT id FROM deployment TABLESAMPLE BERNOULLI (1) REPEATABLE (7) ORDER BY md5(id) LIMIT 1000",
            ),
            ("$img", "SELECT id FROM image ORDER BY md5(id) LIMIT 1000"),
            (
                "$ami",
                "SELECT ami_id FROM image ORDER BY md5(id) LIMIT 1000",
            ),
        ] {
            names.push((name, texts(ledger, sql).await?));
        }
        let failed =
            "SELECT id FROM deployment WHERE status = 'failed' ORDER BY md5(id) LIMIT 10000";
        let failed = texts(ledger, failed).await?;
        Ok(Self { names, failed })
    }

    /// Every kind of request. Retries take failed deployments that were not retried before; `pruned` says that tasks
    /// may be gone.
    pub(super) fn asks(&mut self, pruned: bool) -> Vec<Ask> {
        let lists = [
            ("/v1/tasks", &TASKS[..]),
            ("/v1/deployments", &DEPLOYMENTS),
            ("/v1/images", &IMAGES),
            ("", &CONSOLE),
            ("", &OTHERS),
        ];
        let mut asks: Vec<Ask> = lists
            .iter()
            .flat_map(|(base, rest)| rest.iter().map(move |rest| format!("{base}{rest}")))
            .map(|form| Ask {
                paths: (0..EACH).map(|number| self.filled(&form, number)).collect(),
                statuses: match pruned && form.starts_with("/v1/tasks/") {
                    true => &[200, 404],
                    false => &[200],
                },
                name: form,
            })
            .collect();
        for (form, statuses) in [
            ("/v1/deployments/$failed/retry", &[202]),
            ("/deployments/$failed/actions/retry", &[303]),
        ] {
            let taken = self
                .failed
                .split_off(self.failed.len().saturating_sub(EACH));
            asks.push(Ask {
                name: format!("POST {form}"),
                statuses,
                paths: taken.iter().map(|id| form.replace("$failed", id)).collect(),
            });
        }
        asks
    }

    fn filled(&self, form: &str, number: usize) -> String {
        let mut path = form.to_owned();
        for (name, ids) in &self.names {
            if path.contains(name) {
                path = path.replace(name, &ids[number % ids.len()]);
            }
        }
        path
    }
}
