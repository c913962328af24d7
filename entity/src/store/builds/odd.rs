//! What the scan of each minute sees of builds: of a target one waits and one runs, what runs is watched and paid, and what
//! does not run has neither money nor an instance. Each look reads open builds, or the newest.

use ingot_domain::decide::scan::{self, Sighting};
use ingot_domain::money::Money;
use sea_orm::FromQueryResult;

use crate::store::{Ledger, LedgerError};

/// Rows of one kind that are told.
const SHOWN: u32 = 100;
/// Newest builds, and purses, whose builders and entries are looked at.
const NEWEST: u32 = 1_000;

const WAITS: &str = "('queued', 'awaiting_approval')";
const RUNS: &str = "('building', 'testing', 'publishing')";
/// States in which a task is still going to be worked on.
const LIVE: &str = "('available', 'scheduled', 'running', 'retryable')";

#[derive(FromQueryResult)]
struct Twins {
    template: String,
    version: String,
    region: String,
    builds: i64,
}

#[derive(FromQueryResult)]
struct Run {
    id: String,
    status: String,
    run: i32,
    deployment_id: Option<String>,
}

#[derive(FromQueryResult)]
struct Kept {
    build: String,
    run: i32,
    micros: i64,
}

#[derive(FromQueryResult)]
struct Left {
    id: String,
    status: String,
    builder: String,
    instance: String,
}

impl Ledger {
    /// Everything of builds that must not be.
    pub(in crate::store) async fn odd_builds(&self) -> Result<Vec<Sighting>, LedgerError> {
        let mut seen = self.twins().await?;
        seen.extend(self.untended().await?);
        seen.extend(self.kept_for_nothing().await?);
        seen.extend(self.builders_left().await?);
        Ok(seen)
    }

    /// I2: of a target one build waits at most, and one runs.
    async fn twins(&self) -> Result<Vec<Sighting>, LedgerError> {
        let mut seen = Vec::new();
        for (status, doing) in [(WAITS, "wait"), (RUNS, "run")] {
            let rows: Vec<Twins> = self
                .look(format!(
                    "SELECT template, version, region, count(*) AS builds FROM build WHERE status IN {status} \
                     GROUP BY template, version, mode, arch, region HAVING count(*) > 1 LIMIT {SHOWN}"
                ))
                .await?;
            let told = |row: Twins| {
                scan::twins(&row.template, &row.version, &row.region, row.builds, doing)
            };
            seen.extend(rows.into_iter().map(told));
        }
        Ok(seen)
    }

    /// I3 and I5: a build that runs has a task that watches it, and money that is kept for its run.
    async fn untended(&self) -> Result<Vec<Sighting>, LedgerError> {
        let runs = format!(
            "SELECT b.id, b.status, b.run, b.deployment_id FROM build b WHERE b.status IN {RUNS}"
        );
        let unwatched: Vec<Run> = self
            .look(format!(
                "{runs} AND NOT EXISTS (SELECT 1 FROM task t WHERE t.state IN {LIVE} \
                 AND t.unique_key = 'build:' || b.id || ':' || CAST(b.run AS text)) ORDER BY b.id LIMIT {SHOWN}"
            ))
            .await?;
        let unpaid: Vec<Run> = self
            .look(format!(
                "{runs} AND NOT EXISTS (SELECT 1 FROM purse_entry e WHERE e.build = b.id AND e.run = b.run \
                 AND e.kind = 'reserved') ORDER BY b.id LIMIT {SHOWN}"
            ))
            .await?;
        let unwatched = unwatched
            .iter()
            .map(|row| scan::unwatched(&row.id, &row.status, row.deployment_id.as_deref()));
        let unpaid = unpaid.iter().map(|row| scan::unpaid(&row.id, row.run));
        Ok(unwatched.chain(unpaid).collect())
    }

    /// I5: what is reserved is for a run that runs.
    async fn kept_for_nothing(&self) -> Result<Vec<Sighting>, LedgerError> {
        let rows: Vec<Kept> = self
            .look(format!(
                "SELECT e.build, e.run, max(e.micros) AS micros \
                 FROM (SELECT id FROM purse WHERE reserved_micros > 0 ORDER BY starts DESC, id LIMIT {NEWEST}) p \
                 JOIN purse_entry e ON e.purse = p.id WHERE e.kind = 'reserved' \
                 AND NOT EXISTS (SELECT 1 FROM purse_entry s WHERE s.build = e.build AND s.run = e.run \
                 AND s.purse = e.purse AND s.kind = 'settled') \
                 AND NOT EXISTS (SELECT 1 FROM build b WHERE b.id = e.build AND b.run = e.run AND b.status IN {RUNS}) \
                 GROUP BY e.build, e.run ORDER BY e.build, e.run LIMIT {SHOWN}"
            ))
            .await?;
        let told = |row: Kept| {
            let micros = u64::try_from(row.micros).unwrap_or_default();
            scan::kept(&row.build, row.run, Money::from_micros(micros))
        };
        Ok(rows.into_iter().map(told).collect())
    }

    /// I1: the builder of a build that does not run is gone, or a task ends it.
    async fn builders_left(&self) -> Result<Vec<Sighting>, LedgerError> {
        let rows: Vec<Left> = self
            .look(format!(
                "SELECT b.id AS id, b.status AS status, d.id AS builder, d.instance_id AS instance \
                 FROM (SELECT id, status, deployment_id FROM build ORDER BY created_at DESC, id DESC LIMIT {NEWEST}) b \
                 JOIN deployment d ON d.id = b.deployment_id \
                 WHERE b.status NOT IN {RUNS} AND d.instance_id IS NOT NULL \
                 AND NOT EXISTS (SELECT 1 FROM task t WHERE t.deployment_id = d.id AND t.state IN {LIVE}) \
                 ORDER BY b.id LIMIT {SHOWN}"
            ))
            .await?;
        let told =
            |row: Left| scan::builder_left(&row.id, &row.status, &row.builder, &row.instance);
        Ok(rows.into_iter().map(told).collect())
    }
}
