//! One delivery of a notification, or one receiver's digest: sent once per visit, and what came of it written down in the
//! commit that ends the visit. A worker that dies in between sends it once more under the same id, by which a receiver knows it.

mod parcel;

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::notice::{Answer, Next, Tried, When, due};
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{Claim, DeliveryCase, Then};
use ingot_entity::{delivery, notification};
use ingot_notify::ATTEMPT;

use crate::case::VisitError;
use crate::tools::Tools;

/// Deliveries that waited for one receiver's pause begin within this of its end.
const SPREAD: f64 = 20_000.0;
/// A digest that another task sends is asked about this often.
const AGAIN: TimeDelta = TimeDelta::seconds(15);

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let Some(case) = found(tools, claim).await? else {
        return Ok(Visit::only(Then::Done));
    };
    let now = tools.ledger.now();
    if case.receiver.disabled_at.is_some() {
        let why = "its receiver is disabled";
        return Ok(over(&case.delivery, "dropped", why, now));
    }
    let notification = &case.notification;
    let (topic, severity) = parcel::words(notification)?;
    let calendar = tools.ledger.calendar();
    let when = match case.delivery.digest_at {
        Some(at) => When::Digest(at),
        None => {
            let until = notification.until;
            case.wishes.when(topic, severity, calendar.at(now), until)
        }
    };
    let digest = match when {
        When::Now => None,
        When::At(at) => return Ok(wait(calendar.due(at).max(now), Wait::Quiet)),
        When::Digest(at) => {
            let due = calendar.due(at);
            if due > now {
                let mut visit = wait(due, Wait::Quiet);
                visit.change.delivered.push(delivery::Model {
                    digest_at: Some(at),
                    ..case.delivery
                });
                return Ok(visit);
            }
            Some(at)
        }
    };
    if let Some(until) = paused(tools, &case, now).await? {
        return Ok(wait(until, Wait::Receiver));
    }
    let Some(_place) = tools.teller.place(&case.receiver.id) else {
        return Ok(wait(now + spread(tools, 300.0), Wait::Turn));
    };
    let letters = match digest {
        None => vec![(case.delivery.clone(), notification.clone())],
        Some(at) => {
            let (receiver, task) = (&case.receiver.id, &claim.task.id);
            if !tools.ledger.claim_digest(receiver, at, task).await? {
                return Ok(wait(now + AGAIN, Wait::Quiet));
            }
            tools.ledger.digest(receiver, at).await?
        }
    };
    let answer = match parcel::target(tools, &case.receiver) {
        Ok(target) => {
            let parcel = parcel::of(tools, &case, &letters, digest)?;
            tools.teller.sender.send(&target, &parcel, now).await
        }
        Err(why) => Answer::Unfit(why),
    };
    ingot_failpoint::hit!("notify.sent").await;
    told(tools, &case, &letters, answer).await
}

/// The delivery a task is about, while it waits.
async fn found(tools: &Tools, claim: &Claim) -> Result<Option<DeliveryCase>, VisitError> {
    let scope = claim.task.scope.as_deref().unwrap_or_default();
    let Some((notification, receiver)) = scope.split_once('/') else {
        let why = "a delivery of nothing".to_owned();
        return Err(VisitError::Nonsense(why));
    };
    let case = tools.ledger.delivery_case(notification, receiver).await?;
    Ok(case.filter(|case| case.delivery.state == "waiting"))
}

/// Until when a receiver that fails is left alone; none when this delivery is the one that tries it.
async fn paused(
    tools: &Tools,
    case: &DeliveryCase,
    now: Instant,
) -> Result<Option<Instant>, VisitError> {
    let Some(paused) = case.receiver.paused_until else {
        return Ok(None);
    };
    if paused > now {
        return Ok(Some(paused + spread(tools, SPREAD)));
    }
    let until = now + TimeDelta::from_std(ATTEMPT).unwrap_or_default();
    let ours = tools
        .ledger
        .probe_receiver(&case.receiver.id, paused, until)
        .await?;
    Ok((!ours).then(|| until + spread(tools, SPREAD)))
}

/// What an attempt led to.
async fn told(
    tools: &Tools,
    case: &DeliveryCase,
    letters: &[(delivery::Model, notification::Model)],
    answer: Answer,
) -> Result<Visit, VisitError> {
    let (now, receiver) = (tools.ledger.now(), &case.receiver);
    let attempts = case.delivery.attempts.saturating_add(1);
    let count = |number: i32| u32::try_from(number).unwrap_or(u32::MAX);
    let next = due(
        &answer,
        Tried {
            now,
            first: case.delivery.first_at.unwrap_or(now),
            attempts: count(attempts),
            failing_since: receiver.failing_since,
            failures: count(receiver.failures.saturating_add(1)),
            chance: tools.chance(),
        },
    );
    let outcome = match next {
        Next::Done => "delivered",
        Next::Again { .. } => "again",
        Next::Over(_) => "failed",
        Next::Disable { .. } => "disabled",
    };
    let labels = [receiver.channel.as_str(), outcome];
    tools
        .metrics
        .notify_deliveries
        .with_label_values(&labels)
        .inc();
    let tried = |one: &delivery::Model| delivery::Model {
        attempts: one.attempts.saturating_add(1),
        first_at: one.first_at.or(Some(now)),
        last_at: Some(now),
        ..one.clone()
    };
    let mut visit = Visit::only(Then::Done);
    let delivered = &mut visit.change.delivered;
    match next {
        Next::Done => {
            tools.ledger.receiver_took(receiver).await?;
            delivered.extend(letters.iter().map(|(one, _)| delivery::Model {
                state: "delivered".to_owned(),
                delivered_at: Some(now),
                last_error: None,
                ..tried(one)
            }));
        }
        Next::Again { at, pause, why } => {
            let until = pause.then_some(at);
            tools
                .ledger
                .receiver_failed(&receiver.id, until, &why)
                .await?;
            delivered.push(delivery::Model {
                last_error: Some(why),
                ..tried(&case.delivery)
            });
            visit.then = Then::Wait {
                until: at,
                on: Wait::Receiver,
            };
        }
        Next::Over(why) => {
            tools
                .ledger
                .receiver_failed(&receiver.id, None, &why)
                .await?;
            release(tools, case).await?;
            delivered.push(delivery::Model {
                state: "failed".to_owned(),
                last_error: Some(why),
                ..tried(&case.delivery)
            });
        }
        Next::Disable { told, why } => {
            tools
                .ledger
                .disable_receiver(&receiver.id, told, &why)
                .await?;
            delivered.push(delivery::Model {
                state: "dropped".to_owned(),
                last_error: Some(why),
                ..tried(&case.delivery)
            });
        }
    }
    Ok(visit)
}

/// A digest whose task ends without sending it is another's.
async fn release(tools: &Tools, case: &DeliveryCase) -> Result<(), VisitError> {
    if case.delivery.digest_at.is_some() {
        tools.ledger.free_digest(&case.receiver.id).await?;
    }
    Ok(())
}

/// The end of a delivery whose task is given up.
pub(super) async fn given_up(
    tools: &Tools,
    claim: &Claim,
    why: &str,
    then: Then,
) -> Result<Visit, VisitError> {
    let Some(case) = found(tools, claim).await? else {
        return Ok(Visit::only(then));
    };
    release(tools, &case).await?;
    let mut visit = over(&case.delivery, "failed", why, tools.ledger.now());
    visit.then = then;
    Ok(visit)
}

fn over(delivery: &delivery::Model, state: &str, why: &str, now: Instant) -> Visit {
    let mut visit = Visit::only(Then::Done);
    visit.change.delivered.push(delivery::Model {
        state: state.to_owned(),
        last_at: Some(now),
        last_error: Some(why.to_owned()),
        ..delivery.clone()
    });
    visit
}

fn wait(until: Instant, on: Wait) -> Visit {
    Visit::only(Then::Wait { until, on })
}

/// Up to so many milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
fn spread(tools: &Tools, most: f64) -> TimeDelta {
    TimeDelta::milliseconds((tools.chance() * most) as i64)
}
