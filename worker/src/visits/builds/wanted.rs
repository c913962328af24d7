//! From facts to requests: what `ingot_domain::build::wants` finds is asked for, once.

use ingot_domain::Instant;
use ingot_domain::build::wants::wants;
use ingot_domain::policy::Policy;
use ingot_domain::want::Request;
use ingot_entity::store::{Ask, Asked, Queued};

use crate::case::VisitError;
use crate::tools::Tools;

/// Asks for everything that the facts want; how many builds that made or joined.
pub(super) async fn ask(
    tools: &Tools,
    policy: &Policy,
    looked: Instant,
    now: Instant,
) -> Result<usize, VisitError> {
    let facts = tools.ledger.build_facts(looked).await?;
    let wanted = wants(&facts, policy, now);
    let keys: Vec<&str> = wanted.iter().map(|want| want.key.as_str()).collect();
    let known = tools.ledger.asked_before(&keys).await?;
    let mut asked = 0;
    for want in &wanted {
        // Most were asked for by an earlier look.
        if known.contains(&want.key) {
            continue;
        }
        let ask = Ask {
            want: want.clone(),
            by: None,
            max_cost: None,
        };
        match tools.ledger.ask(&ask).await? {
            Asked::New(_) | Asked::Joined(_) => {
                asked += 1;
                ingot_failpoint::hit!("build.asked").await;
            }
            Asked::Before(_) | Asked::Skipped(_) => {}
        }
    }
    Ok(asked)
}

/// Brings waiting requests to the levels that stand by now.
pub(super) async fn follow(
    tools: &Tools,
    policy: &Policy,
    waiting: &[Queued],
    expected: impl Fn(&Queued) -> chrono::TimeDelta,
) -> Result<u64, VisitError> {
    let deadline = |queued: &Queued, request: &Request| request.deadline(policy, expected(queued));
    Ok(tools.ledger.follow_levels(waiting, deadline).await?)
}
