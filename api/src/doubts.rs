//! What is watched outside and cannot be relied on now, put together from the feeds and the tracks of the ledger. Ages are
//! told by the installation's calendar.

use ingot_client::Doubt;
use ingot_client::doubt::{BASE_IMAGE, FEED};
use ingot_domain::Instant;
use ingot_domain::advisory::feed::{Feed, Standing};
use ingot_domain::calendar::Calendar;
use ingot_entity::store::Unseen;
use ingot_entity::{LedgerError, feed};

use crate::state::Api;

/// What to do about a feed.
const WAY_OUT: &str = "`ingot advisories sync` fetches it again, `ingot advisories load DIR` loads its publisher's files from a folder, `ingot advisories feeds` tells how each stands.";

/// All of them; `real` is the real time.
pub(crate) async fn look(
    api: &Api,
    calendar: &Calendar,
    real: Instant,
) -> Result<Vec<Doubt>, LedgerError> {
    let rows = api.ledger.feeds().await?;
    let feeds = Feed::ALL.into_iter().filter_map(|one| {
        let row = rows.iter().find(|row| row.name == one.name())?;
        of_feed(one, row, calendar, real)
    });
    let unseen = api.ledger.tracks_unseen().await?;
    let tracks = unseen.into_iter().map(|one| of_track(one, calendar));
    Ok(feeds.chain(tracks).collect())
}

/// A feed that holds something, or should, and may lack something.
fn of_feed(one: Feed, row: &feed::Model, calendar: &Calendar, real: Instant) -> Option<Doubt> {
    let facts = row.facts();
    let (standing, why) = one.standing(facts, real, calendar.at(real));
    if matches!(standing, Standing::Ok | Standing::Empty) {
        return None;
    }
    let name = one.name();
    Some(Doubt {
        kind: FEED.to_owned(),
        name: name.to_owned(),
        state: standing.as_str().to_owned(),
        since: one.in_doubt_since(facts, calendar, real),
        why: why.join("; "),
        way_out: WAY_OUT.to_owned(),
    })
}

fn of_track(one: Unseen, calendar: &Calendar) -> Doubt {
    let name = &one.track;
    Doubt {
        kind: BASE_IMAGE.to_owned(),
        name: format!("{name} in {}", one.region),
        state: "not looked at".to_owned(),
        since: one.since.map(|at| calendar.at(at)),
        why: one.why,
        way_out: format!(
            "`ingot base-images scan {name}` looks again, `ingot base-images pause {name} --reason …` stops looking."
        ),
    }
}
