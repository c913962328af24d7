//! The demo against a small server that lets every deployment end at once, well or badly.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use ingot_client::{Client, CreateDeployment, Deployment};
use serde_json::{Value, json};

use super::{DemoOutcome, first_act, judge, play, report};
use crate::watch::tests::deployment;

/// The document's end of a part, by the beginning of its name.
fn end(name: &str) -> Deployment {
    let role = name.split('-').next().unwrap_or_default();
    let (path, seconds, ami_status, ami, source) = match role {
        "first" => ("fresh", 980.0, "completed", "ami-1", "ami-base"),
        "second" => ("fresh", 981.0, "skipped", "ami-1", "ami-base"),
        "other" => ("fresh", 990.0, "completed", "ami-2", "ami-base"),
        _ => ("cached", 280.0, "skipped", "ami-1", "ami-1"),
    };
    Deployment {
        id: format!("dep_{role}"),
        job_name: name.to_owned(),
        version: name
            .split_once('-')
            .map(|(_, version)| version.to_owned())
            .unwrap_or_default(),
        launch_path: Some(path.to_owned()),
        waiting: None,
        time_to_ready_seconds: Some(seconds),
        ami_creation_status: Some(ami_status.to_owned()),
        created_ami_id: Some(ami.to_owned()),
        source_ami_id: Some(source.to_owned()),
        ..deployment("success")
    }
}

fn all() -> [Option<Deployment>; 4] {
    [
        "first-v0.9.2",
        "second-v0.9.2",
        "other-v0.9.3",
        "cached-v0.9.2",
    ]
    .map(|name| Some(end(name)))
}

/// What the server was asked for, and what it makes of it.
#[derive(Clone)]
struct World {
    asked: Arc<Mutex<BTreeMap<String, CreateDeployment>>>,
    images: Value,
    change: fn(&mut Deployment),
}

async fn serve(images: Value, change: fn(&mut Deployment)) -> (Client, World) {
    let world = World {
        asked: Arc::default(),
        images,
        change,
    };
    let app = Router::new()
        .route(
            "/v1/images",
            get(async |State(world): State<World>| axum::Json(world.images)),
        )
        .route("/v1/deployments", post(create))
        .route("/v1/deployments/{id}", get(show))
        .route(
            "/v1/deployments/{id}/events",
            get(async || axum::Json(json!({"items": []}))),
        )
        .route(
            "/v1/deployments/{id}/events/stream",
            get(StatusCode::BAD_GATEWAY),
        )
        .with_state(world.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("bind");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (Client::new(&url, None).expect("client"), world)
}

async fn create(
    State(world): State<World>,
    axum::Json(body): axum::Json<CreateDeployment>,
) -> axum::Json<Deployment> {
    let mut created = end(&body.job_name.clone().unwrap_or_default());
    (created.status, created.finished) = ("queued".to_owned(), false);
    world
        .asked
        .lock()
        .expect("lock")
        .insert(created.id.clone(), body);
    axum::Json(created)
}

async fn show(State(world): State<World>, Path(id): Path<String>) -> axum::Json<Deployment> {
    let asked = world.asked.lock().expect("lock");
    let name = asked
        .get(&id)
        .and_then(|body| body.job_name.clone())
        .unwrap_or_default();
    let mut shown = end(&name);
    (world.change)(&mut shown);
    axum::Json(shown)
}

#[tokio::test]
async fn four_deployments_are_played_and_found_good() {
    let (client, world) = serve(json!({"items": []}), |_| {}).await;
    // `ingot up` plays it in a task of its own.
    let played = tokio::spawn(async move { play(&client, "http://console", None).await })
        .await
        .expect("task");
    assert_eq!(
        played.expect("outcome"),
        DemoOutcome {
            ok: true,
            problems: vec![]
        }
    );
    let asked = world.asked.lock().expect("lock");
    let choices: Vec<_> = asked
        .values()
        .map(|body| (body.job_name.as_deref(), body.image.as_deref()))
        .collect();
    assert_eq!(
        choices,
        [
            (Some("cached-v0.9.2"), Some("auto")),
            (Some("first-v0.9.2"), Some("auto")),
            (Some("other-v0.9.3"), Some("auto")),
            (Some("second-v0.9.2"), Some("fresh")),
        ]
    );
}

#[tokio::test]
async fn a_second_demo_plays_with_versions_that_have_no_ami() {
    let image = |version: &str, status: &str| {
        json!({
            "id": "img_1", "name": "n", "template": "kamiwaza", "version": version, "mode": "full", "architecture": "x86_64",
            "account": "1", "region": "us-east-1", "base_image": "b", "base_owner": null, "base_name": null, "base_created_at": null, "base_line": null, "fingerprint": "f", "generation": 1, "status": status,
            "origin": "auto", "snapshot_ids": [], "tags": {}, "created_at": "2026-01-21T17:00:00Z",
        })
    };
    let images = json!({"items": [image("v0.9.2", "available"), image("v0.9.3-patch1", "claimed"), image("v0.9.2-patch2", "failed")]});
    let (client, world) = serve(images, |_| {}).await;
    assert!(
        play(&client, "http://console", None)
            .await
            .expect("outcome")
            .ok
    );
    let asked = world.asked.lock().expect("lock");
    let versions: Vec<_> = asked.values().map(|body| body.version.as_str()).collect();
    assert_eq!(
        versions,
        [
            "v0.9.2-patch2",
            "v0.9.2-patch2",
            "v0.9.3-patch2",
            "v0.9.2-patch2"
        ]
    );
}

#[tokio::test]
async fn a_demo_that_hangs_ends_with_a_message() {
    let (client, _world) = serve(json!({"items": []}), |shown| {
        if shown.job_name.starts_with("other") {
            (shown.finished, shown.status) = (false, "running".to_owned());
        }
    })
    .await;
    let problems = first_act(&client, Duration::from_secs(1))
        .await
        .expect("problems");
    assert_eq!(problems[0], "the demo was not over after 1 s");
    assert!(
        problems[1].starts_with("the other version is not finished: `running`"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn without_the_first_ami_the_rest_is_not_played() {
    let (client, _world) = serve(json!({"items": []}), |shown| {
        if shown.job_name.starts_with("first") {
            shown.ami_creation_status = Some("failed".to_owned());
            shown.ami_creation_error = Some("quota".to_owned());
        }
    })
    .await;
    let outcome = play(&client, "http://console", None)
        .await
        .expect("outcome");
    assert_eq!(
        outcome.problems,
        [
            "the first deployment: ami_creation_status is `failed`, not `completed` (quota)",
            "the second deployment was not started",
            "the cached deployment was not started",
        ]
    );
}

#[test]
fn each_wrong_end_is_found() {
    type Change = fn(&mut [Option<Deployment>; 4]);
    let table: [(Change, &str); 8] = [
        (
            |all| set(all, 0, |d| d.status = "failed".to_owned()),
            "status is `failed`",
        ),
        (
            |all| set(all, 0, |d| d.created_ami_id = None),
            "the first deployment has no AMI id",
        ),
        (
            |all| set(all, 1, |d| d.created_ami_id = Some("ami-9".to_owned())),
            "does not point at the first one's AMI ami-1",
        ),
        (
            |all| set(all, 1, |d| d.launch_path = Some("cached".to_owned())),
            "launch_path is `cached`, not `fresh`",
        ),
        (
            |all| set(all, 2, |d| d.created_ami_id = Some("ami-1".to_owned())),
            "the other version has the first one's AMI",
        ),
        (
            |all| set(all, 3, |d| d.source_ami_id = None),
            "not launched from the first one's AMI",
        ),
        (
            |all| set(all, 3, |d| d.time_to_ready_seconds = Some(980.0)),
            "not quicker",
        ),
        (
            |all| set(all, 3, |d| d.time_to_ready_seconds = None),
            "not measured",
        ),
    ];
    assert_eq!(judge::problems(&all()), Vec::<String>::new());
    for (change, text) in table {
        let mut ended = all();
        change(&mut ended);
        let problems = judge::problems(&ended);
        assert!(
            problems.len() == 1 && problems[0].contains(text),
            "{text}: {problems:?}"
        );
    }
}

fn set(all: &mut [Option<Deployment>; 4], index: usize, change: impl FnOnce(&mut Deployment)) {
    change(all[index].as_mut().expect("there"));
}

#[test]
fn the_table_and_the_saving_are_what_people_see() {
    let text = report::table(&all());
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        lines,
        [
            "DEPLOYMENT VERSION STATUS AMI STATUS AMI TIME TO READY LAUNCHED",
            "#1 first-v0.9.2 v0.9.2 success completed ami-1 16m 20s fresh",
            "#2 second-v0.9.2 v0.9.2 success skipped ami-1 16m 21s fresh",
            "#3 other-v0.9.3 v0.9.3 success completed ami-2 16m 30s fresh",
            "#4 cached-v0.9.2 v0.9.2 success skipped ami-1 4m 40s cached",
        ]
    );
    assert_eq!(
        report::saving(&all()).as_deref(),
        Some(
            "Installing v0.9.2 took 16m 20s, launching it from its AMI 4m 40s: 11m 40s saved on every deployment, \
             3.5 times as fast (simulated time)."
        )
    );
    assert_eq!(report::saving(&[None, None, None, None]), None);
}
