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
        if code == "RequestLimitExceeded" || code.starts_with("Throttling") {
            self.0
                .aws_throttled
                .with_label_values(&[operation, region])
                .inc();
        }
    }
}
