//! `ingot up --cloud sim` over one data directory, time and again: templates, token and history stay, what was in the last
//! region is told as gone, and two never hold one directory.

use std::time::Duration;

use ingot_client::{Client, Deployment};
use ingot_tests::{Process, ingot, until};
use serde_json::Value;
use tempfile::TempDir;

const UP: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(90);

struct Life {
    process: Process,
    client: Client,
    url: String,
    token: String,
}

fn arguments<'a>(folder: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["up", "--cloud", "sim", "--listen", "127.0.0.1:0"];
    words.extend(["--data-dir", folder, "--pace", "600"]);
    words.extend(more);
    words
}

async fn up(folder: &TempDir, more: &[&str]) -> Life {
    let path = folder.path().to_string_lossy().into_owned();
    let mut process = Process::start(&arguments(&path, more), &[]).unwrap();
    let line = process.up(UP).await.unwrap();
    let token = std::fs::read_to_string(folder.path().join("token")).unwrap();
    let token = token.trim().to_owned();
    let url = line["listening"].as_str().unwrap().to_owned();
    Life {
        client: Client::new(&url, Some(&token)).unwrap(),
        process,
        url,
        token,
    }
}

async fn end(mut life: Life) {
    life.process.terminate().await.unwrap();
    assert!(life.process.wait(LONG).await.unwrap().success());
}

async fn deploy(client: &Client, template: &str) -> Deployment {
    let body = serde_json::json!({
        "template": template, "version": "v0.9.2", "region": "us-east-1",
    });
    let body = serde_json::from_value(body).unwrap();
    let key = uuid::Uuid::new_v4().to_string();
    client.create_deployment(&body, &key).await.unwrap()
}

async fn until_seen(client: &Client, id: &str, wanted: impl Fn(&Deployment) -> bool) -> Deployment {
    let wanted = &wanted;
    until("the deployment", LONG, || async move {
        let seen = client.deployment(id).await?;
        Ok(wanted(&seen).then_some(seen))
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_up_comes_back_with_its_history_and_tells_what_is_gone() {
    let folder = TempDir::new().unwrap();
    let mut first = up(&folder, &[]).await;
    let made = deploy(&first.client, "kamiwaza").await;
    let made = until_seen(&first.client, &made.id, |seen| {
        seen.ami_creation_status.as_deref() == Some("completed")
    })
    .await;
    let ami = made.created_ami_id.clone().unwrap();
    // The second is under way when the process dies.
    let running = deploy(&first.client, "kamiwaza").await;
    until_seen(&first.client, &running.id, |seen| {
        seen.instance_id.is_some()
    })
    .await;
    first.process.kill9().await.unwrap();

    let second = up(&folder, &[]).await;
    assert_eq!(second.token, first.token, "one local token");
    let said = second.process.stderr().join("\n");
    assert!(
        said.contains("2 deployments and 1 AMIs ended with it"),
        "{said}"
    );
    let kept = second.client.deployment(&made.id).await.unwrap();
    assert_eq!(
        (kept.status.as_str(), &kept.instance_id),
        ("destroyed", &None)
    );
    assert_eq!(
        kept.created_ami_id.as_deref(),
        Some(ami.as_str()),
        "history"
    );
    let broken = second.client.deployment(&running.id).await.unwrap();
    assert!(
        broken.status == "failed" || broken.status == "destroyed",
        "{broken:?}"
    );
    let image = second.client.image(&ami).await.unwrap();
    assert_eq!(image.status, "deleted");
    // The same version is installed anew: no AMI of the past is launched from. Ids of the past do not come again.
    let anew = deploy(&second.client, "kamiwaza").await;
    let anew = until_seen(&second.client, &anew.id, |seen| seen.finished).await;
    assert_eq!(anew.status, "success", "{anew:?}");
    assert_eq!(anew.launch_path.as_deref(), Some("fresh"));
    assert_ne!(anew.created_ami_id.as_deref(), Some(ami.as_str()));
    assert_ne!(anew.instance_id, made.instance_id);
    // Several ticks of the monitor later nothing is found wrong, and nothing goes on for what is gone.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let found = second.client.findings(&Default::default()).await.unwrap();
    assert!(found.items.is_empty(), "{found:?}");
    end(second).await;

    // A third life, after an orderly end; and one that forgets.
    let third = up(&folder, &[]).await;
    let listed = third.client.deployments(&Default::default()).await.unwrap();
    assert_eq!(listed.items.len(), 3);
    assert!(listed.items.iter().all(|one| one.finished), "{listed:?}");
    end(third).await;
    let fresh = up(&folder, &["--fresh"]).await;
    let listed = fresh.client.deployments(&Default::default()).await.unwrap();
    assert!(listed.items.is_empty(), "{listed:?}");
    end(fresh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_up_on_one_directory_ends_at_once_and_a_demo_takes_its_own() {
    let folder = TempDir::new().unwrap();
    let first = up(&folder, &[]).await;
    let path = folder.path().to_string_lossy().into_owned();
    let run = ingot(&arguments(&path, &[]), &[], UP).await.unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    let pid = format!("pid {}", first.process.pid().unwrap());
    for word in [&pid, &first.url, "--data-dir"] {
        assert!(said.contains(word), "`{word}` in {said}");
    }
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    // The first one goes on: its token is good.
    first.client.deployments(&Default::default()).await.unwrap();
    let mut demo = Process::start(&arguments(&path, &["--demo"]), &[]).unwrap();
    demo.wait_for_line(|line| line.contains("#1"), UP)
        .await
        .unwrap();
    let own = folder.path().join("demo");
    assert!(own.join("simulated.sqlite3").exists());
    let url = std::fs::read_to_string(folder.path().join("url")).unwrap();
    assert_eq!(url.trim(), first.url, "the first one's address stays");
    demo.kill9().await.unwrap();
    let mine: Value =
        serde_json::to_value(first.client.deployments(&Default::default()).await.unwrap()).unwrap();
    assert_eq!(mine["items"], serde_json::json!([]));
    end(first).await;
}
