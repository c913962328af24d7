//! The one judgement of what AWS refuses: every refusal that a visit does not know how to take itself comes here. It is
//! waited out as long as its kind is worth it, or it ends the work; it never burns an attempt.

use std::time::Duration;

use ingot_cloud::{CloudError, ErrorKind};
use ingot_domain::task::TaskKind;
use ingot_domain::wait::{Wait, span};
use ingot_entity::store::{Claim, Then};

use crate::tools::Tools;

/// Work without an end of its own looks this rarely at what was refused for longer than its kind is worth.
const RARELY: Duration = Duration::from_secs(5 * 60);

/// What becomes of the task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Judgement {
    /// It is waited out.
    Wait(Then),
    /// It will not heal, or has lasted too long: why, for people.
    End(String),
}

/// What a refusal means for the task that met it.
pub(crate) fn judged(
    tools: &Tools,
    claim: &Claim,
    kind: TaskKind,
    error: &CloudError,
) -> Judgement {
    let ends = ends(kind);
    if ends && is_final(kind, error) {
        return Judgement::End(error.told());
    }
    let on = wait_for(error);
    let since = claim.task.waits_since(&on);
    let waited = since.map_or(Duration::ZERO, |at| tools.since(at));
    let over = on.is_over(waited);
    if ends && over {
        let lasted = span(waited);
        let why = format!("{on} for {lasted}: {}", error.told());
        return Judgement::End(with_remedy(why, &on));
    }
    let pause = on.pause(waited, tools.chance());
    let pause = if over { pause.max(RARELY) } else { pause };
    // At any pace: a call that is refused is not repeated at once.
    let least = tools.ledger.now() + chrono::TimeDelta::milliseconds(100);
    let until = tools.after(pause).max(least);
    Judgement::Wait(Then::Wait { until, on })
}

/// A wait that has lasted well beyond its patience, though its own rule should have ended it: why, for people. Nothing waits
/// without end, whatever it waits for.
pub(crate) fn outlasted(
    tools: &Tools,
    claim: &Claim,
    kind: TaskKind,
    then: &Then,
) -> Option<String> {
    let Then::Wait { on, .. } = then else {
        return None;
    };
    let waited = tools.since(claim.task.waits_since(on)?);
    let well_beyond = waited.mul_f64(0.9);
    (ends(kind) && on.is_over(well_beyond))
        .then(|| with_remedy(format!("{on} for {}", span(waited)), on))
}

fn with_remedy(why: String, on: &Wait) -> String {
    match on.remedy() {
        "" => why,
        remedy => format!("{why}; {remedy}"),
    }
}

/// Work that may end without success. What ends instances must go on while one runs, and the periodic jobs come again.
fn ends(kind: TaskKind) -> bool {
    match kind {
        TaskKind::Launch
        | TaskKind::Readiness
        | TaskKind::Ami
        | TaskKind::Check
        | TaskKind::Copy => true,
        TaskKind::Destroy
        | TaskKind::Monitor
        | TaskKind::Scheduler
        | TaskKind::Track
        | TaskKind::Judge
        | TaskKind::Feed
        | TaskKind::Notify
        | TaskKind::Operation
        | TaskKind::Build => false,
    }
}

/// Before there is an instance, a request that AWS knows to be wrong will not be right later.
fn is_final(kind: TaskKind, error: &CloudError) -> bool {
    match error.kind {
        ErrorKind::TokenMismatch | ErrorKind::TokenSpent => true,
        ErrorKind::Invalid => kind == TaskKind::Launch && error.is_known(),
        _ => false,
    }
}

/// What the task waits for.
fn wait_for(error: &CloudError) -> Wait {
    let code = error.code.clone();
    match error.kind {
        ErrorKind::Throttled => Wait::Rate { code },
        ErrorKind::NoCapacity => Wait::Capacity { code },
        ErrorKind::Quota => Wait::Quota { code },
        ErrorKind::Credentials => Wait::Credentials { code },
        ErrorKind::Verification => Wait::Verification { code },
        ErrorKind::Denied => Wait::Permission { code },
        ErrorKind::NotSent => Wait::Network { code },
        ErrorKind::NotFound => Wait::Young { code },
        ErrorKind::Unknown => Wait::Unknown { code },
        ErrorKind::WrongState | ErrorKind::Conflict => Wait::Aws { code },
        ErrorKind::Duplicate
        | ErrorKind::TokenMismatch
        | ErrorKind::TokenSpent
        | ErrorKind::Invalid => Wait::Refused { code },
    }
}
