//! Other people and tools in the account: what they remove of ours, and what is theirs and looks like ours.

use std::collections::BTreeMap;

use ingot_domain::image::{DEPLOYMENT_TAG, EFFECT_TAG, INSTALL_TAG, MANAGED_BY};
use ingot_tests::{Options, until};
use serde_json::Value;

use super::{LONG, Site, object};

impl Site {
    /// A call of EC2's Query API that Ingot did not make.
    async fn somebody_calls(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let credential = "AWS4-HMAC-SHA256 Credential=COLLEAGUE/20261122/us-east-1/ec2/aws4_request, \
            SignedHeaders=host, Signature=00";
        let form: Vec<String> = [("Action", action), ("Version", "2016-11-15")]
            .iter()
            .chain(parameters)
            .map(|(name, value)| format!("{name}={}", value.replace(':', "%3A")))
            .collect();
        let answer = reqwest::Client::new()
            .post(self.stack.region.endpoint())
            .header("authorization", credential)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.join("&"))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{action}: {text}");
        text
    }

    async fn kill_instance(&self, id: &str) {
        let order =
            object!({ "state": "terminated", "reason": "Client.UserInitiatedShutdown: by hand" });
        let path = format!("instances/{id}");
        self.stack.region.post(&path, &order).await.unwrap();
    }
}

async fn site() -> Site {
    Site::start(Options {
        workers: 2,
        pace: 300,
        ..Options::default()
    })
    .await
}

/// FAULTS F27: terminated by hand while it starts, while it is checked and while it installs; in the making of the image
/// and afterwards in `it/doubts.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn f27_an_instance_terminated_by_hand_ends_its_deployment_with_a_reason() {
    let mut site = site().await;
    for stage in ["deploying", "running"] {
        let stuck = object!({ "stuck": stage == "deploying", "hold_install": true, "times": 1 });
        site.stack
            .region
            .post("next_instance", &stuck)
            .await
            .unwrap();
        let id = site.deploy().await;
        let seen = site
            .reaches(&id, |seen| {
                seen.status == stage && seen.instance_id.is_some()
            })
            .await;
        site.kill_instance(&seen.instance_id.unwrap()).await;
        let seen = site.reaches(&id, |seen| seen.finished).await;
        assert!(
            ["failed", "destroyed"].contains(&seen.status.as_str()),
            "{stage}: {seen:#?}"
        );
        let why = seen.error_message.clone().unwrap_or_default();
        assert!(why.contains("the instance"), "{stage}: {seen:#?}");
        // What is left of it goes with it.
        if seen.status == "failed" {
            site.stack.client.act(&id, "destroy").await.unwrap();
        }
    }
    site.holds().await;
}

/// FAULTS F28: an image deregistered by hand after it was published becomes missing, and is available never again.
#[tokio::test(flavor = "multi_thread")]
async fn f28_an_image_deregistered_by_hand_is_missing() {
    let mut site = site().await;
    let id = site.deploy().await;
    site.succeed(std::slice::from_ref(&id)).await;
    let ami = site
        .stack
        .client
        .deployment(&id)
        .await
        .unwrap()
        .created_ami_id
        .unwrap();
    site.somebody_calls("DeregisterImage", &[("ImageId", &ami)])
        .await;
    until("the image to be missing", LONG, async || {
        let image = site.stack.client.image(&ami).await?;
        Ok((image.status == "missing").then_some(()))
    })
    .await
    .unwrap();
    // Its snapshot has no image any more; it is ours to tell, not to guess away.
    let snapshots = site
        .stack
        .region
        .objects("us-east-1", "snapshots")
        .await
        .unwrap();
    for snapshot in snapshots.iter().filter(|one| one["used_by"].is_null()) {
        let id = snapshot["id"].as_str().unwrap();
        site.somebody_calls("DeleteSnapshot", &[("SnapshotId", id)])
            .await;
    }
    site.holds().await;
}

/// FAULTS F29: another installation's instance and image, with our names and our words, are untouched by a whole life, a
/// destruction and the reconciler.
#[tokio::test(flavor = "multi_thread")]
async fn f29_look_alikes_of_another_installation_are_never_touched() {
    let mut site = site().await;
    let (first, second) = (site.deploy().await, site.deploy().await);
    let seen = site
        .reaches(&first, |seen| seen.instance_id.is_some())
        .await;
    let base = site
        .one("SELECT to_jsonb(base_image_id) FROM deployment")
        .await;
    let image = base.as_str().unwrap().to_owned();
    let tags = [
        ("Name", seen.job_name.as_str()),
        ("ManagedBy", MANAGED_BY),
        (INSTALL_TAG, "another-install"),
        (DEPLOYMENT_TAG, first.as_str()),
        (EFFECT_TAG, "eff_00000000000000000000000000000000"),
    ];
    let numbered: Vec<(String, String)> = tags
        .iter()
        .zip(1..)
        .flat_map(|((name, value), n)| {
            let tag = format!("TagSpecification.1.Tag.{n}");
            [
                (format!("{tag}.Key"), (*name).to_owned()),
                (format!("{tag}.Value"), value.replace(' ', "+")),
            ]
        })
        .collect();
    let with_tags = |kind: &'static str, more: &[(&'static str, String)]| {
        let mut all: BTreeMap<String, String> = numbered.iter().cloned().collect();
        all.insert(
            "TagSpecification.1.ResourceType".to_owned(),
            kind.to_owned(),
        );
        all.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        all
    };
    let call = async |action: &str, parameters: BTreeMap<String, String>| {
        let pairs: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        site.somebody_calls(action, &pairs).await
    };
    let launch = [
        ("ImageId", image),
        ("MinCount", "1".to_owned()),
        ("MaxCount", "1".to_owned()),
        ("InstanceType", "m5.large".to_owned()),
    ];
    call("RunInstances", with_tags("instance", &launch)).await;
    let theirs = async |kind: &str| -> Vec<Value> {
        let all = site.stack.region.objects("us-east-1", kind).await.unwrap();
        let theirs = |one: &Value| one["tags"][INSTALL_TAG] == "another-install";
        all.into_iter().filter(theirs).collect()
    };
    let instance = theirs("instances").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    until("their instance to run", LONG, async || {
        Ok((theirs("instances").await[0]["state"] == "running").then_some(()))
    })
    .await
    .unwrap();
    let make = [
        ("InstanceId", instance.clone()),
        ("Name", "kamiwaza-golden-v0.0.1-look-alike".to_owned()),
    ];
    call("CreateImage", with_tags("image", &make)).await;
    site.succeed(std::slice::from_ref(&first)).await;
    site.succeed(&[second]).await;
    site.stack.client.act(&first, "destroy").await.unwrap();
    site.reaches(&first, |seen| seen.status == "destroyed")
        .await;
    // Two rounds of the reconciler: each minute of the region's time, five seconds of ours.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    let (instances, images) = (theirs("instances").await, theirs("images").await);
    assert_eq!(instances[0]["state"], "running", "{instances:#?}");
    assert_eq!(images.len(), 1, "{images:#?}");
    let touched = site.stack.region.calls("*").await.unwrap();
    let touched: Vec<&Value> = touched
        .iter()
        .filter(|call| call["access_key"] != "COLLEAGUE" && !call["effect"].is_null())
        .filter(|call| {
            call["effect"]
                .as_str()
                .is_some_and(|ids| ids.contains(&instance))
        })
        .collect();
    assert!(touched.is_empty(), "{touched:#?}");
    site.holds().await;
}
