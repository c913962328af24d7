//! Notifications on both shapes: a story's line reaches a webhook and a mailbox, and a worker that dies between sending and
//! writing it down loses none and repeats at most that one, under the same id.

use std::time::Duration;

use ingot_client::notification::{NewReceiver, NotificationFilter};
use ingot_tests::{Options, Sink, Stack, until};

const LONG: Duration = Duration::from_secs(90);
/// 32 bytes in Base64.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn options() -> Options {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Options {
        environment: vec![
            pair("INGOT_KEY", KEY),
            pair("INGOT_NOTIFY_CIDRS", "127.0.0.0/8"),
        ],
        ..Options::default()
    }
}

fn webhook(sink: &Sink) -> NewReceiver {
    NewReceiver {
        name: "ci".to_owned(),
        channel: "webhook".to_owned(),
        url: Some(format!("http://127.0.0.1:{}/hook", sink.port)),
        ..NewReceiver::default()
    }
}

fn mailbox(sink: &Sink) -> NewReceiver {
    NewReceiver {
        name: "ops".to_owned(),
        channel: "email".to_owned(),
        to: Some("ops@example.org".to_owned()),
        from: Some("ingot@example.org".to_owned()),
        server: Some(format!("smtp+plain://127.0.0.1:{}", sink.port)),
        ..NewReceiver::default()
    }
}

#[tokio::test]
async fn a_ready_deployment_is_told_by_webhook_and_mail_embedded() {
    told(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test]
async fn a_ready_deployment_is_told_by_webhook_and_mail_scaled() {
    let options = Options {
        workers: 2,
        ..options()
    };
    told(&Stack::scaled_with(options).await.unwrap()).await;
}

async fn told(stack: &Stack) {
    let (hook, post) = (Sink::http().await.unwrap(), Sink::smtp().await.unwrap());
    stack.client.add_receiver(&webhook(&hook)).await.unwrap();
    stack.client.add_receiver(&mailbox(&post)).await.unwrap();
    let made = stack.deploy("v1.0.0").await.unwrap();
    stack.wait_finished(&made.id, LONG).await.unwrap();
    let filter = NotificationFilter {
        subject: Some(made.id.clone()),
        ..NotificationFilter::default()
    };
    let types = until("both are told", LONG, async || {
        let page = stack.client.notifications(&filter).await?;
        let mut types: Vec<String> = page.items.into_iter().map(|one| one.topic).collect();
        types.sort();
        Ok((types.len() >= 2).then_some(types))
    })
    .await
    .unwrap();
    assert_eq!(types, ["ami_completed", "deployment_ready"]);
    until("both receivers have both", LONG, async || {
        Ok((hook.counts() == (2, 2) && post.counts() == (2, 2)).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_worker_that_dies_after_sending_loses_none_and_repeats_that_one_alone() {
    let mut stack = Stack::scaled_with(Options {
        workers: 0,
        ..options()
    })
    .await
    .unwrap();
    let hook = Sink::http().await.unwrap();
    stack.client.add_receiver(&webhook(&hook)).await.unwrap();
    for _ in 0..20 {
        stack.client.test_receiver("ci").await.unwrap();
    }
    let drill = [("INGOT_FAILPOINTS", "notify.sent=abort*1")];
    let place = stack.add_worker_with(&drill).await.unwrap();
    stack.workers[place].wait(LONG).await.unwrap();
    stack.add_worker().await.unwrap();
    let waiting = async || {
        let row = stack.client.receiver("ci").await?;
        Ok((row.waiting == 0).then_some(row))
    };
    let row = until("all are delivered", LONG, waiting).await.unwrap();
    assert_eq!((row.state.as_str(), row.failed), ("ok", 0));
    let (different, all) = hook.counts();
    assert_eq!(different, 20, "none is lost");
    // Those that were on their way when the worker died may come twice, each under its own id.
    assert!(all > 20 && all <= 40, "{all}");
}
