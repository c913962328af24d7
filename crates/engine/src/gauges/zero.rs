//! Counters whose labels are known before anything happens begin at 0: a graph of what never happened is a line, not a gap,
//! and an alert on its growth sees the first time.

use ingot_domain::notice::Channel;
use ingot_domain::provenance::Kind;
use ingot_domain::task::TaskKind;
use ingot_telemetry::Metrics;

/// Where a failed call to the ledger is counted.
const LEDGER_CALLS: [&str; 7] = [
    "tick",
    "claim",
    "commit",
    "relay",
    "heartbeat",
    "gauges",
    "orders",
];
/// What is created in the cloud.
const STEPS: [&str; 2] = ["launch", "create_image"];
/// What may differ between the ledger and the cloud.
const DRIFTS: [&str; 3] = ["image", "image_missing", "instance"];

/// Lets the counters of a worker begin.
pub(super) fn begin(metrics: &Metrics) {
    for kind in TaskKind::ALL {
        let kind = kind.as_str();
        metrics.jobs_poisoned.with_label_values(&[kind]);
        metrics.lease_expired.with_label_values(&[kind]);
        metrics.fenced_writes.with_label_values(&[kind]);
        metrics.jobs_retried.with_label_values(&[kind, "undecided"]);
    }
    for call in LEDGER_CALLS {
        metrics.db_errors.with_label_values(&[call]);
    }
    for step in STEPS {
        for resolution in ["adopted", "redone"] {
            metrics
                .unknown_resolved
                .with_label_values(&[step, resolution]);
        }
    }
    for kind in DRIFTS {
        metrics.drift.with_label_values(&[kind]);
    }
    for kind in Kind::ALL {
        metrics.orphans_reaped.with_label_values(&[kind.as_str()]);
    }
    for channel in Channel::ALL {
        for outcome in ["delivered", "again", "failed", "disabled"] {
            metrics
                .notify_deliveries
                .with_label_values(&[channel.as_str(), outcome]);
        }
    }
    metrics.rerung.with_label_values(&["due"]);
    metrics.redis_errors.with_label_values(&["report"]);
    metrics.ssrf_blocked.with_label_values(&["probe"]);
}
