//! The load of a round: people who ask for deployments whatever happens, now and then for the same version, and cancel or
//! destroy some.

use std::time::Duration;

use anyhow::Result;
use ingot_client::Client;

use super::schedule::Chance;
use crate::stack::Stack;
use crate::wait::until;

/// Longer than any schedule.
const LONG: Duration = Duration::from_secs(180);
/// Between two requests.
const PAUSE: Duration = Duration::from_millis(1_700);
/// Requests of a round.
const REQUESTS: u64 = 14;

/// Makes the requests of a seed; answers the ids of what was accepted.
pub(super) async fn load(client: Client, seed: u64) -> Result<Vec<String>> {
    let mut chance = Chance(seed ^ 0x10AD);
    let mut ids: Vec<String> = Vec::new();
    for number in 0..REQUESTS {
        let version = match chance.below(3) {
            0 => chance.below(number + 1),
            _ => number,
        };
        let order = Stack::order(&format!("v1.0.{version}"));
        let key = format!("{seed}-{number}");
        // The same key until there is an answer: at most one deployment comes of it.
        let asked = until("an accepted deployment", LONG, async || {
            Ok(Some(client.create_deployment(&order, &key).await?))
        });
        ids.push(asked.await?.id);
        if chance.below(4) == 0 {
            let id = ids[chance.below(ids.len() as u64) as usize].clone();
            let word = if chance.below(2) == 0 {
                "cancel"
            } else {
                "destroy"
            };
            // It may be too late for it, or the api away: people shrug.
            let _ = client.act(&id, word).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(ids)
}
