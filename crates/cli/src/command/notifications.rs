//! `ingot notifications …`.

mod screen;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ingot_client::notification::{
    MarkRead, NewReceiver, NotificationDetail, NotificationFilter, Preferences, Receiver,
};
use ingot_client::{Client, Page};

use crate::args::notifications::{AddAction, NotificationsAction, NotificationsArgs, WishArgs};
use crate::command::{mention_rest, pages, read};
use crate::failure::Refused;
use crate::output::{Output, clean};

/// How long a test is waited for: an attempt takes 12 s at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs one of them.
pub(crate) async fn run(args: NotificationsArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        NotificationsAction::List {
            topic,
            unread,
            subject,
            page,
        } => {
            let found = pages(&page, async |cursor| {
                let filter = NotificationFilter {
                    topic: topic.clone(),
                    unread: unread.then_some(true),
                    subject: subject.clone(),
                    limit: page.limit,
                    cursor,
                };
                client.notifications(&filter).await
            })
            .await?;
            let now = crate::command::now();
            output.result(&found, |page| screen::list(page, topic.as_deref(), now))?;
            mention_rest(&found, output.json);
        }
        NotificationsAction::Show { id } if id.starts_with("ntf_") => {
            output.result(&client.notification(&id).await?, screen::detail)?;
        }
        NotificationsAction::Show { id } => {
            output.result(&client.receiver(&id).await?, screen::receiver)?;
        }
        NotificationsAction::Read { ids, all } => {
            let ids = (!all).then_some(ids);
            let marked = client.mark_read(&MarkRead { ids }).await?;
            output.result(&marked, |marked| {
                format!("{} marked as read; {} unread", marked.marked, marked.unread)
            })?;
        }
        NotificationsAction::Receivers => {
            output.result(&client.receivers().await?, |page: &Page<Receiver>| {
                screen::receivers(page)
            })?;
        }
        NotificationsAction::Add { kind } => {
            let added = client.add_receiver(&new(kind)?).await?;
            output.result(&added, screen::added)?;
        }
        NotificationsAction::Remove { name } => {
            let gone = client.remove_receiver(&name).await?;
            output.result(&gone, |gone| format!("removed {}", clean(&gone.name)))?;
        }
        NotificationsAction::Test { name } => return test(&client, output, &name).await,
        NotificationsAction::Enable { name } => {
            output.result(&client.enable_receiver(&name).await?, screen::receiver)?;
        }
        NotificationsAction::Preferences { name, wishes } => {
            let before = client.receiver(&name).await?;
            let row = match wishes == WishArgs::default() {
                true => before,
                false => {
                    let wished = wished(before.preferences, wishes);
                    client.set_preferences(&name, &wished).await?
                }
            };
            output.result(&row, screen::receiver)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Sends a test and waits for what comes of its first attempt.
async fn test(client: &Client, output: Output, name: &str) -> anyhow::Result<ExitCode> {
    let begin = Instant::now();
    let mut seen: NotificationDetail = client.test_receiver(name).await?;
    let tried = |seen: &NotificationDetail| {
        let tried =
            |one: &ingot_client::notification::Delivery| one.attempts > 0 || one.state != "waiting";
        seen.deliveries.iter().all(tried)
    };
    while !tried(&seen) && begin.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
        seen = client.notification(&seen.notification.id).await?;
    }
    output.result(&seen, screen::tested)?;
    let delivered = seen.deliveries.iter().all(|one| one.state == "delivered");
    Ok(match delivered && !seen.deliveries.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What is added.
fn new(kind: AddAction) -> anyhow::Result<NewReceiver> {
    let none = Preferences::default;
    Ok(match kind {
        AddAction::Email {
            name,
            to,
            from,
            server,
            user,
            password_file,
            wishes,
        } => NewReceiver {
            name,
            channel: "email".to_owned(),
            to: Some(to),
            from: Some(from),
            server: Some(server),
            user,
            password: password_file.as_deref().map(line).transpose()?,
            preferences: wished(none(), wishes),
            ..NewReceiver::default()
        },
        AddAction::Webhook {
            name,
            to,
            to_file,
            secret_file,
            wishes,
        } => NewReceiver {
            name,
            channel: "webhook".to_owned(),
            url: place(to, to_file.as_deref())?,
            secret: secret_file.as_deref().map(line).transpose()?,
            preferences: wished(none(), wishes),
            ..NewReceiver::default()
        },
        AddAction::Slack {
            name,
            to,
            to_file,
            wishes,
        } => NewReceiver {
            name,
            channel: "slack".to_owned(),
            url: place(to, to_file.as_deref())?,
            preferences: wished(none(), wishes),
            ..NewReceiver::default()
        },
    })
}

fn place(to: Option<String>, file: Option<&Path>) -> anyhow::Result<Option<String>> {
    match file {
        Some(file) => Ok(Some(line(file)?)),
        None => Ok(to),
    }
}

/// The first line of a file.
fn line(path: &Path) -> anyhow::Result<String> {
    let text = read(path)?;
    let first = text.lines().next().map(str::trim).unwrap_or_default();
    if first.is_empty() {
        let why = format!("the first line of `{}` is empty", path.display());
        return Err(Refused(why).into());
    }
    Ok(first.to_owned())
}

/// Preferences with what is given in place; an empty text takes a wish back.
fn wished(mut before: Preferences, given: WishArgs) -> Preferences {
    let some = |words: Vec<String>| -> Vec<String> {
        words.into_iter().filter(|word| !word.is_empty()).collect()
    };
    if let Some(topics) = given.topics {
        before.topics = some(topics);
    }
    if let Some(mute) = given.mute {
        before.muted = some(mute);
    }
    let replace = |place: &mut Option<String>, given: Option<String>| {
        if let Some(text) = given {
            *place = Some(text).filter(|text| !text.is_empty());
        }
    };
    replace(&mut before.least, given.least);
    replace(&mut before.quiet, given.quiet);
    replace(&mut before.zone, given.zone);
    replace(&mut before.digest, given.digest);
    before
}
