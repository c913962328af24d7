//! A simulated installation has a calendar of its own (AUTO-AMI 9): all processes and the region agree on it, people are
//! told of it, and `ingot up` goes on with the one it has.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ingot_client::{CalendarSeen, Client};
use ingot_tests::{Options, Process, Stack, ingot};
use serde_json::Value;
use tempfile::TempDir;

use super::launch_parameters::{apply, order, succeeded, template};

const AT: &str = "2024-06-30T08:00:00-04:00";
/// A debug build on two busy cores.
const UP: Duration = Duration::from_secs(60);

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_719_748_800, 0).expect("a time")
}

fn options() -> Options {
    Options {
        at: Some(AT.to_owned()),
        ..Options::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_stamps_with_the_calendar_embedded() {
    stamps(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_stamps_with_the_calendar_scaled() {
    stamps(&Stack::scaled_with(options()).await.unwrap()).await;
}

/// The calendar, the region's clock and the stamps of what is made in it are one time, and `ingot status` tells it.
async fn stamps(stack: &Stack) {
    let seen = calendar(&stack.client).await.expect("one of its own");
    assert_eq!(seen.pace, 600.0);
    // The scaled shape's region is a process of its own that began a moment before its worker.
    assert!(
        (seen.origin - noon()).abs() < TimeDelta::hours(12),
        "{seen:?}"
    );
    apply(stack, &template("dated", &serde_json::json!({}))).await;
    let before = calendar(&stack.client).await.unwrap().now;
    let made = succeeded(stack, &order("dated")).await;
    let after = calendar(&stack.client).await.unwrap().now;
    let ami = made.created_ami_id.as_deref().expect("an AMI");
    let asked = [("Action", "DescribeImages"), ("ImageId.1", ami)];
    let answer = stack.region.ec2(&asked).await.unwrap();
    let begun = answer.split("<creationDate>").nth(1).expect("a date");
    let stamped: DateTime<Utc> = begun.split('<').next().unwrap().parse().unwrap();
    // The way of an answer, at this pace.
    let slack = TimeDelta::minutes(30);
    assert!(
        before - slack < stamped && stamped < after + slack,
        "{before} {stamped} {after}"
    );
    let state = stack.region.get("/_sim/state").await.unwrap();
    let clock: DateTime<Utc> = serde_json::from_value(state["now"].clone()).unwrap();
    let shown = calendar(&stack.client).await.unwrap().now;
    assert!((clock - shown).abs() < slack, "{clock} {shown}");
    let told = stack.ingot(&["status"]).await.unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.starts_with("Calendar: 2024-") && told.contains("600 times as fast"),
        "{told}"
    );
    let json = stack.ingot_json(&["status"]).await.unwrap();
    assert_eq!(
        (&json["ready"], &json["calendar"]["pace"]),
        (&true.into(), &600.0.into())
    );
    // What is real stays real: the deployment's own times.
    let real = stack.client.status().await.unwrap().at;
    assert!((real - made.created_at).abs() < TimeDelta::hours(1));
}

async fn calendar(client: &Client) -> Option<CalendarSeen> {
    client.status().await.unwrap().calendar
}

/// An `ingot up` over a data directory, and what it said about its calendar.
async fn up(home: &TempDir, more: &[&str]) -> (Process, Client, String) {
    let directory = home.path().to_string_lossy().into_owned();
    let mut arguments = vec!["up", "--cloud", "sim", "--listen", "127.0.0.1:0"];
    arguments.extend(["--data-dir", &directory]);
    arguments.extend(more);
    let environment = [("HOME".to_owned(), directory.clone())];
    let mut process = Process::start(&arguments, &environment).unwrap();
    let line: Value = process.up(UP).await.unwrap();
    let token = std::fs::read_to_string(home.path().join("token")).unwrap();
    let client = Client::new(line["listening"].as_str().unwrap(), Some(token.trim())).unwrap();
    let said = process.stderr().join("\n");
    (process, client, said)
}

async fn end(mut process: Process) {
    process.terminate().await.unwrap();
    process.wait(UP).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calendar_goes_on_where_it_is_until_it_is_made_anew() {
    let home = TempDir::new().unwrap();
    let (process, client, said) = up(&home, &["--at", AT, "--pace", "600"]).await;
    assert!(said.contains("Calendar: 2024-06-30"), "{said}");
    let first = calendar(&client).await.expect("one of its own");
    assert_eq!((first.origin, first.pace), (noon(), 600.0));
    end(process).await;

    // Without words it goes on at its pace; it ran on meanwhile.
    let (process, client, said) = up(&home, &[]).await;
    assert!(!said.contains("goes on;"), "{said}");
    let second = calendar(&client).await.unwrap();
    assert_eq!(
        (second.origin, second.since, second.pace),
        (first.origin, first.since, 600.0)
    );
    assert!(second.now > first.now, "{first:?} {second:?}");
    end(process).await;

    // The same words are no contradiction, another beginning is, and another pace holds from now on.
    let (process, client, said) = up(&home, &["--at", AT]).await;
    assert!(!said.contains("goes on;"), "{said}");
    let third = calendar(&client).await.unwrap();
    end(process).await;
    let (process, client, said) =
        up(&home, &["--at", "2020-01-01T00:00:00Z", "--pace", "60"]).await;
    assert!(
        said.contains("began at 2024-06-30 12:00:00 UTC and goes on; `--at 2020-01-01T00:00:00Z`")
            && said.contains("--fresh")
            && said.contains("runs 60 times as fast as the real one from now on"),
        "{said}"
    );
    let fourth = calendar(&client).await.unwrap();
    assert_eq!((fourth.origin, fourth.pace), (noon(), 60.0));
    assert!(fourth.now > third.now, "{third:?} {fourth:?}");
    end(process).await;

    let (process, client, _) = up(&home, &["--fresh", "--at", "2020-01-01T00:00:00Z"]).await;
    let fresh = calendar(&client).await.unwrap();
    assert!(fresh.now - fresh.origin < TimeDelta::hours(2), "{fresh:?}");
    assert_eq!(
        (fresh.origin.to_rfc3339(), fresh.pace),
        ("2020-01-01T00:00:00+00:00".to_owned(), 60.0)
    );
    end(process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_cannot_be_is_refused() {
    let sim: &[&str] = &["up", "--cloud", "sim"];
    for (command, at, words) in [
        (sim, "yesterday", "2024-06-30T12:00:00Z"),
        (sim, "2024-06-30T12:00:00", "zone"),
        (sim, "0001-01-01T00:00:00Z", "from 2000 to 2199"),
        (sim, "9999-01-01T00:00:00Z", "from 2000 to 2199"),
        (
            &["up", "--cloud", "aws"],
            AT,
            "your account lives by the real time",
        ),
        (&["up"], AT, "--cloud sim"),
        (
            &["sim", "--listen", "127.0.0.1:0"],
            "9999-01-01T00:00:00Z",
            "from 2000 to 2199",
        ),
    ] {
        let arguments = [command, &["--at", at]].concat();
        let run = ingot(&arguments, &[], UP).await.unwrap();
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(
            said.contains(words) && said.contains("--at"),
            "{arguments:?}: {said}"
        );
    }
    let pace = ["up", "--cloud", "sim", "--pace", "0"];
    let run = ingot(&pace, &[], UP).await.unwrap();
    assert_eq!(run.status.code(), Some(2));
}
