//! A worker with another account's credentials: EC2 knows none of the ids there, and nothing is taken for gone.

use std::time::Duration;

use ingot_client::Deployment;
use ingot_tests::Stack;

const LONG: Duration = Duration::from_secs(120);
const ROLE: &str = "arn:aws:iam::999988887777:role/elsewhere";

#[tokio::test]
async fn a_worker_of_another_account_ends_nothing_and_says_whose_it_is() {
    let mut stack = Stack::scaled(1).await.unwrap();
    let made = stack.deploy("v8.9.0").await.unwrap();
    let made = stack.wait_finished(&made.id, LONG).await.unwrap();
    let instance = made.instance_id.clone().unwrap();
    stack.kill_worker(0).await.unwrap();
    let elsewhere = [
        ("AWS_AUTH_METHOD", "assume_role"),
        ("AWS_ASSUME_ROLE_ARN", ROLE),
    ];
    let stranger = stack.add_worker_with(&elsewhere).await.unwrap();
    stack.client.act(&made.id, "destroy").await.unwrap();
    let told = |seen: &Deployment| {
        seen.waiting
            .as_ref()
            .is_some_and(|wait| wait.on == "credentials")
    };
    let seen = stack.wait_deployment(&made.id, told, LONG).await.unwrap();
    assert_ne!(seen.status, "destroyed", "{seen:#?}");
    let why = seen.waiting.unwrap();
    assert_eq!(why.code.as_deref(), Some("wrong_account"), "{why:#?}");
    assert!(why.sentence.contains("another AWS account"), "{why:#?}");
    assert!(why.way_out.contains("of the account"), "{why:#?}");
    // Some rounds of the reconciler, which looks at each instance on record.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let seen = stack.client.deployment(&made.id).await.unwrap();
    assert_eq!(seen.instance_id, Some(instance), "{seen:#?}");
    stack.kill_worker(stranger).await.unwrap();
    stack.add_worker().await.unwrap();
    let gone = |seen: &Deployment| seen.status == "destroyed";
    stack.wait_deployment(&made.id, gone, LONG).await.unwrap();
}
