//! `ingot sim release`: the vendor of a track publishes a build in a running simulated region, under its own name.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use ingot_domain::Instant;
use ingot_domain::advisory::base::Build;
use ingot_domain::track::known;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::args::sim::ReleaseArgs;
use crate::failure::{Refused, Usage};
use crate::output::{clean, pairs};

/// How long the region may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Publishes a build, or takes it back.
pub(super) async fn release(args: ReleaseArgs) -> anyhow::Result<ExitCode> {
    let endpoint = match &args.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => {
            let left = std::fs::read_to_string(args.data.sim_file()?);
            let left = left.map_err(|_| {
                Usage(
                    "no `ingot up --cloud sim` has left its region's address; start one, or give --endpoint URL"
                        .to_owned(),
                )
            })?;
            left.trim().to_owned()
        }
    };
    let release = Release {
        track: &args.name,
        build: &args.build,
        regions: &args.regions,
        created: args.created,
        withdraw: args.withdraw,
    };
    let answer = release.order(&endpoint).await?;
    args.format.output().result(&answer, told)?;
    Ok(ExitCode::SUCCESS)
}

/// What a vendor is to do.
pub(super) struct Release<'a> {
    pub(super) track: &'a str,
    pub(super) build: &'a str,
    pub(super) regions: &'a [String],
    pub(super) created: Option<Instant>,
    pub(super) withdraw: bool,
}

impl Release<'_> {
    /// Orders it of the region at an address; its answer.
    pub(super) async fn order(&self, endpoint: &str) -> anyhow::Result<Value> {
        let Some(track) = known::find(self.track) else {
            let text = format!(
                "`{}` is no track that every installation has; `ingot base-images list` shows them",
                clean(self.track)
            );
            return Err(Usage(text).into());
        };
        let Some(name) = known::image_name(&track, self.build) else {
            let text = format!(
                "`{}` is no build of {}: name it as its vendor does, so that the image's name passes `{}`",
                clean(self.build),
                track.name,
                track.pattern
            );
            return Err(Usage(text).into());
        };
        let owner = track.owners.of("us-east-1").unwrap_or_default();
        let mut order = json!({
            "owner": owner,
            "filter": track.filter,
            "architecture": track.arch.as_str(),
            "name": name,
            "regions": self.regions,
            "withdraw": self.withdraw,
        });
        if let Some(parameter) = &track.parameter {
            order["parameter"] = parameter.as_str().into();
        }
        if let Some(created) = &self.created {
            order["created"] = created.to_rfc3339().into();
        } else if let Ok(build) = Build::parse(self.build) {
            // Vendors publish no build of a day to come, whatever the region's clock shows: it is of the end of its day.
            order["earliest"] = build.end().to_rfc3339().into();
        }
        let answer = tokio::time::timeout(PATIENCE, post(endpoint, "/_sim/releases", &order));
        let answer = answer
            .await
            .map_err(|_| anyhow::anyhow!("the simulated region at {endpoint} does not answer"))??;
        if let Some(error) = answer["error"].as_str() {
            let text = format!("the simulated region refused it: {}", clean(error));
            return Err(Refused(text).into());
        }
        Ok(answer)
    }
}

fn told(answer: &Value) -> String {
    let text = |key: &str| clean(answer[key].as_str().unwrap_or_default());
    let verb = if answer["withdrawn"] == true {
        "withdrawn"
    } else {
        "published"
    };
    let mut rows = vec![(verb, text("name")), ("created", text("created"))];
    if answer["everywhere"] == true {
        rows.push(("where", "every region, in those used so far as".to_owned()));
    }
    let none = serde_json::Map::new();
    let images = answer["images"].as_object().unwrap_or(&none);
    let ids: Vec<(String, String)> = images
        .iter()
        .map(|(region, id)| (clean(region), clean(id.as_str().unwrap_or_default())))
        .collect();
    rows.extend(ids.iter().map(|(region, id)| (region.as_str(), id.clone())));
    pairs(rows)
}

/// One order, as JSON; the region speaks plain HTTP on loopback.
async fn post(endpoint: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
    let address = endpoint
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'));
    let Some(address) = address else {
        let text = format!(
            "`{}` is no address of a simulated region: http://HOST:PORT",
            clean(endpoint)
        );
        return Err(Usage(text).into());
    };
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let reached = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<String, std::io::Error>(answer)
    };
    let answer = reached.await.with_context(|| {
        format!("no simulated region answers at {endpoint}; is `ingot up --cloud sim` running?")
    })?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("{endpoint} is no simulated region"))?;
    serde_json::from_str(body).with_context(|| format!("{endpoint} is no simulated region"))
}
