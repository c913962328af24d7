//! How an image stands by its own list of packages, as the API shows it.

use ingot_client::held::{HeldItem, ImageByList};
use ingot_domain::advisory::feed::Feed;
use ingot_domain::advisory::held::Item;
use ingot_domain::advisory::level::SecurityLevel;
use ingot_entity::store::{ImageHolding, NoList, OwnList};

/// Rows of each list that are told, the gravest ones.
const MOST: usize = 500;

/// How an image stands. `doubts` says what may be missing from its feed.
pub(crate) fn by_list(told: ImageHolding, feed: Option<&ingot_client::feed::Feed>) -> ImageByList {
    let (own, absent) = match &told.list {
        Ok(own) => (Some(own), None),
        Err(why) => (None, Some(why)),
    };
    let mut left_off = 0;
    let mut rows = |items: &[Item]| {
        left_off += items.len().saturating_sub(MOST) as u64;
        items.iter().take(MOST).map(item).collect::<Vec<_>>()
    };
    let against = told.against.unwrap_or_default();
    let (fixed, new) = (rows(&against.fixed), rows(&against.new));
    let (open, unknown) = (rows(&told.held.open), rows(&told.held.unknown));
    let before = told.before.as_ref();
    ImageByList {
        taken_at: own.map(|own| own.taken_at),
        taken_by: own.map(|own| own.deployment_id.clone()),
        packages: own.map_or(0, |own| own.carried.len() as u64),
        absent: absent.map(said),
        remedy: absent.map(|why| remedy(why).to_owned()),
        system: own.map(|own| own.carried.base.to_string()),
        feed: told.feed.map(|feed| feed.name().to_owned()),
        feed_fetched_at: feed.and_then(|feed| feed.fetched_at),
        feed_newest: feed.and_then(|feed| feed.newest),
        doubts: doubts(own, told.feed, feed, told.gaps),
        predecessor: before.map(|one| one.row.ami_id.clone().unwrap_or(one.row.id.clone())),
        predecessor_taken_at: before.and_then(|one| one.list.as_ref().ok().copied()),
        fixed,
        new,
        open,
        unknown,
        left_off,
    }
}

fn doubts(
    own: Option<&OwnList>,
    of: Option<Feed>,
    feed: Option<&ingot_client::feed::Feed>,
    gaps: Vec<String>,
) -> Vec<String> {
    let (Some(_), Some(of)) = (own, of) else {
        return Vec::new();
    };
    let mut doubts = Vec::new();
    match feed.filter(|feed| feed.records > 0) {
        None => doubts.push(format!(
            "no advisories of {} are loaded: `ingot advisories sync` fetches them, `ingot advisories load` takes a folder",
            of.name()
        )),
        Some(feed) if feed.state != "ok" => {
            doubts.push(format!("{} is {}: {}", feed.name, feed.state, feed.why.join("; ")));
        }
        Some(_) => {}
    }
    doubts.extend(gaps);
    doubts
}

fn said(why: &NoList) -> String {
    match why {
        NoList::Unknown => "no install of this ledger is known to have made it".to_owned(),
        NoList::Absent(why) => why.clone(),
        NoList::System(Some(name)) => format!("no feed of advisories is for `{name}`"),
        NoList::System(None) => "it does not say of which system it is".to_owned(),
    }
}

fn remedy(why: &NoList) -> &'static str {
    match why {
        NoList::Unknown | NoList::Absent(_) => {
            "an image that Ingot makes of a fresh Linux install lists its packages through SSM: give the template an \
             `instance_profile` that SSM accepts, and build it again"
        }
        NoList::System(_) => {
            "a base image on a track with `like` tells the system: `ingot base-images list` shows the tracks"
        }
    }
}

fn item(item: &Item) -> HeldItem {
    let level = match item.level {
        SecurityLevel::None => SecurityLevel::Unknown,
        level => level,
    };
    HeldItem {
        cve: item.cve.clone(),
        advisory: item.advisory.clone(),
        security_level: level.to_string(),
        vendor_severity: item.vendor_severity.clone(),
        package: item.part.package.clone(),
        installed: item.part.installed.clone(),
        fixed: item.part.fixed.clone(),
        subscription: item.part.subscription,
        exploited_since: item.exploited_since,
        published: item.published,
        link: item.link.clone(),
    }
}
