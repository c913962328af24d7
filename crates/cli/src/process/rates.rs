//! EC2's rates between the cloud room, which asks, and the throttle room, which counts; and what is measured of it.

use std::sync::Arc;

use async_trait::async_trait;
use ingot_cloud::limit::{NoRoom, RateLimit, Request};
use ingot_telemetry::Metrics;
use ingot_throttle::{Leave, Place, Throttle, word};

/// Holds calls back as the throttle says.
#[derive(Debug)]
pub(crate) struct Ec2Rates {
    throttle: Throttle,
    metrics: Metrics,
}

impl Ec2Rates {
    /// A throttle whose decisions are counted.
    pub(crate) fn new(throttle: Throttle, metrics: &Metrics) -> Arc<Self> {
        let metrics = metrics.clone();
        Arc::new(Self { throttle, metrics })
    }

    fn count(&self, action: &str, outcome: &str) {
        let counter = &self.metrics.rate_passes;
        counter.with_label_values(&[word(action), outcome]).inc();
        // What waited for nothing is there, too, with no wait counted.
        self.metrics.rate_wait.with_label_values(&[word(action)]);
        self.metrics.rate_alone.set(self.throttle.is_alone().into());
    }
}

fn place<'a>(request: Request<'a>) -> Place<'a> {
    Place {
        account: request.account,
        region: request.region,
        action: request.action,
    }
}

#[async_trait]
impl RateLimit for Ec2Rates {
    async fn pass(&self, request: Request<'_>) -> Result<(), NoRoom> {
        match self.throttle.leave(place(request)).await {
            Leave::After(wait) if wait.is_zero() => self.count(request.action, "passed"),
            Leave::After(wait) => {
                self.count(request.action, "waited");
                let waits = &self.metrics.rate_wait;
                let waits = waits.with_label_values(&[word(request.action)]);
                waits.observe(wait.as_secs_f64());
                tokio::time::sleep(wait).await;
            }
            Leave::Never(room_in) => {
                self.count(request.action, "held_back");
                return Err(NoRoom { room_in });
            }
        }
        Ok(())
    }

    async fn refused(&self, request: Request<'_>) {
        self.count(request.action, "refused_by_ec2");
        self.throttle.refused(place(request)).await;
    }
}
