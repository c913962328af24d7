//! Every metric of Ingot in one list. Labels come from closed sets only: never an id of a deployment, an instance or a worker.

use prometheus::{
    Counter, CounterVec, Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec,
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// A metric that could not be registered or written: a defect in this list.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

macro_rules! metrics {
    ($($(#[$doc:meta])* $field:ident: $kind:ident = $name:literal [$($label:literal),*] $help:literal $(, $buckets:expr)?;)+) => {
        /// The metrics of a process.
        #[derive(Debug, Clone)]
        pub struct Metrics {
            registry: Registry,
            $($(#[$doc])* #[doc = $help] pub $field: $kind,)+
        }

        impl Metrics {
            /// A fresh registry with every metric, and the process's own where the platform tells them.
            pub fn new() -> Result<Self, MetricsError> {
                let registry = Registry::new();
                #[cfg(target_os = "linux")]
                registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
                registry.register(Box::new(crate::logs::dropped().clone()))?;
                $(
                    let $field = <$kind as Build>::build($name, $help, &[$($label),*], { #[allow(unused_mut, unused_assignments)] let mut buckets: &[f64] = &[]; $(buckets = $buckets;)? buckets })?;
                    registry.register(Box::new($field.clone()))?;
                )+
                Ok(Self { registry, $($field,)+ })
            }
        }
    };
}

const FAST: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
const SLOW: &[f64] = &[
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0,
];
const LONG: &[f64] = &[
    60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0,
];

metrics! {
    http_requests: IntCounterVec = "ingot_http_requests_total" ["route", "method", "code"] "Answers of the API.";
    http_duration: HistogramVec = "ingot_http_request_duration_seconds" ["route", "method"] "Time to answer.", FAST;
    http_in_flight: IntGauge = "ingot_http_in_flight" [] "Requests being answered.";
    auth_failures: IntCounterVec = "ingot_auth_failures_total" ["kind"] "Requests refused for their token.";
    queue_ready: IntGaugeVec = "ingot_queue_ready" ["queue"] "Tasks due now, from the ledger.";
    queue_scheduled: IntGaugeVec = "ingot_queue_scheduled" ["queue"] "Tasks due later, from the ledger.";
    queue_latency: GaugeVec = "ingot_queue_latency_seconds" ["queue"] "Age of the oldest due task.";
    queue_paused: IntGaugeVec = "ingot_queue_paused" ["queue"] "1 while a person has paused the queue, from the ledger.";
    queue_wait: HistogramVec = "ingot_queue_wait_seconds" ["queue"] "From due to claimed.", FAST;
    waiting: GaugeVec = "ingot_waiting_seconds" ["on"] "How long the oldest task has waited for the same that AWS refuses.";
    lost_after_reboot: Counter = "ingot_lost_after_reboot_total" [] "Instances that did not answer again after the reboot for their image.";
    impaired: IntGaugeVec = "ingot_impaired" ["part"] "1 while a part of this API is away.";
    jobs_dead: IntGaugeVec = "ingot_jobs_dead" ["queue"] "Tasks given up.";
    jobs_claimed: IntCounterVec = "ingot_jobs_claimed_total" ["queue"] "Claims.";
    jobs_finished: IntCounterVec = "ingot_jobs_finished_total" ["queue", "kind", "outcome"] "Visits by outcome.";
    job_duration: HistogramVec = "ingot_job_duration_seconds" ["queue", "kind"] "Length of a visit.", SLOW;
    jobs_retried: IntCounterVec = "ingot_jobs_retried_total" ["kind", "class"] "Failed attempts by class of error.";
    jobs_poisoned: IntCounterVec = "ingot_jobs_poisoned_total" ["kind"] "Tasks given up after crashes.";
    lease_expired: IntCounterVec = "ingot_lease_expired_total" ["step"] "Claims taken over from a dead worker.";
    fenced_writes: IntCounterVec = "ingot_fenced_writes_total" ["step"] "Outcomes refused because another worker held the task.";
    rerung: IntCounterVec = "ingot_reconciler_rerung_total" ["cause"] "Due tasks of which no worker had heard, announced again.";
    relay_last: Gauge = "ingot_relay_last_success_timestamp_seconds" [] "When the relay last passed.";
    reconciler_last: Gauge = "ingot_reconciler_last_success_timestamp_seconds" [] "When a reconciler last compared a region.";
    consumer_up: IntGaugeVec = "ingot_consumer_up" ["queue"] "1 while this process takes tasks of the queue.";
    worker_restarts: IntCounterVec = "ingot_worker_restarts_total" ["cause"] "Consumers started again.";
    workers_alive: IntGauge = "ingot_workers_alive" [] "Workers heard of in the last minute.";
    clock_skew: GaugeVec = "ingot_clock_skew_seconds" ["peer"] "Clock of the database or of Redis minus that of this machine.";
    redis_policy_ok: IntGauge = "ingot_redis_policy_ok" [] "Redis does not evict.";
    redis_errors: IntCounterVec = "ingot_redis_errors_total" ["class"] "Failed Redis calls.";
    db_errors: IntCounterVec = "ingot_db_errors_total" ["class"] "Failed ledger calls.";
    aws_requests: IntCounterVec = "ingot_aws_requests_total" ["service", "op", "region", "code"] "AWS calls.";
    aws_duration: HistogramVec = "ingot_aws_request_duration_seconds" ["service", "op"] "Length of an AWS call.", SLOW;
    aws_throttled: IntCounterVec = "ingot_aws_throttled_total" ["op", "region"] "AWS calls refused by a rate limit.";
    rate_passes: IntCounterVec = "ingot_ec2_rate_total" ["op", "outcome"] "Requests to EC2 before our own rate limit: passed, waited, held_back (not sent), refused_by_ec2 (sent, and EC2 had no room).";
    rate_wait: HistogramVec = "ingot_ec2_rate_wait_seconds" ["op"] "How long requests waited for their place.", FAST;
    rate_alone: IntGauge = "ingot_ec2_rate_alone" [] "1 while Redis does not share the rates and this process keeps to its own part.";
    describe_polls: Counter = "ingot_describe_polls_total" [] "Questions about single instances and images.";
    describe_calls: Counter = "ingot_describe_calls_total" [] "Describe calls that answered them.";
    step_attempts: IntCounterVec = "ingot_step_attempts_total" ["step", "outcome"] "Effects by outcome: done, not_done, unknown.";
    unknown_resolved: IntCounterVec = "ingot_unknown_outcomes_resolved_total" ["step", "resolution"] "Doubts resolved: adopted or redone.";
    probes: IntCounterVec = "ingot_probes_total" ["class"] "Readiness checks by answer.";
    ssrf_blocked: IntCounterVec = "ingot_ssrf_blocked_total" ["kind"] "Probes refused for their address.";
    builds: IntCounterVec = "ingot_builds_total" ["trigger", "outcome", "reason"] "Images wanted, by what became of them.";
    build_duration: HistogramVec = "ingot_build_duration_seconds" ["trigger", "outcome"] "From claim to available, as the cloud's world counts it.", LONG;
    amis: IntGaugeVec = "ingot_amis" ["state"] "Images of the ledger.";
    drift: IntCounterVec = "ingot_drift_total" ["kind"] "Differences found between ledger and cloud.";
    orphans: IntGaugeVec = "ingot_orphans" ["kind"] "Live cloud objects of ours that no row of the ledger wants.";
    orphans_reaped: IntCounterVec = "ingot_orphans_reaped_total" ["kind"] "Orphans removed after two sightings and the grace period.";
    invariant_violations: IntGaugeVec = "ingot_invariant_violations" ["id"] "Open findings of each invariant that were seen at least twice, from the ledger; 0 always.";
    schedule_fires: IntCounterVec = "ingot_schedule_fires_total" ["outcome"] "Ticks of periodic jobs: fired, duplicate (another replica fired it), skipped (no worker ran).";
    notify_deliveries: IntCounterVec = "ingot_notify_deliveries_total" ["channel", "outcome"] "Attempts to deliver a notification: delivered, again, failed, disabled.";
    outbox_rows: IntGauge = "ingot_outbox_rows" [] "Deliveries of notifications that are not made yet.";
    outbox_oldest: Gauge = "ingot_outbox_waiting_seconds" [] "How long the oldest of them has waited.";
    uptime: Counter = "ingot_uptime_seconds_total" [] "Seconds this process has run.";
    build_info: GaugeVec = "ingot_build_info" ["version"] "1, labelled with the version.";
}

impl Metrics {
    /// Counts Describe calls up to what their batcher has counted.
    #[expect(clippy::cast_precision_loss, reason = "counts of calls")]
    pub fn describes(&self, polls: u64, calls: u64) {
        for (counter, now) in [(&self.describe_polls, polls), (&self.describe_calls, calls)] {
            counter.inc_by((now as f64 - counter.get()).max(0.0));
        }
    }

    /// The metrics in the text format.
    pub fn render(&self) -> Result<String, MetricsError> {
        let mut buffer = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer).into_owned())
    }
}

trait Build: Sized {
    fn build(
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<Self, prometheus::Error>;
}

macro_rules! build {
    ($($kind:ident => |$name:ident, $help:ident, $labels:ident, $buckets:ident| $make:expr;)+) => {
        $(impl Build for $kind {
            fn build($name: &str, $help: &str, $labels: &[&str], $buckets: &[f64]) -> Result<Self, prometheus::Error> {
                // Every kind is given everything and takes what it needs.
                let _ = ($labels, $buckets);
                $make
            }
        })+
    };
}

build! {
    IntCounterVec => |name, help, labels, buckets| Self::new(Opts::new(name, help), labels);
    CounterVec => |name, help, labels, buckets| Self::new(Opts::new(name, help), labels);
    GaugeVec => |name, help, labels, buckets| Self::new(Opts::new(name, help), labels);
    IntGaugeVec => |name, help, labels, buckets| Self::new(Opts::new(name, help), labels);
    HistogramVec => |name, help, labels, buckets| Self::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels);
    Histogram => |name, help, labels, buckets| Self::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()));
    Gauge => |name, help, labels, buckets| Self::new(name, help);
    IntGauge => |name, help, labels, buckets| Self::new(name, help);
    Counter => |name, help, labels, buckets| Self::new(name, help);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_registers_under_the_prefix_once() {
        let metrics = Metrics::new().expect("metrics");
        metrics.jobs_claimed.with_label_values(&["ami"]).inc();
        metrics
            .http_duration
            .with_label_values(&["/v1/deployments", "GET"])
            .observe(0.2);
        let text = metrics.render().expect("text");
        assert!(
            text.contains("ingot_jobs_claimed_total{queue=\"ami\"} 1"),
            "{text}"
        );
        let convention = |line: &str| {
            let mut words = line.split(' ').skip(2);
            let (name, kind) = (
                words.next().unwrap_or_default(),
                words.next().unwrap_or_default(),
            );
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            let timed = [
                "latency",
                "duration",
                "wait",
                "waiting",
                "skew",
                "uptime",
                "timestamp",
            ];
            let unit = name.trim_end_matches("_total").ends_with("_seconds");
            let times = name.split('_').any(|word| timed.contains(&word));
            assert_eq!(
                times || kind == "histogram",
                unit,
                "a time has its unit: {line}"
            );
        };
        let kinds = text
            .lines()
            .filter(|line| line.starts_with("# TYPE ingot_"));
        assert!(kinds.map(convention).count() > 10, "{text}");
        let ours = text
            .lines()
            .filter(|line| line.starts_with("# HELP"))
            .filter(|line| !line.contains(" process_"));
        for line in ours {
            assert!(line.contains(" ingot_"), "{line}");
        }
    }
}
