//! What a visit works with: the ledger, the cloud, the probe, the pace; and what is worth remembering between visits.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant as Moment};

use ingot_cloud::batch::Batcher;
use ingot_cloud::{BaseImageFacts, Cloud, CloudError, ErrorKind};
use ingot_domain::Instant;
use ingot_domain::actor::Part;
use ingot_domain::arch::Arch;
use ingot_domain::decide::doubt;
use ingot_domain::decide::orphan::Reap;
use ingot_domain::network::{Cidr, probe_allowed};
use ingot_domain::pace::Pace;
use ingot_domain::place::Place;
use ingot_domain::template::BaseImage;
use ingot_domain::track::known;
use ingot_entity::Ledger;
use ingot_probe::Prober;
use ingot_telemetry::Metrics;
use rand::Rng;
use tokio::sync::Mutex;

use crate::teller::Teller;
use crate::watched::Watched;

/// How a worker is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This installation; what others made is never touched.
    pub install: String,
    /// The pace of the cloud's waits.
    pub pace: Pace,
    /// Private blocks that may be probed.
    pub probe_cidrs: Vec<Cidr>,
    /// What the reaper may remove.
    pub reap: Reap,
    /// How feeds of advisories are fetched; none where the network is off for them.
    pub feeds: Option<FeedSettings>,
}

/// How a worker fetches feeds of advisories.
#[derive(Debug, Clone)]
pub struct FeedSettings {
    /// Whether they are fetched without being asked for, each at its interval.
    pub by_itself: bool,
    /// The folder of this process alone in which parts of files lie until they are whole.
    pub spool: PathBuf,
    /// Private blocks that mirrors may lie in; plain http is spoken with loopback where that is one of them.
    pub inward: Vec<Cidr>,
    /// The proxy that leads outside.
    pub proxy: Option<String>,
}

/// Everything a visit needs.
#[derive(Debug)]
pub struct Tools {
    /// The ledger.
    pub ledger: Ledger,
    /// The cloud.
    pub cloud: Arc<dyn Cloud>,
    /// The cloud, asked in batches.
    pub batcher: Batcher,
    /// The readiness probe.
    pub prober: Prober,
    /// Metrics.
    pub metrics: Metrics,
    /// Settings.
    pub settings: Settings,
    /// The installations it watches.
    pub(crate) watched: Watched,
    /// One document of a feed is read at a time: reading takes memory.
    pub(crate) reading: Mutex<()>,
    /// What deliveries of notifications need.
    pub(crate) teller: Teller,
    account: OnceLock<String>,
    bases: Mutex<HashMap<(String, String), Asked>>,
}

/// A base image's facts, when the cloud was asked by the ledger's clock, and when by the process's own.
type Asked = (BaseImageFacts, Instant, Moment);

/// How long a resolved base image is believed, felt. Base images move every few weeks; a burst of deployments should not ask
/// SSM once each.
const BASE_FRESH: Duration = Duration::from_secs(300);

impl Tools {
    /// Tools with nothing remembered.
    pub fn new(
        ledger: Ledger,
        cloud: Arc<dyn Cloud>,
        batcher: Batcher,
        prober: Prober,
        metrics: Metrics,
        settings: Settings,
    ) -> Self {
        let (account, bases) = (OnceLock::new(), Mutex::default());
        Self {
            ledger: ledger.as_actor(Part::Worker),
            cloud,
            batcher,
            prober,
            metrics,
            settings,
            watched: Watched::default(),
            reading: Mutex::default(),
            teller: Teller::default(),
            account,
            bases,
        }
    }

    /// The same, with what deliveries of notifications need.
    pub fn telling(mut self, teller: Teller) -> Self {
        self.teller = teller;
        self
    }

    /// The AWS account of our credentials, remembered once it is known. Visits that ask meanwhile make a call each:
    /// waiting for another's call that ends without an answer, and then for one's own, is longer than a visit may be
    /// (FAULTS F04).
    pub async fn account(&self) -> Result<String, CloudError> {
        if let Some(account) = self.account.get() {
            return Ok(account.clone());
        }
        let account = self.cloud.identity().await?.account;
        Ok(self.account.get_or_init(|| account).clone())
    }

    /// A base image's facts, not older than five minutes.
    pub async fn base_image(
        &self,
        region: &str,
        base: &BaseImage,
        arch: Arch,
    ) -> Result<BaseImageFacts, CloudError> {
        Ok(self.base_asked(region, base, arch, false).await?.0)
    }

    /// The same with the instant the cloud was asked; `now` asks it anew.
    pub async fn base_asked(
        &self,
        region: &str,
        base: &BaseImage,
        arch: Arch,
        now: bool,
    ) -> Result<(BaseImageFacts, Instant), CloudError> {
        let key = (region.to_owned(), format!("{} {arch}", base.describe()));
        let fresh = self.settings.pace.wait(BASE_FRESH);
        if !now
            && let Some((facts, at, asked)) = self.bases.lock().await.get(&key)
            && asked.elapsed() < fresh
        {
            return Ok((facts.clone(), *at));
        }
        let (at, asked) = (self.ledger.now(), Moment::now());
        let facts = match base {
            BaseImage::Track(name) => self.of_track(region, name, arch).await?,
            base => {
                self.cloud
                    .resolve_base_image(Place::own(region), base, arch)
                    .await?
            }
        };
        self.bases
            .lock()
            .await
            .insert(key, (facts.clone(), at, asked));
        Ok((facts, at))
    }

    /// The build that a track's template starts from: the recorded head where the region has it, else the newest by the
    /// track's rule (DESIGN-2 B3).
    async fn of_track(
        &self,
        region: &str,
        name: &str,
        arch: Arch,
    ) -> Result<BaseImageFacts, CloudError> {
        let refuse = |kind, message: String| CloudError {
            kind,
            operation: "DescribeImages",
            region: region.to_owned(),
            code: "InvalidAMIID.NotFound".to_owned(),
            message,
            request_id: None,
        };
        let away = |error: ingot_entity::LedgerError| {
            refuse(
                ErrorKind::NotSent,
                format!("the ledger did not answer: {error}"),
            )
        };
        let row = self.ledger.track(name).await.map_err(away)?;
        let track = row.as_ref().map(|row| row.parsed()).transpose();
        let track = track.map_err(away)?.or_else(|| known::find(name));
        let Some(track) = track else {
            let message =
                format!("there is no track `{name}`; `ingot base-images list` shows them");
            return Err(refuse(ErrorKind::NotFound, message));
        };
        let head = row.and_then(|row| row.head());
        let recorded = match head {
            Some(head) => self.ledger.base_ami(&head, region).await.map_err(away)?,
            None => None,
        };
        let recorded = recorded.filter(|ami| ami.withdrawn_at.is_none());
        let id = match recorded {
            Some(ami) => Some(ami.ami_id),
            None => crate::visits::track::ask::now(self, region, &track)
                .await?
                .map(|image| image.id),
        };
        let Some(id) = id else {
            let message = format!("track `{name}` has no build in {region}");
            return Err(refuse(ErrorKind::NotFound, message));
        };
        let facts = self
            .cloud
            .resolve_base_image(Place::own(region), &BaseImage::Ami(id.clone()), arch)
            .await?;
        if facts.owner_id.as_deref() != track.owners.of(region) {
            let message =
                format!("image {id} of track `{name}` does not belong to the track's owner");
            return Err(refuse(ErrorKind::NotFound, message));
        }
        Ok(facts)
    }

    /// The instant a simulated wait from now.
    pub fn after(&self, wait: Duration) -> Instant {
        self.ledger.now()
            + chrono::TimeDelta::from_std(self.settings.pace.wait(wait)).unwrap_or_default()
    }

    /// The simulated time since an instant.
    pub fn since(&self, instant: Instant) -> Duration {
        let span = (self.ledger.now() - instant).to_std().unwrap_or_default();
        self.settings.pace.felt(span)
    }

    /// The felt age of something by the cloud's own time stamp. A faster pace, or a calendar that is not the real one, means
    /// a simulated region, whose clock may have been started anew: its stamps say nothing here.
    pub fn cloud_age(&self, made_at: Option<Instant>) -> Option<Duration> {
        made_at
            .filter(|_| self.settings.pace.factor() <= 1.0 && self.ledger.calendar().is_real())
            .map(|at| self.since(at))
    }

    /// A sighting from before this instant and one of now are two.
    pub fn sighted_before(&self) -> Instant {
        let apart = self.settings.pace.wait(ingot_domain::invariant::APART);
        self.ledger.now() - chrono::TimeDelta::from_std(apart).unwrap_or_default()
    }

    /// Whether an effect that left no trace by now surely left none.
    pub fn doubt_is_over(&self, intended_at: Instant) -> bool {
        let real = (self.ledger.now() - intended_at)
            .to_std()
            .unwrap_or_default();
        doubt::is_over(self.since(intended_at), real)
    }

    /// A number in `0.0..1.0`.
    pub fn chance(&self) -> f64 {
        rand::rng().random()
    }

    /// Whether an address may be probed.
    pub fn may_probe(&self, address: std::net::IpAddr) -> bool {
        probe_allowed(address, &self.settings.probe_cidrs).is_ok()
    }
}
