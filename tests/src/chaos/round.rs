//! One round: an installation, its load, the blows of a schedule, healing, and what the checker says.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tokio::time::Instant;

use super::load::load;
use super::schedule::{Blow, Fault, Schedule, Server, WORKERS, Whose};
use super::strangers;
use crate::check::{Checker, json};
use crate::edge::Edge;
use crate::stack::{Edges, Options, Stack};

/// An installation is at rest again this long after it was healed (I3 allows ten minutes).
const REST: Duration = Duration::from_secs(180);
/// Simulated seconds per second: a deployment lives longer than its round's faults are apart.
const PACE: u32 = 240;

/// Plays a schedule on an installation of its own; answers the violations.
pub(super) async fn play(schedule: &Schedule) -> Result<Vec<String>> {
    let options = Options {
        workers: WORKERS,
        pace: PACE,
        edges: true,
        own_postgres: true,
        ..Options::default()
    };
    let mut stack = Stack::scaled_with(options).await?;
    let mut checker = Checker::watch(&stack).await?;
    let beside = tokio::spawn(strangers::live(stack.region.clone(), schedule.seed));
    let loading = tokio::spawn(load(stack.client.clone(), schedule.seed));
    let begin = Instant::now();
    let mut over: Vec<(Instant, Fault)> = Vec::new();
    for blow in &schedule.blows {
        heal_until(&mut stack, &mut over, begin + blow.at).await?;
        strike(&mut stack, blow)
            .await
            .with_context(|| format!("fault {}: {:?}", blow.number, blow.fault))?;
        over.push((Instant::now() + blow.lasts, blow.fault.clone()));
    }
    let last = over.iter().map(|(at, _)| *at).max().unwrap_or(begin);
    heal_until(&mut stack, &mut over, last).await?;
    heal_everything(&mut stack).await?;
    beside.await?;
    for id in loading.await?? {
        checker.accepted(&id);
    }
    let mut wrong = checker.settle(&stack, REST).await?;
    wrong.extend(unlucky(&checker).await?);
    if !wrong.is_empty() {
        wrong.push(stack.said());
    }
    Ok(wrong)
}

/// No fault of ours is a reason for a deployment to fail: it waits.
async fn unlucky(checker: &Checker) -> Result<Vec<String>> {
    let failed = "SELECT jsonb_build_object('id', id, 'status', status, 'why', error_message, 'ami', ami_status, \
        'ami_why', ami_error) FROM deployment WHERE status IN ('failed', 'readiness_timeout') OR ami_status = 'failed'";
    let rows = json(checker.db(), failed).await?;
    Ok(rows
        .iter()
        .map(|row| format!("I3: a deployment failed of it: {row}"))
        .collect())
}

/// Ends what is over by an instant, each at its time.
async fn heal_until(
    stack: &mut Stack,
    over: &mut Vec<(Instant, Fault)>,
    until: Instant,
) -> Result<()> {
    over.sort_by_key(|(at, _)| *at);
    while over.first().is_some_and(|(at, _)| *at <= until) {
        let (at, fault) = over.remove(0);
        tokio::time::sleep_until(at).await;
        heal(stack, &fault).await?;
    }
    tokio::time::sleep_until(until).await;
    Ok(())
}

fn edges(stack: &Stack, whose: Whose) -> Result<&Edges> {
    match whose {
        Whose::Api => stack.api_edges.as_ref(),
        Whose::Worker(place) => stack.edges.get(place),
    }
    .context("a stack with edges")
}

fn edge(stack: &Stack, whose: Whose, server: Server) -> Result<&Edge> {
    let edges = edges(stack, whose)?;
    Ok(match server {
        Server::Postgres => &edges.postgres,
        Server::Redis => &edges.redis,
        Server::Region => &edges.region,
    })
}

async fn strike(stack: &mut Stack, blow: &Blow) -> Result<()> {
    match &blow.fault {
        Fault::Kill(Whose::Api) => stack.api.kill9().await,
        Fault::Kill(Whose::Worker(place)) => stack.kill_worker(*place).await,
        Fault::Restart(Whose::Api) if stack.api.runs() => stack.api.terminate().await,
        Fault::Restart(Whose::Worker(place)) if stack.workers[*place].runs() => {
            stack.workers[*place].terminate().await
        }
        Fault::Freeze(place) if stack.workers[*place].runs() => {
            stack.workers[*place].signal("STOP").await
        }
        // It is dead already.
        Fault::Restart(_) | Fault::Freeze(_) => Ok(()),
        Fault::Edge(whose, server, trouble) => {
            edge(stack, *whose, *server)?.set(*trouble);
            Ok(())
        }
        Fault::Commit(whose, moment, times) => {
            let edge = edge(stack, *whose, Server::Postgres)?;
            edge.cut_at(crate::edge::COMMIT, *moment, *times);
            Ok(())
        }
        Fault::Flush => {
            // Ignored: an earlier fault may have killed it; then it comes back as empty.
            let _ = stack.redis()?.flushall().await;
            Ok(())
        }
        Fault::LoseRedis => {
            // Ignored: an earlier fault may have killed it.
            let _ = stack.redis()?.kill().await;
            Ok(())
        }
        Fault::StallRedis => {
            let _ = stack.redis()?.stall().await;
            Ok(())
        }
        Fault::RestartPostgres(mode) => {
            let postgres = stack.postgres.as_ref().context("a Postgres of its own")?;
            postgres.restart(mode).await
        }
        Fault::Region(kind, action, times) => {
            let mut fault = json!({ "action": action, "kind": kind, "times": times });
            if let "throttle" | "broken" = *kind {
                fault["kind"] = json!("error");
                fault["code"] = json!(match *kind {
                    "throttle" => "RequestLimitExceeded",
                    _ => "InternalError",
                });
            }
            stack.region.post("faults", &fault).await?;
            Ok(())
        }
    }
}

async fn heal(stack: &mut Stack, fault: &Fault) -> Result<()> {
    match fault {
        Fault::Kill(Whose::Api) | Fault::Restart(Whose::Api) => {
            // A server it needs may be away; then it is started when everything is healed.
            let _ = stack.restart_api().await;
            Ok(())
        }
        Fault::Kill(Whose::Worker(place)) | Fault::Restart(Whose::Worker(place)) => {
            end(stack, *place).await?;
            start(stack, *place).await
        }
        Fault::Freeze(place) if stack.workers[*place].runs() => {
            stack.workers[*place].signal("CONT").await
        }
        Fault::Edge(whose, server, _) => {
            edge(stack, *whose, *server)?.heal();
            Ok(())
        }
        Fault::LoseRedis => stack.redis_mut()?.restart_empty().await,
        Fault::StallRedis => {
            let _ = stack.redis()?.resume().await;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An orchestrator's patience with a process it asked to stop.
async fn end(stack: &mut Stack, place: usize) -> Result<()> {
    let worker = &mut stack.workers[place];
    let _ = worker.signal("CONT").await;
    if worker.wait(Duration::from_secs(1)).await.is_err() {
        worker.kill9().await?;
    }
    Ok(())
}

/// Starts a worker as an orchestrator would: again until it is up, because a server it needs may be away.
async fn start(stack: &mut Stack, place: usize) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        match stack.restart_worker(place).await {
            Err(_) if Instant::now() < patience => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            // A process that cannot start now is started when everything is healed.
            _ => return Ok(()),
        }
    }
}

async fn heal_everything(stack: &mut Stack) -> Result<()> {
    stack.region.delete("faults").await?;
    for edges in stack.edges.iter().chain(&stack.api_edges) {
        edges.heal();
    }
    let redis = stack.redis()?;
    let _ = redis.resume().await;
    if redis.connection().await.is_err() {
        stack.redis_mut()?.restart_empty().await?;
    }
    if !stack.api.runs() {
        stack.restart_api().await?;
    }
    for place in 0..stack.workers.len() {
        let _ = stack.workers[place].signal("CONT").await;
        if !stack.workers[place].runs() {
            stack.restart_worker(place).await?;
        }
    }
    Ok(())
}
