//! EC2's limits hold for the sum of what template, request and Ingot send, and are checked at the request; a limit of the
//! account ends what waits for it, and holds up no other deployment (FIELD W2, REAL-AWS M2). Both shapes.

use std::collections::BTreeMap;

use ingot_client::deployment::{CreateDeployment, Ingress};
use ingot_client::http::ClientError;
use ingot_client::{Deployment, Problem};
use ingot_tests::Stack;
use serde_json::{Value, json};

use super::launch_parameters::{LONG, apply, launches, on_both, order, succeeded, template};

on_both! {
    the_sum_of_what_is_sent_is_checked_at_the_request_embedded, the_sum_of_what_is_sent_is_checked_at_the_request_scaled: sums at 600;
    an_image_that_a_limit_forbids_ends_and_holds_up_no_other_embedded, an_image_that_a_limit_forbids_ends_and_holds_up_no_other_scaled: images at 1800;
}

fn tags(prefix: &str, count: usize) -> BTreeMap<String, String> {
    let tag = |number| (format!("{prefix}{number}"), "x".repeat(256));
    (0..count).map(tag).collect()
}

async fn refused(stack: &Stack, asked: &CreateDeployment) -> Problem {
    let key = uuid::Uuid::new_v4().to_string();
    match stack.client.create_deployment(asked, &key).await {
        Err(ClientError::Problem(problem)) => *problem,
        other => panic!("{other:#?}"),
    }
}

fn rules(count: u16) -> Vec<Ingress> {
    let rule = |number| Ingress {
        port: 2 * number + 1000,
        to_port: None,
        cidr: "203.0.113.0/24".to_owned(),
    };
    (0..count).map(rule).collect()
}

async fn sums(stack: &Stack) {
    let more = json!({ "tags": tags("t", 30) });
    apply(stack, &template("tagged", &more)).await;
    let with = |more: CreateDeployment| CreateDeployment {
        template: "tagged".to_owned(),
        version: "v1.0.0".to_owned(),
        region: "us-east-1".to_owned(),
        ..more
    };
    let blank = CreateDeployment::default;
    let table = [
        // What is sent, the field, its sum or length, the limit.
        (
            with(CreateDeployment {
                tags: tags("r", 7),
                ..blank()
            }),
            "tags",
            "37",
            "50",
        ),
        (
            with(CreateDeployment {
                security_group_ids: (0..6).map(|n| format!("sg-0000000{n}")).collect(),
                ..blank()
            }),
            "security_group_ids",
            "6",
            "5",
        ),
        (
            with(CreateDeployment {
                ingress: Some(rules(61)),
                ..blank()
            }),
            "ingress",
            "61",
            "60",
        ),
        (
            with(CreateDeployment {
                job_name: Some("n".repeat(101)),
                ..blank()
            }),
            "job_name",
            "nnn",
            "100",
        ),
        (
            with(CreateDeployment {
                user_data: Some(format!("#!/bin/sh\n{}", "#".repeat(16_384))),
                ..blank()
            }),
            "user_data",
            "16394",
            "16384",
        ),
    ];
    for (asked, field, sum, limit) in table {
        let problem = refused(stack, &asked).await;
        assert_eq!(problem.errors.len(), 1, "{problem:#?}");
        let error = &problem.errors[0];
        assert_eq!(error.field, field, "{problem:#?}");
        let said = format!("{} {} {}", problem.detail, error.message, error.value).replace(',', "");
        for part in [sum, limit] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
    assert!(launches(stack).await.is_empty(), "nothing was launched");
    // The most that passes the request passes EC2, for the instance, its group, the image and its snapshots.
    let most = with(CreateDeployment {
        tags: tags("r", 4),
        ingress: Some(rules(60)),
        job_name: Some("n".repeat(100)),
        user_data: Some(format!("#!/bin/sh\n{}", "#".repeat(16_374))),
        ..blank()
    });
    let seen = succeeded(stack, &most).await;
    assert_eq!(
        seen.ami_creation_status.as_deref(),
        Some("completed"),
        "{seen:#?}"
    );
    let objects = stack.region.objects("us-east-1", "images").await.unwrap();
    let made = objects
        .iter()
        .find(|one| one["id"] == seen.created_ami_id.clone().unwrap())
        .unwrap();
    let sent = made["tags"].as_object().unwrap().len();
    assert_eq!(sent, 50, "as many as EC2 takes: {made:#?}");
    let problem = refused(
        stack,
        &CreateDeployment {
            tags: tags("r", 5),
            ..most
        },
    )
    .await;
    assert_eq!(problem.errors[0].field, "tags");
}

async fn images(stack: &Stack) {
    apply(stack, &template("limited", &json!({}))).await;
    let fault = json!({ "action": "CreateImage", "kind": "error", "code": "ResourceLimitExceeded", "times": 0 });
    stack.region.post("faults", &fault).await.unwrap();
    let ask = async || {
        let key = uuid::Uuid::new_v4().to_string();
        stack
            .client
            .create_deployment(&order("limited"), &key)
            .await
            .unwrap()
            .id
    };
    let (first, second, third) = (ask().await, ask().await, ask().await);
    let quota = |seen: &Deployment| seen.waiting.as_ref().is_some_and(|wait| wait.on == "quota");
    let up = |seen: &Deployment| seen.status == "success";
    for id in [&first, &second, &third] {
        stack.wait_deployment(id, up, LONG).await.unwrap();
    }
    // One of the three asks EC2, the others wait for it; destroying the one that asks goes on at once.
    let mut waiting = Vec::new();
    for id in [&first, &second, &third] {
        let seen = stack.client.deployment(id).await.unwrap();
        waiting.push((seen.id.clone(), seen.waiting.clone().map(|wait| wait.on)));
    }
    let asks = ingot_tests::until("the one that asks EC2", LONG, async || {
        for id in [&first, &second, &third] {
            let seen = stack.client.deployment(id).await?;
            if quota(&seen) {
                return Ok(Some(seen.id));
            }
        }
        Ok(None)
    });
    let asks = asks.await.unwrap();
    stack.client.act(&asks, "destroy").await.unwrap();
    let gone = |seen: &Deployment| seen.status == "destroyed";
    let seen = stack.wait_deployment(&asks, gone, LONG).await.unwrap();
    assert_eq!(
        seen.ami_creation_status.as_deref(),
        Some("failed"),
        "{seen:#?}"
    );
    // The others go on; EC2 refuses them too, and that ends in its time with the reason.
    for id in [&first, &second, &third]
        .into_iter()
        .filter(|id| **id != asks)
    {
        let seen = stack.wait_finished(id, LONG).await.unwrap();
        assert_eq!(seen.status, "success", "{seen:#?}");
        let how = seen.ami_creation_status.as_deref();
        assert_eq!(how, Some("failed"), "{waiting:?} {seen:#?}");
        let why = seen.ami_creation_error.unwrap();
        assert!(
            why.contains("limit of the AWS account") && why.contains("ResourceLimitExceeded"),
            "{why}"
        );
    }
    let calls = stack.region.calls("CreateImage").await.unwrap();
    assert!(calls.len() < 300, "minutes between them: {}", calls.len());
    // The key is free: the next deployment makes its image.
    stack.region.delete("faults").await.unwrap();
    let next = succeeded(stack, &order("limited")).await;
    assert_eq!(
        next.ami_creation_status.as_deref(),
        Some("completed"),
        "{next:#?}"
    );
    let made: Vec<Value> = stack.region.objects("us-east-1", "images").await.unwrap();
    assert_eq!(made.len(), 1, "{made:#?}");
}
