//! A port for metrics that another process has: said, and lived with.

use std::time::Duration;

use ingot_tests::{Options, Process, Stack};
use serde_json::Value;

#[tokio::test]
async fn a_worker_whose_metrics_port_is_taken_says_so_and_works() {
    let options = Options {
        workers: 0,
        ..Options::default()
    };
    let stack = Stack::scaled_with(options).await.unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["worker", "--metrics-listen", &address];
    let mut worker = Process::start_of(&stack.binary, &arguments, &stack.environment).unwrap();
    let line = worker.up(Duration::from_secs(60)).await.unwrap();
    assert_eq!(line["listening"], Value::Null, "{line}");
    assert!(worker.said().contains("the port for metrics is taken"));
    let deployment = stack.deploy("v7.7.0").await.unwrap();
    let done = |seen: &ingot_client::Deployment| seen.finished;
    let seen = stack
        .wait_deployment(&deployment.id, done, Duration::from_secs(90))
        .await
        .unwrap();
    assert_eq!(seen.status, "success");
}
