//! FAULTS F40: the API under attack for half a minute, from this machine only: unknown tokens at a thousand requests a
//! second, clients that never finish their request, live logs by the thousand, heads of a MiB. Meanwhile good clients work
//! as ever, and so do the workers.

mod good;
mod hostile;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ingot_client::deployment::{CreateDeployment, DeploymentFilter};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::report::Report;
use super::site::{LONG, Site};
use crate::stack::{Options, Stack};
use good::Customer;
use hostile::Counts;

const ATTACK: Duration = Duration::from_secs(30);
/// Requests a second with unknown tokens.
const RATE: u32 = 1_000;
/// Clients that send a byte a second.
const SLOW: usize = 400;
/// Live logs that are asked for; fewer where this process may not open as many files.
const LISTENERS: usize = 3_000;
/// Files each of both sides needs besides.
const SPARE: usize = 2_500;
/// What a good client may wait (FAULTS F40).
const P99: Duration = Duration::from_millis(500);
/// What 99 of 100 tasks wait for a worker at most where the attack has the machine to itself, in seconds: a bucket of the
/// histogram, well below the 5 s of I11.
const QUICK: Bound = Bound {
    seconds: "2.5",
    share: 0.99,
};
/// What I11 asks of every machine: 95 of 100 within 5 s.
const I11: Bound = Bound {
    seconds: "5",
    share: 0.95,
};

/// A bucket of the histogram of waits, and the share of the tasks that must lie in it.
#[derive(Debug, Clone, Copy)]
struct Bound {
    seconds: &'static str,
    share: f64,
}

pub(super) async fn play(seed: u64, report: &mut Report<'_>) -> Result<()> {
    let mut site = Site::start(Options {
        workers: 2,
        pace: 60,
        ..Options::default()
    })
    .await?;
    let stack = &site.stack;
    let address = stack.client.base().trim_start_matches("http://").to_owned();
    // A deployment that is never started: its live log never ends.
    let order = CreateDeployment {
        start: Some(false),
        ..Stack::order("v9.9.9")
    };
    let quiet = stack.client.create_deployment(&order, "quiet").await?.id;
    let ids = site.load(12).await?;
    let stack = &site.stack;
    let followed = ids.first().context("a deployment")?.clone();
    let follower = tokio::spawn(good::follow(stack.client.clone(), followed));
    // Connections and statements of both sides are made first.
    customers(stack, Duration::from_secs(3)).await?;
    let calm = customers(stack, Duration::from_secs(5)).await?;
    let listeners = LISTENERS.min(files()?.saturating_sub(SPARE));
    if listeners < LISTENERS {
        report.skips(format!(
            "{} of {LISTENERS} live logs: this process may open {} files (`ulimit -n`)",
            LISTENERS - listeners,
            files()?
        ));
    }
    // Two busy processes beside us halve what the attack leaves to the workers, which proves nothing about them: 421 of 429
    // waits were below 2.5 s then, and the p99 of the good clients before the attack had told so.
    let bound = if others_work(&calm) { I11 } else { QUICK };
    let waited = waits(&site, bound).await?;
    let counts = Arc::new(Counts::default());
    let (end, mut crowd) = (CancellationToken::new(), JoinSet::new());
    hostile::strangers(&address, seed, RATE, &counts, &end, &mut crowd);
    hostile::slow(&address, SLOW, &counts, &end, &mut crowd);
    hostile::listeners(
        &address,
        &stack.token,
        &quiet,
        listeners,
        &counts,
        &end,
        &mut crowd,
    );
    hostile::giants(&address, &counts, &end, &mut crowd);
    let began = Instant::now();
    let attacked = customers(stack, ATTACK).await?;
    let took = began.elapsed();
    end.cancel();
    while crowd.join_next().await.is_some() {}
    report.did(format!("attacked for {took:.0?}: {counts}"));
    judge(&counts, &calm, &attacked, report);
    let after = waits(&site, bound).await?;
    let (all, quick) = (after.0 - waited.0, after.1 - waited.1);
    let (seconds, share) = (bound.seconds, bound.share * 100.0);
    report.proves(
        all > 0.0 && quick >= all * bound.share,
        format!("{quick} of {all} tasks that were due meanwhile waited for a worker less than {seconds} s, {share} % must (I11)"),
    );
    site.succeed(&ids).await?;
    let lines = tokio::time::timeout(LONG, follower).await???;
    report.proves(
        lines > 5,
        format!("a live log opened before went on to its end ({lines} lines), and all {} deployments succeeded", ids.len()),
    );
    cancel_pending(&site.stack).await?;
    site.holds(report).await
}

/// Deployments that were not started would never be over.
async fn cancel_pending(stack: &Stack) -> Result<()> {
    let filter = DeploymentFilter {
        status: Some("pending".to_owned()),
        limit: Some(200),
        ..DeploymentFilter::default()
    };
    loop {
        let pending = stack.client.deployments(&filter).await?.items;
        if pending.is_empty() {
            return Ok(());
        }
        for one in pending {
            stack.client.act(&one.id, "cancel").await?;
        }
    }
}

/// Whether others keep this machine so busy that its own slowness would be judged.
fn others_work(calm: &Customer) -> bool {
    calm.quantile(990) > P99 / 4
}

fn judge(counts: &Counts, calm: &Customer, attacked: &Customer, report: &mut Report<'_>) {
    report.proves(
        attacked.wrong.is_empty() && attacked.served() > 100,
        format!(
            "good clients were all served: {}; before the attack {}; refused or failed: {:?}",
            attacked.words(),
            calm.words(),
            attacked.wrong
        ),
    );
    if others_work(calm) {
        report.skips(format!(
            "the p99 of good clients: others keep this machine so busy that it was {:.0?} before the attack; it was {:.0?} in it",
            calm.quantile(990),
            attacked.quantile(990)
        ));
    } else {
        let p99 = attacked.quantile(990);
        report.proves(
            p99 < P99,
            format!("their p99 was {p99:.0?}, which is below {P99:.0?}"),
        );
    }
    let throttled = counts.throttled();
    report.proves(
        throttled > 0,
        format!("{throttled} unknown tokens were answered 429 with Retry-After and cost no look into the ledger"),
    );
    report.proves(
        counts.hung_up() > 0,
        format!(
            "{} clients that did not finish their head were hung up on",
            counts.hung_up()
        ),
    );
    report.proves(
        counts.no_room() > 0 || counts.listening() < 1_024,
        format!(
            "{} live logs were open at once, {} more were answered 429 with Retry-After",
            counts.listening(),
            counts.no_room()
        ),
    );
    report.proves(
        counts.too_long() > 0,
        format!(
            "{} heads of a MiB were answered 431 or hung up on",
            counts.too_long()
        ),
    );
}

/// Four of them for a while.
async fn customers(stack: &Stack, time: Duration) -> Result<Customer> {
    let mut four = JoinSet::new();
    for number in 0..4 {
        let (base, token) = (stack.client.base().to_owned(), stack.token.clone());
        four.spawn(good::customer(base, token, number, time));
    }
    let mut all = Customer::default();
    while let Some(one) = four.join_next().await {
        all.add(one??);
    }
    Ok(all)
}

/// How many tasks were claimed so far, and how many of them within the bound.
async fn waits(site: &Site, bound: Bound) -> Result<(f64, f64)> {
    let bucket = format!("le=\"{}\"", bound.seconds);
    Ok((
        site.metric("ingot_queue_wait_seconds_count", "").await?,
        site.metric("ingot_queue_wait_seconds_bucket", &bucket)
            .await?,
    ))
}

/// Files this process, and with it each of its children, may open.
fn files() -> Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|rest| rest.split_whitespace().next());
    // `unlimited` is more than anybody needs.
    Ok(soft
        .context("a limit of open files")?
        .parse()
        .unwrap_or(usize::MAX))
}
