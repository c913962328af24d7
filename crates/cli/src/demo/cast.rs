//! Who plays in the demo: four deployments of two versions that this installation has no AMIs of yet.

use ingot_client::{Client, CreateDeployment, ImageFilter};
use ingot_domain::image::ImageStatus;
use ingot_domain::template::KAMIWAZA;

/// The document's region.
const REGION: &str = "us-east-1";
/// Demos that one installation can play before a person has to clean up.
const MOST_DEMOS: u32 = 1000;

/// One deployment of the demo.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its place on the stage, from 0.
    pub(super) index: usize,
    /// Name of the deployment.
    pub(super) name: String,
    /// What is asked for.
    pub(super) request: CreateDeployment,
    /// What will happen.
    pub(super) plot: String,
}

/// The four deployments.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    /// The document's examples 1, 2 and 3, and one launched from the AMI.
    pub(super) parts: [Part; 4],
}

impl Cast {
    /// The document's versions, or patches of them when an earlier demo left AMIs of these.
    pub(super) async fn choose(client: &Client) -> anyhow::Result<Self> {
        let taken = taken_versions(client).await?;
        for demo in 0..MOST_DEMOS {
            let version = |version: &str| {
                if demo == 0 {
                    version.to_owned()
                } else {
                    format!("{version}-patch{demo}")
                }
            };
            let (one, other) = (version("v0.9.2"), version("v0.9.3"));
            if !taken.contains(&one) && !taken.contains(&other) {
                if demo > 0 {
                    eprintln!(
                        "there are AMIs of an earlier demo; this one plays with {one} and {other}"
                    );
                }
                return Ok(Self::of(&one, &other));
            }
        }
        anyhow::bail!(
            "this installation has played too many demos; give `ingot up` a fresh --data-dir"
        )
    }

    fn of(one: &str, other: &str) -> Self {
        let part = |index: usize, name: &str, version: &str, image: &str, plot: String| {
            let name = format!("{name}-{version}");
            let request = CreateDeployment {
                job_name: Some(name.clone()),
                template: KAMIWAZA.to_owned(),
                version: version.to_owned(),
                mode: Some("full".to_owned()),
                region: REGION.to_owned(),
                image: Some(image.to_owned()),
                ..CreateDeployment::default()
            };
            Part {
                index,
                name,
                request,
                plot,
            }
        };
        Self {
            parts: [
                part(
                    0,
                    "first",
                    one,
                    "auto",
                    format!(
                        "the first deployment of {one}: it is installed, and an AMI is made of it"
                    ),
                ),
                part(
                    1,
                    "second",
                    one,
                    "fresh",
                    format!(
                        "the second of {one}, installed again: its AMI is skipped, for there is one"
                    ),
                ),
                part(
                    2,
                    "other",
                    other,
                    "auto",
                    format!("another version, {other}: it gets an AMI of its own"),
                ),
                part(
                    3,
                    "cached",
                    one,
                    "auto",
                    format!("{one} once more: launched from the AMI, and ready sooner"),
                ),
            ],
        }
    }
}

/// Versions whose key is taken by an image that exists or is in the making.
async fn taken_versions(client: &Client) -> anyhow::Result<Vec<String>> {
    let mut taken = Vec::new();
    let mut filter = ImageFilter {
        template: Some(KAMIWAZA.to_owned()),
        region: Some(REGION.to_owned()),
        limit: Some(ingot_client::page::LONGEST_PAGE),
        ..ImageFilter::default()
    };
    loop {
        let page = client.images(&filter).await?;
        let alive = |status: &str| match ImageStatus::parse(status) {
            Some(ImageStatus::Claimed | ImageStatus::Pending | ImageStatus::Available) | None => {
                true
            }
            Some(ImageStatus::Failed | ImageStatus::Deleted | ImageStatus::Missing) => false,
        };
        taken.extend(
            page.items
                .into_iter()
                .filter(|image| alive(&image.status))
                .map(|image| image.version),
        );
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            return Ok(taken);
        }
    }
}
