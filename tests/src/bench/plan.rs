//! How long the plan takes over 1,000 templates that each wait for twenty updates, as `GET /v1/plan` answers it; the scheduler
//! calls the same function.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ingot_client::plan::PlanFilter;
use ingot_migration::sea_orm::ConnectionTrait;

use super::figure::Figure;
use super::sample::Sample;
use super::security::TEMPLATES;
use super::told::connect;
use crate::stack::Stack;

const ROUNDS: usize = 40;
/// Microseconds.
const TARGET: i64 = 200_000;

/// A build waits per template, for which twenty updates ask.
const ROWS: [&str; 4] = [
    TEMPLATES,
    "INSERT INTO build (id, template, version, mode, arch, region, status, priority, requested_at, late, run, cancelling,
       row_version, event_seq, created_at)
     SELECT 'bld_' || md5(n::text), 'bench-' || n, 'v1.0.0', 'full', 'x86_64', 'us-east-1', 'queued', 0,
       date_trunc('second', now()), false, 0, false, 0, 0, now()
     FROM generate_series(1, 1000) n",
    "INSERT INTO build_request (id, build_id, request_key, trigger, level, urgent, about, said, approved, requested_at, since)
     SELECT 'req_' || md5(n || '/' || m), 'bld_' || md5(n::text), n || '/' || m, 'security',
       (ARRAY['critical', 'high', 'medium', 'low'])[1 + (n + m) % 4], false, 'upd_' || m, 'an update', false,
       date_trunc('second', now()) - make_interval(hours => m), date_trunc('second', now()) - make_interval(hours => m)
     FROM generate_series(1, 1000) n, generate_series(1, 20) m",
    "ANALYZE",
];

/// Measures it on a fresh stack without a worker, which would start builds.
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let url = &stack.database.as_ref().context("a stack on Postgres")?.url;
    // The built-in template is written down by the first look at it.
    stack.client.templates().await?;
    let database = connect(url).await?;
    for rows in ROWS {
        database.execute_unprepared(rows).await?;
    }
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let plan = stack.client.plan(&PlanFilter::default()).await?;
        took.push(i64::try_from(began.elapsed().as_micros())?);
        ensure!(plan.builds.len() == 1000, "{} builds", plan.builds.len());
    }
    let took = Sample::of(took);
    Ok(vec![Figure::judged(
        "the plan over 1,000 templates × 20 waiting updates",
        "p99 ≤ 200 ms",
        took.words(),
        took.p99() <= TARGET,
    )])
}
