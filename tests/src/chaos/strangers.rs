//! Strangers who live on the account beside a round's installation: backups, copies and "launch more like this", with every
//! tag of ours. Their calls may fail with the region's faults; nothing is made of it.

use std::time::Duration;

use serde_json::Value;

use super::schedule::Chance;
use crate::region::Region;

/// Between two deeds.
const PAUSE: Duration = Duration::from_millis(2_300);
/// Deeds of a round.
const DEEDS: u64 = 10;
const REGION: &str = "us-east-1";

/// Does the deeds of a seed.
pub(super) async fn live(region: Region, seed: u64) {
    let mut chance = Chance(seed ^ 0x57A6);
    for number in 0..DEEDS {
        tokio::time::sleep(PAUSE).await;
        let kind = ["instances", "images"][chance.below(2) as usize];
        let Ok(objects) = region.objects(REGION, kind).await else {
            continue;
        };
        if objects.is_empty() {
            continue;
        }
        let one = &objects[chance.below(objects.len() as u64) as usize];
        // A region under a fault refuses strangers, too.
        let _ = region
            .ec2_with_tags(&deed(kind, one, number), &tags(one))
            .await;
    }
}

fn tags(object: &Value) -> Vec<(String, String)> {
    let tags = object["tags"].as_object().cloned().unwrap_or_default();
    tags.into_iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
        .collect()
}

fn deed(kind: &str, object: &Value, number: u64) -> Vec<(String, String)> {
    let id = object["id"].as_str().unwrap_or_default();
    let name = format!("stranger-{number}");
    let image = object["image_id"].as_str().unwrap_or_default();
    let call: Vec<(&str, &str)> = match (kind, number % 2) {
        ("images", _) => vec![
            ("Action", "CopyImage"),
            ("SourceImageId", id),
            ("SourceRegion", REGION),
            ("Name", &name),
        ],
        (_, 0) => vec![
            ("Action", "CreateImage"),
            ("InstanceId", id),
            ("Name", &name),
            ("NoReboot", "true"),
        ],
        _ => vec![
            ("Action", "RunInstances"),
            ("ImageId", image),
            ("InstanceType", "m6i.large"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
        ],
    };
    call.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
