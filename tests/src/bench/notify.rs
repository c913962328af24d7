//! How long 10,000 notifications to three receivers take: a webhook, a mailbox and Slack, from one worker.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ingot_client::notification::NewReceiver;
use ingot_migration::sea_orm::ConnectionTrait;

use super::figure::Figure;
use super::part;
use super::told::{connect, number};
use crate::sinks::Sink;
use crate::stack::Stack;

const NOTIFICATIONS: usize = 10_000;
const TARGET: Duration = Duration::from_secs(60);
/// 32 bytes in Base64.
pub const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Notifications, a delivery of each to every receiver, and a task for each delivery, as the outbox writes them.
const ROWS: [&str; 4] = [
    "INSERT INTO notification (id, at, topic, severity, audience, subject, message, facts, dedupe_key)
     SELECT 'ntf_' || md5(n::text), now(), 'ami_completed', 'info', 'operators', 'dep_' || md5(n::text),
       'an AMI of the figure, number ' || n, '{\"number\": \"1\"}', 'bench:' || n
     FROM generate_series(1, {count}) n",
    "INSERT INTO delivery (notification_id, receiver_id, state, attempts, created_at)
     SELECT n.id, r.id, 'waiting', 0, now() FROM notification n, receiver r WHERE n.dedupe_key LIKE 'bench:%'",
    "INSERT INTO task (id, queue, kind, state, scope, unique_key, max_attempts, run_at, created_at)
     SELECT 'tsk_' || md5(notification_id || receiver_id), 'notify', 'notify', 'available',
       notification_id || '/' || receiver_id, 'notify:' || notification_id || '/' || receiver_id, 20, now(), now()
     FROM delivery WHERE state = 'waiting'",
    "ANALYZE",
];

/// Measures it on a fresh stack whose processes were given the key and may send to this computer.
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let count = part(NOTIFICATIONS);
    let url = &stack.database.as_ref().context("a stack on Postgres")?.url;
    let (hook, slack, post) = (
        Sink::http().await?,
        Sink::http().await?,
        Sink::smtp().await?,
    );
    let posted = |name: &str, sink: &Sink| NewReceiver {
        name: name.to_owned(),
        channel: name.to_owned(),
        url: Some(format!("http://127.0.0.1:{}/", sink.port)),
        ..NewReceiver::default()
    };
    stack.client.add_receiver(&posted("webhook", &hook)).await?;
    stack.client.add_receiver(&posted("slack", &slack)).await?;
    let mailbox = NewReceiver {
        name: "email".to_owned(),
        channel: "email".to_owned(),
        to: Some("ops@example.org".to_owned()),
        from: Some("ingot@example.org".to_owned()),
        server: Some(format!("smtp+plain://127.0.0.1:{}", post.port)),
        ..NewReceiver::default()
    };
    stack.client.add_receiver(&mailbox).await?;
    let database = connect(url).await?;
    for rows in ROWS {
        let rows = rows.replace("{count}", &count.to_string());
        database.execute_unprepared(&rows).await?;
    }
    let began = Instant::now();
    let took = loop {
        let waiting = "SELECT count(*) FROM delivery WHERE state = 'waiting'";
        if number(&database, waiting).await? == 0 {
            break began.elapsed();
        }
        ensure!(began.elapsed() < TARGET * 5, "not within five minutes");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    for sink in [&hook, &slack, &post] {
        let (different, _) = sink.counts();
        ensure!(different == count, "{different} came");
    }
    Ok(vec![Figure::judged(
        &format!("{count} notifications to a webhook, Slack and a mailbox, one worker"),
        "≤ 60 s",
        format!("{:.1} s", took.as_secs_f64()),
        took <= TARGET,
    )])
}
