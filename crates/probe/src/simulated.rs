//! The way to instances of the simulated region, which live on loopback addresses and may listen on other ports than their
//! templates name: an ordinary user cannot bind ports below 1024. The region is asked before each connection; what it
//! names is connected to only if it is loopback.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper_util::rt::TokioIo;
use ingot_domain::Instant;
use ingot_domain::probe::{ProbeClass, ProbeOutcome};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use url::{Position, Url};

use crate::prober::ProbeSetupError;

/// Most bytes of the region's answer.
const LARGEST: usize = 4096;

/// How long its clock is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

type Asked<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The clock of a simulated region, by which it stamps all it makes.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct RegionClock {
    /// What it shows.
    pub now: Instant,
    /// Its seconds per real second.
    pub pace: f64,
}

/// A simulated region that does not tell its time.
#[derive(Debug, thiserror::Error)]
#[error("the simulated region at {0} does not tell its time: {1}")]
pub struct NoClock(String, String);

/// A simulated region. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Simulated(Arc<Url>);

/// What it answers.
#[derive(Debug, Deserialize)]
struct Way {
    /// Where to connect; absent where nothing listens.
    connect: Option<SocketAddr>,
    /// Why nothing listens, where there is more to say.
    #[serde(default)]
    why: Option<String>,
}

impl Simulated {
    /// The region at an address such as `http://127.0.0.1:4566`.
    pub(crate) fn at(url: &str) -> Result<Self, ProbeSetupError> {
        let wrong = || ProbeSetupError::Region(url.to_owned());
        let read = Url::parse(url).map_err(|_| wrong())?;
        let fine = read.scheme() == "http" && read.host().is_some();
        fine.then(|| Self(Arc::new(read))).ok_or_else(wrong)
    }

    /// Where a port of the instance at an address answers.
    pub(crate) async fn way(&self, address: IpAddr, port: u16) -> Result<SocketAddr, ProbeOutcome> {
        let question = [("address", address.to_string()), ("port", port.to_string())];
        let way = self.ask::<Way>("/_sim/way", &question).await.map_err(|error| {
            let detail = format!(
                "the simulated region at {} does not say where its instances answer: {error}; is `INGOT_SIMULATED_REGION` right?",
                self.0
            );
            ProbeOutcome::not_ready(ProbeClass::Broken, detail)
        })?;
        let at = SocketAddr::new(address, port);
        match (way.connect, way.why) {
            (Some(to), _) if to.ip().is_loopback() => Ok(to),
            (Some(to), _) => Err(ProbeOutcome::not_ready(
                ProbeClass::Denied,
                format!("the simulated region names {to}, which is no loopback address"),
            )),
            (None, why) => {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let detail = format!("no server listens at {at}{why}");
                Err(ProbeOutcome::not_ready(ProbeClass::Refused, detail))
            }
        }
    }

    /// What its clock shows, and how fast it runs.
    pub(crate) async fn clock(&self) -> Result<RegionClock, NoClock> {
        let asked = tokio::time::timeout(PATIENCE, self.ask("/_sim/clock", &[])).await;
        let asked = asked.unwrap_or_else(|_| Err("no answer".into()));
        asked.map_err(|why| NoClock(self.0.to_string(), why.to_string()))
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Asked<T> {
        let mut url = Url::clone(&self.0);
        url.set_path(path);
        url.query_pairs_mut().clear().extend_pairs(query);
        let authority = &url[Position::BeforeHost..Position::AfterPort];
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, url.port_or_known_default().unwrap_or(80))).await?;
        let request = Request::get(&url[Position::BeforePath..])
            .header(HOST, authority)
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let answer = async move {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            if !status.is_success() {
                return Err(format!("HTTP {}", status.as_u16()).into());
            }
            let body = Limited::new(answer.into_body(), LARGEST).collect().await?;
            Ok(serde_json::from_slice(&body.to_bytes())?)
        };
        // Driven here and not in a task of its own, so that giving up leaves nothing behind.
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answer = &mut answer => return answer,
            _ = connection => {}
        }
        answer.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_an_address_of_http() {
        for (url, fine) in [
            ("http://127.0.0.1:4566", true),
            ("http://sim:4566/", true),
            ("http://[::1]:4566", true),
            ("https://sim:4566", false),
            ("443", false),
            ("sim:4566", false),
            ("", false),
        ] {
            assert_eq!(Simulated::at(url).is_ok(), fine, "{url}");
        }
    }
}
