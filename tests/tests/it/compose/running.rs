//! Each of our services run as the file says, with this test's servers in the place of its services.

use std::time::Duration;

use ingot_client::Client;
use ingot_tests::{Database, Process, Redis, ingot};
use serde_json::Value;

use super::file::Compose;

const WITHIN: Duration = Duration::from_secs(60);

/// What stands in for a service: the text of the file, and the text in its place.
type StandIns = Vec<(String, String)>;

fn stand_in(text: &str, stand_ins: &StandIns) -> String {
    let replace = |text: String, (from, to): &(String, String)| text.replace(from, to);
    stand_ins.iter().fold(text.to_owned(), replace)
}

fn listening(line: &Value) -> String {
    line["listening"].as_str().expect("an address").to_owned()
}

#[tokio::test]
async fn every_command_line_runs() {
    let compose = Compose::read();
    let (database, redis) = (
        Database::new().await.expect("a database"),
        Redis::start().await.expect("a Redis"),
    );
    let mut stand_ins: StandIns = vec![
        (
            "postgres://ingot:ingot@postgres:5432/ingot".to_owned(),
            database.url.clone(),
        ),
        ("redis://redis:6379/0".to_owned(), redis.url()),
    ];
    let mut running: Vec<(String, Process)> = Vec::new();
    let mut metrics = String::new();
    let mut addresses: Vec<(String, String)> = Vec::new();
    for name in compose.ours() {
        let command = compose.command(&name);
        assert_eq!(command[0], "ingot", "{name}");
        let words: Vec<String> = command[1..]
            .iter()
            // Ports of this machine are not ours to take.
            .map(|word| match word.strip_prefix("0.0.0.0:") {
                Some(_) => "127.0.0.1:0".to_owned(),
                None => stand_in(word, &stand_ins),
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut environment = compose.environment(&name);
        for (variable, value) in &mut environment {
            *value = stand_in(value, &stand_ins);
            // Port 443 needs what the container is given and a test may not have.
            if variable == "INGOT_PROBE_PORT" && words[0] == "sim" {
                *value = "0".to_owned();
            }
        }
        if words[0] == "migrate" {
            let run = ingot(&words, &environment, WITHIN).await.expect("it ends");
            assert!(
                run.status.success(),
                "{}",
                String::from_utf8_lossy(&run.stderr)
            );
            continue;
        }
        let mut process = Process::start(&words, &environment).expect("it starts");
        let line = process.up(WITHIN).await.expect("it is up");
        if words[0] == "sim" {
            stand_ins.push(("http://sim:4566".to_owned(), listening(&line)));
            assert!(
                line["probe_port"].as_u64().is_some_and(|port| port > 0),
                "{line}"
            );
        }
        if words[0] == "api" {
            metrics = line["metrics"].as_str().expect("an address").to_owned();
        }
        addresses.push((name.clone(), listening(&line)));
        running.push((name, process));
    }
    assert_eq!(running.len(), 5, "the region, the API and three workers");

    for (name, address) in &addresses {
        let check = compose.check(name);
        if check.first().map(String::as_str) == Some("ingot") {
            let words: Vec<String> = check[1..]
                .iter()
                .map(|word| word.replace("http://127.0.0.1:8080", address))
                .collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let run = ingot(&words, &compose.environment(name), WITHIN)
                .await
                .expect("it ends");
            let said = String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success(), "the health check of {name}: {said}");
        }
        if name == "api" {
            let ready = Client::new(address, None).expect("a client").ready().await;
            assert!(ready.expect("an answer").ready);
            let ask = async |base: &str| {
                let answer = reqwest::get(format!("{base}/metrics")).await;
                answer.expect("an answer").status().as_u16()
            };
            assert_eq!(ask(address).await, 401, "not without a token");
            assert_eq!(ask(&metrics).await, 200, "Prometheus has no token");
        }
    }

    for (name, process) in &mut running {
        process.terminate().await.expect("a signal");
        let status = process.wait(WITHIN).await.expect("it ends");
        assert!(status.success(), "{name}: {status}\n{}", process.said());
    }
}
