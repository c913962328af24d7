//! A worker's health (F117): the ledger answers, Redis answers and does not evict, every door is answered, the relay passes.

use std::sync::Arc;
use std::time::Duration;

use ingot_entity::Ledger;
use ingot_queue::{Doorbell, Pulse};
use ingot_telemetry::{Health, HealthCheck};

use crate::engine::Engine;
use crate::relay::LastPass;

/// A relay that has not passed for this long is ill.
const RELAY: i64 = 15_000;

pub(crate) fn health(engine: Arc<Engine>, bell: Doorbell, pulse: Pulse, last: LastPass) -> Health {
    Health::new(move || {
        let (engine, bell, pulse, last) = (
            Arc::clone(&engine),
            bell.clone(),
            pulse.clone(),
            last.clone(),
        );
        async move {
            let ping = tokio::time::timeout(Duration::from_secs(3), engine.ledger.ping()).await;
            let database = matches!(ping, Ok(Ok(())));
            let mut checks = vec![check(
                "database",
                database,
                if database {
                    "answers"
                } else {
                    "does not answer"
                },
            )];
            if database {
                checks.extend(paused_queues(&engine.ledger).await);
            }
            if let Doorbell::Redis(redis) = &bell {
                let report = redis.report(engine.ledger.now().timestamp_millis()).await;
                let (ok, detail) = match &report {
                    Ok(report) if report.evicts() => {
                        (false, "evicts keys: set maxmemory-policy noeviction")
                    }
                    Ok(_) => (true, "answers"),
                    Err(_) => (false, "does not answer"),
                };
                checks.push(check("redis", ok, detail));
            }
            let up = pulse.all_up();
            checks.push(check(
                "consumer",
                up,
                if up {
                    "every queue is served"
                } else {
                    "a queue is not served"
                },
            ));
            let age = engine.ledger.now().timestamp_millis() - last.millis();
            let passes = age < RELAY;
            checks.push(check(
                "relay",
                passes,
                if passes {
                    "passes"
                } else {
                    "has not passed for 15 s"
                },
            ));
            checks
        }
    })
}

/// Which queues people have paused. That is no ailment: it is told, and the process is as ready as before.
pub async fn paused_queues(ledger: &Ledger) -> Option<HealthCheck> {
    let pauses = ledger.pauses().await.ok()?;
    let told = pauses.queues().filter_map(|queue| {
        let (_, said) = pauses.get(queue)?;
        Some(format!("{queue} is {said}"))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    let detail = match told.is_empty() {
        true => "none is paused".to_owned(),
        false => told.join("; "),
    };
    Some(HealthCheck {
        needed: false,
        ..check("queues", true, &detail)
    })
}

fn check(name: &'static str, ok: bool, detail: &str) -> HealthCheck {
    HealthCheck {
        name,
        ok,
        detail: detail.to_owned(),
        needed: true,
    }
}
