//! Images that were gone and are back: from the Recycle Bin, and enabled again after their successor was made.

use ingot_tests::{Stack, until};
use serde_json::{Value, json};

use super::{LONG, LOOKS, deploy, embedded, journal, object, scaled, touched};

#[tokio::test]
async fn an_image_restored_from_the_recycle_bin_is_available_again_and_stays_embedded() {
    restored(&embedded().await).await;
}

#[tokio::test]
async fn an_image_restored_from_the_recycle_bin_is_available_again_and_stays_scaled() {
    restored(&scaled().await).await;
}

async fn restored(stack: &Stack) {
    let keep = json!({ "images": 8_640_000, "snapshots": 8_640_000 });
    stack.region.post("recycle_bin", &keep).await.unwrap();
    let first = deploy(stack, "v7.6.0", None, true).await;
    let ami = first.created_ami_id.clone().unwrap();
    let status = async |wanted: &str| {
        until(wanted, LONG, async || {
            let image = stack.client.image(&ami).await?;
            Ok((image.status == wanted).then_some(()))
        })
        .await
        .unwrap();
    };
    let call = async |action: &str| {
        stack
            .region
            .ec2(&[("Action", action), ("ImageId", &ami)])
            .await
            .unwrap()
    };
    call("DeregisterImage").await;
    status("missing").await;
    let since = journal(stack).await;
    call("RestoreImageFromRecycleBin").await;
    status("available").await;
    let looks = async || {
        let calls = stack.region.calls("DescribeSnapshots").await?;
        let by_tag = |call: &&Value| call["params"]["Filter.1.Name"] == "tag:ingot:install";
        Ok::<_, anyhow::Error>(calls.iter().filter(by_tag).count())
    };
    let before = looks().await.unwrap();
    until("looks of the reaper", LONG, async || {
        Ok((looks().await? >= before + LOOKS as usize).then_some(()))
    })
    .await
    .unwrap();
    let image = stack.client.image(&ami).await.unwrap();
    assert_eq!(image.status, "available", "{image:#?}");
    let touched = touched(stack, since, std::slice::from_ref(&ami)).await;
    assert!(touched.is_empty(), "{touched:#?}");
    let second = deploy(stack, "v7.6.0", None, true).await;
    assert_eq!(second.source_ami_id.as_ref(), Some(&ami), "{second:#?}");
}

/// N14: disabled, replaced, enabled again.
#[tokio::test]
async fn an_image_that_is_back_after_its_successor_is_a_finding_with_a_way_out() {
    let stack = embedded().await;
    let first = deploy(&stack, "v7.5.0", None, true).await;
    let ami = first.created_ami_id.clone().unwrap();
    let call = async |action: &str| {
        stack
            .region
            .ec2(&[("Action", action), ("ImageId", &ami)])
            .await
            .unwrap()
    };
    call("DisableImage").await;
    let second = deploy(&stack, "v7.5.0", None, true).await;
    assert_eq!(
        second.ami_creation_status.as_deref(),
        Some("completed"),
        "{second:#?}"
    );
    call("EnableImage").await;
    let doctor = until("the doctor to tell", LONG, async || {
        let doctor = stack.ingot(&["doctor"]).await?;
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        Ok(said.contains(&format!("AMI {ami} is back")).then_some(said))
    });
    let said = doctor.await.unwrap();
    assert!(said.contains(&format!("ingot images drop {ami}")), "{said}");
    let drop = ["images", "drop", &ami, "--reason", "replaced"];
    stack.ingot_json(&drop).await.unwrap();
    until("the finding to end", LONG, async || {
        let doctor = stack.ingot(&["doctor"]).await?;
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        Ok((!said.contains("is back")).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(object(&stack, "images", &ami).await["state"], "available");
}
