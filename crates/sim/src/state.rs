//! Everything the simulated accounts own, in memory, per account and region.

pub(crate) mod groups;
pub(crate) mod images;
pub(crate) mod instances;
pub(crate) mod network;
pub(crate) mod profiles;
pub(crate) mod quotas;
pub(crate) mod recycle_bin;
pub(crate) mod releases;
pub(crate) mod serving;
pub(crate) mod snapshots;
pub(crate) mod tags;
pub(crate) mod tokens;

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::guest::GuestPlan;
use crate::kms::Kms;
use crate::seeds;
use crate::ssm::{Command, Parameter};
use groups::SecurityGroup;
use images::Image;
use instances::{Instance, Reason, Volume};
use network::Network;
use profiles::Profiles;
use quotas::Quotas;
use recycle_bin::RecycleBin;
use releases::Release;
use serving::Serve;
use snapshots::Snapshot;
use tags::TagBook;
use tokens::Tokens;

/// Whose state: an account in a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlaceKey {
    pub(crate) account: String,
    pub(crate) region: String,
}

/// The state of one account in one region.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) key: PlaceKey,
    pub(crate) network: Network,
    pub(crate) instances: BTreeMap<String, Instance>,
    pub(crate) volumes: BTreeMap<String, Volume>,
    pub(crate) images: BTreeMap<String, Image>,
    pub(crate) snapshots: BTreeMap<String, Snapshot>,
    pub(crate) groups: BTreeMap<String, SecurityGroup>,
    pub(crate) key_pairs: BTreeMap<String, KeyPair>,
    pub(crate) profiles: Profiles,
    pub(crate) quotas: Quotas,
    pub(crate) bin: RecycleBin,
    pub(crate) tags: TagBook,
    pub(crate) tokens: Tokens,
    pub(crate) parameters: BTreeMap<String, Vec<Parameter>>,
    pub(crate) commands: BTreeMap<String, Command>,
    pub(crate) kms: Kms,
    /// Quotas by code, where tests set them.
    pub(crate) service_quotas: BTreeMap<String, f64>,
    /// Whether images carry the SSM agent, where tests said so.
    pub(crate) agents: BTreeMap<String, bool>,
}

impl Place {
    fn new(key: PlaceKey, day: Option<&str>) -> Self {
        let network = Network::of(&key);
        let groups = network
            .vpcs
            .iter()
            .map(|vpc| groups::default_group(&key, &vpc.id))
            .map(|group| (group.id.clone(), group));
        Self {
            images: seeds::images(&key.region, day),
            parameters: seeds::parameters(&key.region, day),
            groups: groups.collect(),
            key_pairs: BTreeMap::new(),
            profiles: Profiles::default(),
            quotas: Quotas::default(),
            bin: RecycleBin::default(),
            network,
            key,
            instances: BTreeMap::new(),
            volumes: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            tags: TagBook::default(),
            tokens: Tokens::default(),
            commands: BTreeMap::new(),
            kms: Kms::default(),
            service_quotas: BTreeMap::new(),
            agents: BTreeMap::new(),
        }
    }

    /// Lets instances reach the states their time has come for.
    pub(crate) fn settle(&mut self, now: Duration) {
        for instance in self.instances.values_mut() {
            instance.settle(now);
        }
    }
}

/// A key pair for SSH.
#[derive(Clone, Debug)]
pub(crate) struct KeyPair {
    pub(crate) id: String,
    pub(crate) fingerprint: String,
}

/// What the next image will do, as told by `POST /_sim/next_image`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImagePlan {
    /// Fails after the usual time, with this reason.
    Fail(String),
    /// Stays pending until `POST /_sim/images/{ami}`.
    Hold,
}

/// What the next instance will do, as told by `POST /_sim/next_instance`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InstancePlan {
    /// What its server answers instead of the usual course.
    pub(crate) serve: Option<Serve>,
    /// Terminated by EC2 this long after launch, or during it if no time is said.
    pub(crate) ends: Option<(Option<Duration>, Reason)>,
    /// Its install does not finish until `POST /_sim/instances/{id}` says so.
    pub(crate) hold_install: bool,
    /// Never leaves `pending`.
    pub(crate) stuck: bool,
    /// A Spot instance, whatever the caller asked for, as a launch template or an account's settings make it.
    pub(crate) spot: bool,
}

/// All accounts and regions, and the plans for what comes next in any of them.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) places: BTreeMap<PlaceKey, Place>,
    pub(crate) next_images: VecDeque<ImagePlan>,
    pub(crate) next_instances: VecDeque<InstancePlan>,
    pub(crate) next_guests: VecDeque<GuestPlan>,
    /// What every instance is like inside for which nothing is in `next_guests`.
    pub(crate) usual_guest: Option<GuestPlan>,
    /// The day vendors' images are as of; those there are when absent.
    pub(crate) day: Option<String>,
    /// What vendors published and withdrew by order, for places that are made later.
    pub(crate) releases: Vec<Release>,
    rng: StdRng,
    /// Second octet of this region server's loopback addresses.
    octet: u8,
    addresses: u32,
    launches: u64,
}

/// Addresses of one second octet: 127.x.0.1 to 127.x.254.254; the guard has 127.x.255.254.
const ADDRESSES: u32 = 255 * 254;

impl World {
    pub(crate) fn new(seed: u64, octet: u8) -> Self {
        Self {
            places: BTreeMap::new(),
            next_images: VecDeque::new(),
            next_instances: VecDeque::new(),
            next_guests: VecDeque::new(),
            usual_guest: None,
            day: None,
            releases: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
            octet,
            addresses: 0,
            launches: 0,
        }
    }

    /// Forgets every account; ids keep counting, so old ones do not come back.
    pub(crate) fn reset(&mut self) {
        let instances = self
            .places
            .values()
            .flat_map(|place| place.instances.values());
        instances.for_each(|instance| instance.changed.tell());
        self.places.clear();
        self.next_images.clear();
        self.next_instances.clear();
        self.next_guests.clear();
        self.usual_guest = None;
        self.releases.clear();
    }

    /// The state of an account in a region, made with its base images at first use.
    pub(crate) fn place(&mut self, key: &PlaceKey) -> &mut Place {
        let (day, releases) = (self.day.as_deref(), &self.releases);
        self.places.entry(key.clone()).or_insert_with(|| {
            let mut place = Place::new(key.clone(), day);
            for release in releases {
                release.reach(&mut place);
            }
            place
        })
    }

    /// A fresh id such as `ami-0123456789abcdef0`.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        let number: u64 = self.rng.random();
        format!("{prefix}-0{number:016x}")
    }

    /// A random share of `span`, for what takes "up to" some time.
    pub(crate) fn share(&mut self, span: Duration) -> Duration {
        span.mul_f64(self.rng.random_range(0.0..=1.0))
    }

    /// A number that grows with every launch.
    pub(crate) fn launch_number(&mut self) -> u64 {
        self.launches += 1;
        self.launches
    }

    /// The next loopback address no living instance has; `None` if all are taken.
    pub(crate) fn address(&mut self) -> Option<Ipv4Addr> {
        for _ in 0..ADDRESSES {
            let number = self.addresses % ADDRESSES;
            self.addresses = self.addresses.wrapping_add(1);
            // Both fit: 65,024 addresses are 256 rows of 254.
            let row = u8::try_from(number / 254).ok()?;
            let column = u8::try_from(number % 254 + 1).ok()?;
            let address = Ipv4Addr::new(127, self.octet, row, column);
            let first_round = self.addresses <= ADDRESSES;
            if first_round || !self.alive(address) {
                return Some(address);
            }
        }
        None
    }

    fn alive(&self, address: Ipv4Addr) -> bool {
        let mut instances = self
            .places
            .values()
            .flat_map(|place| place.instances.values());
        instances.any(|instance| instance.address == address && instance.living())
    }

    /// Finds an instance wherever it is.
    pub(crate) fn instance(&mut self, id: &str) -> Option<(&mut Instance, &mut TagBook)> {
        self.places.values_mut().find_map(|place| {
            let instance = place.instances.get_mut(id)?;
            Some((instance, &mut place.tags))
        })
    }

    /// Finds the place that holds an image this account made.
    pub(crate) fn place_of_image(&mut self, id: &str) -> Option<&mut Place> {
        self.places
            .values_mut()
            .find(|place| place.images.contains_key(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_do_not_repeat_and_avoid_the_guard() {
        let mut world = World::new(1, 16);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..ADDRESSES {
            let address = world.address().expect("free");
            assert!(seen.insert(address), "{address} twice");
            assert!(address != Ipv4Addr::new(127, 16, 255, 254));
            assert!((1..=254).contains(&address.octets()[3]));
        }
    }

    #[test]
    fn ids_follow_the_seed() {
        let (mut one, mut two) = (World::new(7, 16), World::new(7, 17));
        let id = one.id("ami");
        assert_eq!(id, two.id("ami"));
        assert_ne!(id, one.id("ami"));
        assert_eq!(id.len(), "ami-0123456789abcdef0".len());
    }
}
