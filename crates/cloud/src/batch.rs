//! Many questions about single instances and images become few Describe calls. Thousands of deployments each look at
//! their own instance; asked one by one that is what EC2 throttles (EC2.md 33). Here the visits that ask within one
//! window share a call, the call's unused room carries what others will ask for next, and a young answer is given again
//! without any call. Nothing is waited for but the answer, and no lock is held while it is awaited.

mod desk;
mod shelf;

use std::sync::Arc;
use std::time::Duration;

use crate::Cloud;
use crate::error::CloudError;
use crate::facts::{ImageFacts, InstanceFacts};
use ingot_domain::place::Place;

use desk::{Counts, Desk};

/// How patient and how forgetful a [`Batcher`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSettings {
    /// The first question waits this long for others to join its call. While calls follow each other closely the
    /// wait stretches to at most five windows, for then it is worth more.
    pub window: Duration,
    /// An answer this young serves another poll without a call.
    pub fresh: Duration,
    /// What was asked for within this time is included where a call of its region and kind has room.
    pub watch: Duration,
    /// Ids of one call; at most 200, EC2's limit of filter values.
    pub chunk: usize,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_millis(100),
            fresh: Duration::from_secs(10),
            watch: Duration::from_secs(90),
            chunk: 200,
        }
    }
}

/// What a [`Batcher`] has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchStats {
    /// Questions asked of it.
    pub polls: u64,
    /// Calls it made of the cloud for them.
    pub calls: u64,
}

/// Answers questions about single instances and images. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Batcher {
    instances: Arc<Desk<InstanceFacts>>,
    images: Arc<Desk<ImageFacts>>,
    counts: Arc<Counts>,
}

impl Batcher {
    /// A batcher over `cloud`. It works on the tokio runtime on which it is asked, and with its clock.
    pub fn new(cloud: Arc<dyn Cloud>, settings: BatchSettings) -> Self {
        let chunk = settings.chunk.clamp(1, 200);
        let settings = BatchSettings { chunk, ..settings };
        let counts = Arc::new(Counts::default());
        Self {
            instances: Arc::new(Desk::new(cloud.clone(), settings, counts.clone())),
            images: Arc::new(Desk::new(cloud, settings, counts.clone())),
            counts,
        }
    }

    /// Facts of an instance, not older than `fresh`; `None` when EC2 does not know it (yet, or any more).
    pub async fn instance(
        &self,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<InstanceFacts>, CloudError> {
        self.instances.ask(place, id, false).await
    }

    /// Facts of an image, not older than `fresh`; `None` when EC2 does not know it (yet, or any more).
    pub async fn image(
        &self,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<ImageFacts>, CloudError> {
        self.images.ask(place, id, false).await
    }

    /// Facts of an instance, asked for after this call began: for looking after an effect.
    pub async fn instance_now(
        &self,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<InstanceFacts>, CloudError> {
        self.instances.ask(place, id, true).await
    }

    /// Facts of an image, asked for after this call began: for looking after an effect.
    pub async fn image_now(
        &self,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<ImageFacts>, CloudError> {
        self.images.ask(place, id, true).await
    }

    /// No visit will ask for this instance again: it has come to its end.
    pub fn forget_instance(&self, place: Place<'_>, id: &str) {
        self.instances.forget(place, id);
    }

    /// No visit will ask for this image again: it has come to its end.
    pub fn forget_image(&self, place: Place<'_>, id: &str) {
        self.images.forget(place, id);
    }

    /// Questions and calls so far.
    pub fn stats(&self) -> BatchStats {
        self.counts.read()
    }

    /// Ids whose answers are kept right now, for tests and metrics.
    pub fn watched(&self) -> usize {
        self.instances.watched() + self.images.watched()
    }
}
