//! AWS calls as metrics.

use std::time::Duration;

use ingot_cloud::aws::CallObserver;
use ingot_telemetry::Metrics;

/// Counts AWS calls.
#[derive(Debug)]
pub struct AwsObserver(pub Metrics);

impl CallObserver for AwsObserver {
    fn observed(
        &self,
        service: &'static str,
        operation: &'static str,
        region: &str,
        code: &str,
        took: Duration,
    ) {
        self.0
            .aws_requests
            .with_label_values(&[service, operation, region, code])
            .inc();
        self.0
            .aws_duration
            .with_label_values(&[service, operation])
            .observe(took.as_secs_f64());
        // It begins at 0 with the first call, so that its first growth is seen.
        let throttled = self.0.aws_throttled.with_label_values(&[operation, region]);
        if code == "RequestLimitExceeded" || code.starts_with("Throttling") {
            throttled.inc();
        }
    }
}
