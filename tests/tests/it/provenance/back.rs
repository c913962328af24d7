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
    let passed_over = until("the image to be shown as disabled", LONG, async || {
        let image = stack.client.image(&ami).await?;
        Ok(image.disabled_at.is_some().then_some(image))
    });
    assert_eq!(
        passed_over.await.unwrap().status,
        "available",
        "it is there"
    );
    let second = deploy(&stack, "v7.5.0", None, true).await;
    assert_eq!(
        second.ami_creation_status.as_deref(),
        Some("completed"),
        "{second:#?}"
    );
    let said = told(&stack, &second, "deployment.image_not_used").await;
    assert!(
        said.contains(&ami) && said.contains("enable-image"),
        "{said}"
    );
    let list = stack.ingot(&["images", "list"]).await.unwrap();
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("available (disabled)"), "{list}");
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

async fn told(stack: &Stack, deployment: &ingot_client::Deployment, kind: &str) -> String {
    let story = stack.story(&deployment.id).await.unwrap();
    let said = story.iter().find(|event| event.kind == kind);
    let said = said.unwrap_or_else(|| panic!("no {kind} in {story:#?}"));
    said.message.clone()
}

#[tokio::test]
async fn an_image_restored_beside_its_successor_is_available_and_a_finding_embedded() {
    beside_its_successor(&embedded().await).await;
}

#[tokio::test]
async fn an_image_restored_beside_its_successor_is_available_and_a_finding_scaled() {
    beside_its_successor(&scaled().await).await;
}

/// Removed, replaced, restored: both are available, launches take the newer, the older is shown and left alone.
async fn beside_its_successor(stack: &Stack) {
    let keep = json!({ "images": 8_640_000, "snapshots": 8_640_000 });
    stack.region.post("recycle_bin", &keep).await.unwrap();
    let first = deploy(stack, "v7.7.0", None, true).await;
    let old = first.created_ami_id.clone().unwrap();
    let call = async |action: &str, ami: &str| {
        let asked = [("Action", action), ("ImageId", ami)];
        stack.region.ec2(&asked).await.unwrap()
    };
    let is = async |ami: &str, status: &str| {
        until(status, LONG, async || {
            let image = stack.client.image(ami).await?;
            Ok((image.status == status).then_some(image))
        })
        .await
        .unwrap()
    };
    call("DeregisterImage", &old).await;
    is(&old, "missing").await;
    let second = deploy(stack, "v7.7.0", None, true).await;
    let new = second.created_ami_id.clone().unwrap();
    assert_ne!(new, old);
    let since = journal(stack).await;
    call("RestoreImageFromRecycleBin", &old).await;
    let back = is(&old, "available").await;
    assert_eq!(back.generation, 1);
    assert_eq!(is(&new, "available").await.generation, 2);
    let doctor = until("the doctor to tell", LONG, async || {
        let doctor = stack.ingot(&["doctor"]).await?;
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        Ok(said.contains(&format!("AMI {old} is back")).then_some(said))
    });
    let said = doctor.await.unwrap();
    for part in [
        new.as_str(),
        "generation 2",
        &format!("ingot images drop {old}"),
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    for _ in 0..2 {
        let next = deploy(stack, "v7.7.0", None, true).await;
        assert_eq!(next.source_ami_id.as_ref(), Some(&new), "{next:#?}");
    }
    let touched = touched(stack, since, std::slice::from_ref(&old)).await;
    assert!(touched.is_empty(), "{touched:#?}");
    let shown = stack.client.image(&old).await.unwrap();
    assert_eq!(
        (shown.status.as_str(), shown.class.as_deref()),
        ("available", Some("restored")),
        "{shown:#?}"
    );
    // Without the newer one it is what a launch of the key takes.
    call("DeregisterImage", &new).await;
    is(&new, "missing").await;
    let next = deploy(stack, "v7.7.0", None, true).await;
    assert_eq!(next.source_ami_id.as_ref(), Some(&old), "{next:#?}");
}

#[tokio::test]
async fn an_image_that_is_there_and_not_available_now_is_not_missing_embedded() {
    not_available_now(&embedded().await).await;
}

#[tokio::test]
async fn an_image_that_is_there_and_not_available_now_is_not_missing_scaled() {
    not_available_now(&scaled().await).await;
}

/// EC2 shows it as pending: a launch installs fresh and says so, the monitor looks on, and afterwards it is used again.
async fn not_available_now(stack: &Stack) {
    let first = deploy(stack, "v7.8.0", None, true).await;
    let ami = first.created_ami_id.clone().unwrap();
    let state = async |word: &str| {
        let order = json!({ "state": word });
        let image = format!("images/{ami}");
        stack.region.post(&image, &order).await.unwrap();
    };
    state("pending").await;
    let second = deploy(stack, "v7.8.0", None, true).await;
    assert_eq!(second.launch_path.as_deref(), Some("fresh"), "{second:#?}");
    let story = stack.story(&second.id).await.unwrap();
    let why = |event: &&ingot_client::Event| {
        ["deployment.image_not_used", "deployment.image_refused"].contains(&event.kind.as_str())
    };
    let why: Vec<_> = story.iter().filter(why).collect();
    assert_eq!(why.len(), 1, "{story:#?}");
    assert!(why[0].message.contains(&ami), "{why:#?}");
    assert_eq!(
        second.created_ami_id.as_ref(),
        Some(&ami),
        "no second one is made"
    );
    let image = stack.client.image(&ami).await.unwrap();
    assert_eq!(image.status, "available", "{image:#?}");
    state("available").await;
    let third = until("a launch from it", LONG, async || {
        let next = deploy(stack, "v7.8.0", None, true).await;
        Ok((next.launch_path.as_deref() == Some("cached")).then_some(next))
    });
    assert_eq!(third.await.unwrap().source_ami_id.as_ref(), Some(&ami));
}
