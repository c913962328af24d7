//! `watch` and `logs`: a deployment's story on stdout.

use std::process::ExitCode;
use std::time::Duration;

use ingot_client::event::EventFilter;
use ingot_client::{Client, ClientError, Event, Page};
use ingot_domain::span::told;

use crate::args::connection::Connection;
use crate::args::deployments::{LogsArgs, WatchArgs};
use crate::command::ids;
use crate::failure::{Exit, TimedOut};
use crate::output::{Output, clean, say};
use crate::watch::line::Checks;
use crate::watch::{self, Patience, end, line};

/// `ingot watch ID`
pub(crate) async fn run_watch(
    connection: &Connection,
    args: WatchArgs,
) -> anyhow::Result<ExitCode> {
    let client = connection.client()?;
    let id = ids::deployment(&client, &args.id).await?;
    watch(&client, connection.output(), &id, args.timeout).await
}

/// Follows the story from its beginning, then says how it ended.
pub(crate) async fn watch(
    client: &Client,
    output: Output,
    id: &str,
    longest: Option<Duration>,
) -> anyhow::Result<ExitCode> {
    // Asked first, so that a wrong id or an API that is not there is said at once.
    if client.deployment(id).await?.status == "pending" {
        eprintln!(
            "it is not started yet; start it with: ingot deployments start {}",
            clean(id)
        );
    }
    watch_after(client, output, id, 0, longest).await
}

/// The same after a line.
pub(crate) async fn watch_after(
    client: &Client,
    output: Output,
    id: &str,
    after: i64,
    longest: Option<Duration>,
) -> anyhow::Result<ExitCode> {
    let mut checks = Checks::default();
    let follow = watch::follow(client, id, after, Patience::default(), |event| {
        if output.json || checks.shows(&event) {
            print(output, &event)?;
        }
        Ok(())
    });
    let follow = within(follow, longest, id);
    let Some(deployment) = or_interrupted(follow, "watch", id).await? else {
        return Ok(Exit::Interrupted.into());
    };
    output.line(&deployment, end::summary)?;
    Ok(end::exit(&deployment))
}

/// Follows the story on stderr to its end; stdout gets the AMI's id alone, for a script.
pub(crate) async fn wait(
    client: &Client,
    output: Output,
    id: &str,
    after: i64,
    longest: Option<Duration>,
) -> anyhow::Result<ExitCode> {
    let mut checks = Checks::default();
    let follow = watch::follow(client, id, after, Patience::default(), |event| {
        if checks.shows(&event) {
            eprintln!("{}", line::stamped(&event));
        }
        Ok(())
    });
    let follow = within(follow, longest, id);
    let Some(deployment) = or_interrupted(follow, "watch", id).await? else {
        return Ok(Exit::Interrupted.into());
    };
    eprintln!("{}", end::summary(&deployment));
    if output.json {
        output.line(&deployment, end::summary)?;
    } else if let (true, Some(ami)) = (deployment.went_well(), &deployment.created_ami_id) {
        say(&clean(ami))?;
    }
    Ok(end::exit(&deployment))
}

/// `ingot logs ID`
pub(crate) async fn run_logs(
    connection: &Connection,
    mut args: LogsArgs,
) -> anyhow::Result<ExitCode> {
    let client = connection.client()?;
    let output = connection.output();
    if args.id.starts_with("bld_") && !args.follow {
        let id = ids::build(&client, &args.id).await?;
        let ask = async |filter| client.build_events(&id, &filter).await;
        print_all(output, args.after, ask).await?;
        return Ok(ExitCode::SUCCESS);
    }
    ids::is_for_deployments(&args.id)?;
    args.id = ids::deployment(&client, &args.id).await?;
    let mut last = args.after;
    let mut deliver = |event| print(output, &event);
    if !args.follow {
        watch::catch_up(&client, &args.id, &mut last, &mut deliver).await?;
        return Ok(ExitCode::SUCCESS);
    }
    client.deployment(&args.id).await?;
    let follow = watch::follow(&client, &args.id, last, Patience::default(), deliver);
    let follow = within(follow, args.timeout, &args.id);
    let ended = or_interrupted(follow, "logs --follow", &args.id).await?;
    Ok(ended.map_or(Exit::Interrupted.into(), |_| ExitCode::SUCCESS))
}

/// Prints a subject's story from after a line on, page by page.
pub(crate) async fn print_all(
    output: Output,
    mut after: i64,
    ask: impl AsyncFn(EventFilter) -> Result<Page<Event>, ClientError>,
) -> anyhow::Result<()> {
    loop {
        let filter = EventFilter {
            after: Some(after),
            limit: None,
            actor: None,
        };
        let page = ask(filter).await?;
        for event in &page.items {
            after = event.seq;
            print(output, event)?;
        }
        if page.next_cursor.is_none() {
            return Ok(());
        }
    }
}

fn print(output: Output, event: &Event) -> anyhow::Result<()> {
    output.line(event, line::stamped)
}

/// The end of it, or an error when that takes longer than it may.
async fn within<T>(
    follow: impl Future<Output = anyhow::Result<T>>,
    longest: Option<Duration>,
    id: &str,
) -> anyhow::Result<T> {
    let Some(longest) = longest else {
        return follow.await;
    };
    let ended = tokio::time::timeout(longest, follow).await;
    ended.unwrap_or_else(|_| {
        let (id, long) = (clean(id), told(longest.as_secs()));
        let said = format!("{id} is not finished after {long}; it goes on: `ingot why {id}`");
        Err(TimedOut(said).into())
    })
}

/// The end of it, or `None` after Ctrl-C.
async fn or_interrupted<T>(
    follow: impl Future<Output = anyhow::Result<T>>,
    command: &str,
    id: &str,
) -> anyhow::Result<Option<T>> {
    tokio::select! {
        ended = follow => ended.map(Some),
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\nstopped watching; the deployment goes on; come back with: ingot {command} {}", clean(id));
            Ok(None)
        }
    }
}
