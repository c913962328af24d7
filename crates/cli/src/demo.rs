//! The demo: plays the three examples of the Kamiwaza document, and a fourth deployment that profits from them, against
//! the running API; then, as its second act, a night and a day in which images are made anew by themselves. It tells the
//! stories as they happen, then checks that each ended as it must.

use std::sync::Mutex;
use std::time::Duration;

use ingot_client::{Client, Deployment};
use tokio::time::timeout;

use crate::demo::cast::{Cast, Part};
use crate::output::{clean, say};
use crate::watch::{self, Patience, line};

mod cast;
mod judge;
mod report;
mod second;
#[cfg(test)]
mod tests;

pub(crate) use second::{BEGINS, PACE, Theatre};

/// Longest time the first act may take, in real time. At a pace of 60 it takes about one minute.
const DEADLINE: Duration = Duration::from_secs(120);

/// How long to wait for a last look after that.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// How the demo ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DemoOutcome {
    /// Everything ended as it must.
    pub(crate) ok: bool,
    /// What was not as it must be.
    pub(crate) problems: Vec<String>,
}

/// The deployments as far as they are known, in the order of the cast.
type Stage = Mutex<[Option<Deployment>; 4]>;

/// Plays the demo, its second act if there is a theatre for it. Story lines go to stderr, tables and screens to stdout.
pub(crate) async fn play(
    client: &Client,
    console_url: &str,
    theatre: Option<&Theatre>,
) -> anyhow::Result<DemoOutcome> {
    let mut problems = first_act(client, DEADLINE).await?;
    if let Some(theatre) = theatre {
        problems.extend(second::play(client, theatre).await?);
    }
    for problem in &problems {
        eprintln!("problem: {problem}");
    }
    say(&format!("Console: {console_url}"))?;
    Ok(DemoOutcome {
        ok: problems.is_empty(),
        problems,
    })
}

/// The four deployments; what was not as it must be.
async fn first_act(client: &Client, deadline: Duration) -> anyhow::Result<Vec<String>> {
    let stage = Stage::default();
    let performance = async {
        let cast = Cast::choose(client).await?;
        perform(client, &cast, &stage).await
    };
    let mut problems = Vec::new();
    match timeout(deadline, performance).await {
        Ok(end) => end?,
        Err(_) => problems.push(format!(
            "the demo was not over after {} s",
            deadline.as_secs()
        )),
    }
    let mut ended = known(&stage);
    refresh(client, &mut ended).await;
    problems.extend(judge::problems(&ended));
    say(&report::table(&ended))?;
    if let Some(saving) = report::saving(&ended) {
        say(&format!("\n{saving}"))?;
    }
    Ok(problems)
}

/// 1 and 3 begin together. 2 and 4 need 1's AMI, and begin together once it is there.
async fn perform(client: &Client, cast: &Cast, stage: &Stage) -> anyhow::Result<()> {
    let [first, second, third, fourth] = &cast.parts;
    let of_one_version = async {
        let first = enact(client, first, stage).await?;
        if first.ami_creation_status.as_deref() == Some("completed") {
            futures::try_join!(enact(client, second, stage), enact(client, fourth, stage))?;
        }
        // Otherwise there is nothing to show with the two; the judge says what is missing.
        anyhow::Ok(())
    };
    futures::try_join!(of_one_version, enact(client, third, stage))?;
    Ok(())
}

/// One deployment, from the request to its end, with every line of its story.
async fn enact(client: &Client, part: &Part, stage: &Stage) -> anyhow::Result<Deployment> {
    let created = client
        .create_deployment(&part.request, &uuid::Uuid::new_v4().to_string())
        .await?;
    let (id, name) = (created.id.clone(), &part.name);
    eprintln!("{name} [demo] {}", part.plot);
    remember(stage, part, created);
    let patience = Patience {
        silence: Duration::from_secs(3),
        away: Duration::from_secs(20),
        ..Patience::default()
    };
    let ended = watch::follow(client, &id, 0, patience, |event| {
        eprintln!("{} {}", clean(name), line::bare(&event));
        Ok(())
    })
    .await?;
    remember(stage, part, ended.clone());
    Ok(ended)
}

/// Looks once more at those whose end was not waited for. What cannot be seen stays as it was.
async fn refresh(client: &Client, known: &mut [Option<Deployment>; 4]) {
    for deployment in known
        .iter_mut()
        .flatten()
        .filter(|deployment| !deployment.finished)
    {
        if let Ok(Ok(now)) = timeout(LAST_LOOK, client.deployment(&deployment.id)).await {
            *deployment = now;
        }
    }
}

fn remember(stage: &Stage, part: &Part, deployment: Deployment) {
    // No task panics while it holds the lock; if one did, what is inside is still whole.
    let mut stage = stage
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    stage[part.index] = Some(deployment);
}

fn known(stage: &Stage) -> [Option<Deployment>; 4] {
    stage
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone()
}
