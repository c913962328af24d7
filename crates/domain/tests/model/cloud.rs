//! A cloud in memory: instances under client tokens, images under unique names, both shown late.

use ingot_domain::decide::ami::ImageSight;
use ingot_domain::decide::launch::Sight;

/// How long a new thing is not shown (EC2.md 17), in seconds.
const LAG: u64 = 20;
/// From launch to an address.
const BOOT: u64 = 30;
/// From CreateImage to its end.
const IMAGING: u64 = 200;

/// An instance.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) deployment: usize,
    pub(crate) token: usize,
    pub(crate) born: u64,
    pub(crate) alive: bool,
}

/// An image.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) effect: usize,
    pub(crate) name: String,
    pub(crate) born: u64,
    pub(crate) fails: bool,
    pub(crate) there: bool,
}

/// Everything EC2 has.
#[derive(Debug, Default)]
pub(crate) struct Cloud {
    pub(crate) instances: Vec<Instance>,
    pub(crate) images: Vec<Image>,
    /// Images made from now on fail.
    pub(crate) failing: bool,
}

impl Cloud {
    /// RunInstances: the same token answers with the same instance; a terminated one's token is spent.
    pub(crate) fn launch(&mut self, token: usize, deployment: usize, now: u64) -> Option<usize> {
        if let Some(at) = self.instances.iter().position(|one| one.token == token) {
            return self.instances[at].alive.then_some(at);
        }
        self.instances.push(Instance {
            deployment,
            token,
            born: now,
            alive: true,
        });
        Some(self.instances.len() - 1)
    }

    /// What a token made, as far as it is shown.
    pub(crate) fn by_token(&self, token: usize, now: u64) -> Option<usize> {
        let made = |one: &Instance| one.token == token && one.born + LAG <= now;
        self.instances.iter().position(made)
    }

    /// How an instance looks to the visit that launches it.
    pub(crate) fn sight(&self, at: usize, now: u64) -> Sight {
        let one = &self.instances[at];
        match now - one.born {
            _ if !one.alive => Sight::Ended,
            age if age < LAG => Sight::Absent,
            age if age < BOOT => Sight::Starting,
            _ => Sight::Running,
        }
    }

    /// TerminateInstances.
    pub(crate) fn terminate(&mut self, at: usize) {
        self.instances[at].alive = false;
    }

    /// CreateImage; `None` is InvalidAMIName.Duplicate, whatever is shown.
    pub(crate) fn create_image(&mut self, name: &str, effect: usize, now: u64) -> Option<usize> {
        if self.images.iter().any(|one| one.there && one.name == name) {
            return None;
        }
        self.images.push(Image {
            effect,
            name: name.to_owned(),
            born: now,
            fails: self.failing,
            there: true,
        });
        Some(self.images.len() - 1)
    }

    /// The image of this name, as far as it is shown.
    pub(crate) fn by_name(&self, name: &str, now: u64) -> Option<usize> {
        let found = |one: &Image| one.there && one.name == name && one.born + LAG <= now;
        self.images.iter().position(found)
    }

    /// How an image looks.
    pub(crate) fn image(&self, at: usize, now: u64) -> ImageSight {
        let one = &self.images[at];
        match now - one.born {
            _ if !one.there => ImageSight::Deregistered,
            age if age < LAG => ImageSight::Absent,
            age if age < IMAGING => ImageSight::Pending,
            _ if one.fails => ImageSight::Broken,
            _ => ImageSight::Available,
        }
    }
}
