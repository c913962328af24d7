//! What a fleet of builds costs one worker: 200 of them in ten regions, launched, installed, probed, captured and ended at the
//! same time, in real time from the first request to the last image.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ingot_client::RevisionFilter;
use ingot_client::build::NewBuild;
use ingot_client::policy::PolicyImport;
use serde_json::json;

use super::figure::Figure;
use super::part;
use super::proc::cost;
use super::scan::REGIONS;
use super::told::{connect, number};
use crate::stack::Stack;
use crate::wait::until;

/// Builds of each of the ten regions.
const EACH: usize = 20;
/// Simulated seconds of an installation.
const INSTALL: u64 = 240;
const LONG: Duration = Duration::from_secs(60 * 60);
const CORES: f64 = 1.0;

/// Neither places nor money hold one back.
const POLICY: &str = "auto_ami_policy: {max_parallel_builds: 1000, daily_budget: 1000000}";

/// Measures it on a fresh stack of one worker that may use [`REGIONS`].
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let each = part(EACH);
    let order = json!({ "install": INSTALL, "times": 0 });
    stack.region.post("next_guest", &order).await?;
    let how = PolicyImport::default();
    stack.client.import_policy(POLICY, &how).await?;
    let built_in = stack
        .client
        .template_yaml("kamiwaza", RevisionFilter::default());
    let built_in = built_in.await?;
    for number in 0..each {
        let name = format!("name: fleet-{number}\n");
        let yaml = built_in.replace("name: kamiwaza\n", &name);
        let key = format!("fleet-{number}");
        stack.client.apply_template(&yaml, &key).await?;
    }
    let worker = stack.workers.first().and_then(|worker| worker.pid());
    let worker = worker.context("no worker")?;
    let (before, began) = (cost(worker)?, Instant::now());
    for region in REGIONS.split(',') {
        for number in 0..each {
            let build = NewBuild {
                template: format!("fleet-{number}"),
                version: Some("v1.2.0".to_owned()),
                region: Some(region.to_owned()),
                ..NewBuild::default()
            };
            let key = format!("fleet-{number}-{region}");
            stack.client.ask_build(&build, &key).await?;
        }
    }
    let all = i64::try_from(each * REGIONS.split(',').count())?;
    let ledger = connect(&stack.database.as_ref().context("a stack on Postgres")?.url).await?;
    let most = std::cell::Cell::new(0);
    until("the end of every build", LONG, || async {
        let running = "SELECT count(*) FROM build WHERE status = 'building'";
        most.set(most.get().max(number(&ledger, running).await?));
        let open = "SELECT count(*) FROM build WHERE ended_at IS NULL";
        Ok((number(&ledger, open).await? == 0).then_some(()))
    })
    .await?;
    let (span, after) = (began.elapsed().as_secs_f64(), cost(worker)?);
    let made = number(
        &ledger,
        "SELECT count(*) FROM build WHERE status = 'completed'",
    )
    .await?;
    ensure!(made == all, "{made} of {all} builds came to an image");
    let cores = (after.cpu - before.cpu).as_secs_f64() / span;
    let most = most.get();
    Ok(vec![Figure::judged(
        &format!("{all} builds in 10 regions on one worker, CPU"),
        "< 1 core",
        format!("{cores:.2} cores over {span:.0} s; at most {most} at once"),
        cores < CORES,
    )])
}
