//! The embedded shape killed at every point of a build's own commits (FAULTS F01): its region ends with the process, and the
//! next process over the same ledger brings the build to its end, with no builder alive and no cent reserved.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use ingot_client::budget::BudgetFilter;
use ingot_client::build::Build;
use ingot_client::policy::PolicyImport;
use ingot_client::{Client, DeploymentFilter};
use ingot_tests::{Process, until};
use tempfile::TempDir;

use super::build_points::{POLICY, TEMPLATE, urgent};
use super::crash_points::LONG;
use super::drill::every_point;

/// SIGABRT, the only death a failpoint deals.
const ABORTED: i32 = 6;

async fn up(folder: &Path, plan: Option<&str>) -> (Process, Client) {
    let path = folder.to_string_lossy().into_owned();
    let words = [
        "up",
        "--cloud",
        "sim",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        &path,
        "--pace",
        "300",
    ];
    let plan = plan.map(|plan| ("INGOT_FAILPOINTS".to_owned(), plan.to_owned()));
    let environment: Vec<_> = plan.into_iter().collect();
    let mut process = Process::start(&words, &environment).unwrap();
    let line = process.up(LONG).await.unwrap();
    let token = std::fs::read_to_string(folder.join("token")).unwrap();
    let url = line["listening"].as_str().unwrap();
    (process, Client::new(url, Some(token.trim())).unwrap())
}

#[tokio::test]
async fn an_up_killed_at_each_commit_of_a_build_brings_it_to_its_end() {
    let folder = TempDir::new().unwrap();
    let mut points = every_point().await;
    points.retain(|point| point.starts_with("build_"));
    assert_eq!(points.len(), 6, "{points:?}");
    for (number, point) in points.iter().enumerate() {
        let plan = format!("{point}=abort*1");
        let (mut process, client) = up(folder.path(), Some(&plan)).await;
        if number == 0 {
            let how = PolicyImport::default();
            client.import_policy(POLICY, &how).await.unwrap();
            client.apply_template(TEMPLATE, "stands").await.unwrap();
        }
        let version = format!("v1.0.{number}");
        let asked = client.ask_build(&urgent(&version), &version).await.unwrap();
        let ended = process.wait(LONG).await.unwrap();
        assert_eq!(ended.signal(), Some(ABORTED), "{point}: {}", process.said());

        let (mut process, client) = up(folder.path(), None).await;
        let over = until("the build to be over", LONG, || async {
            let seen = client.build(&asked.id).await?;
            Ok(seen.is_over().then_some(seen))
        });
        let seen: Build = match over.await {
            Ok(seen) => seen,
            Err(error) => {
                let seen = client.build(&asked.id).await.unwrap();
                panic!("{point}: {error:#}\n{seen:#?}\n{}", process.said())
            }
        };
        assert_eq!(seen.status, "completed", "{point}: {seen:#?}");
        let builders = DeploymentFilter {
            purpose: Some("build".to_owned()),
            limit: Some(200),
            ..DeploymentFilter::default()
        };
        for builder in client.deployments(&builders).await.unwrap().items {
            assert_eq!(builder.instance_id, None, "{point}: {builder:#?}");
        }
        let history = BudgetFilter::default();
        for one in client.budget_history(&history).await.unwrap().items {
            assert_eq!(one.budget.reserved, "0.00", "{point}: {one:#?}");
        }
        process.terminate().await.unwrap();
        assert!(process.wait(LONG).await.unwrap().success());
    }
}
