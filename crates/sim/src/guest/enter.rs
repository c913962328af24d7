//! What is inside an instance when it is launched.

use std::time::Duration;

use super::script::{has_agent, installs_agent, of_user_data};
use super::steps::agent_after;
use super::{Agent, Ended, Guest};
use crate::sim::Call;
use crate::state::Place;
use crate::state::images::Image;
use crate::state::instances::{Instance, Phase};

/// Simulated time from `running` until the agent has registered.
const AGENT: Duration = Duration::from_secs(30);

/// Images of images that are looked through for an agent.
const GENERATIONS: usize = 8;

/// The inside of the instance the call launches, as planned by tests or as its image and its
/// user data make it.
pub(crate) fn enter(call: &mut Call<'_>, image: &Image) -> Guest {
    let planned = call.world.next_guests.pop_front();
    let plan = planned.or_else(|| call.world.usual_guest.clone());
    let plan = plan.unwrap_or_default();
    let encoded = call.params.get("UserData").map(str::to_owned);
    let script = encoded.as_deref().map(of_user_data);
    let agent = if plan
        .agent
        .unwrap_or_else(|| carries_agent(call.place(), image))
    {
        Agent::Installed
    } else if script.is_some_and(|script| installs_agent(&script)) && plan.agent.is_none() {
        Agent::ByScript
    } else {
        Agent::Absent
    };
    let usual = call.sim.config.region_delays.first_boot;
    // A fresh install has no first boot of its own: its page answers when the script is over.
    let first_boot = if image.installed {
        plan.first_boot.unwrap_or(usual)
    } else {
        Duration::ZERO
    };
    Guest {
        agent,
        agent_after: encoded.as_deref().and_then(agent_after),
        first_boot,
        ended: Ended::Usual,
        fails: plan.fails,
        install: plan.install.filter(|_| !image.installed),
        step: plan.step,
        answers: plan.answers,
        today: today(&call.stamp()),
        files: std::collections::BTreeMap::new(),
    }
}

/// The day of a stamp as EC2 writes it, as a number.
fn today(stamp: &str) -> u32 {
    let digits: String = stamp.chars().filter(char::is_ascii_digit).take(8).collect();
    digits.parse().unwrap_or_default()
}

/// Whether an image carries the agent: as ordered, as the instance it was made from, or as its
/// vendor publishes it.
fn carries_agent(place: &Place, image: &Image) -> bool {
    let mut image = image;
    for _ in 0..GENERATIONS {
        if let Some(ordered) = place.agents.get(&image.id) {
            return *ordered;
        }
        let source = image.source_instance.as_ref();
        if let Some(source) = source.and_then(|id| place.instances.get(id)) {
            let at = source.agent_at();
            return at.is_some_and(|at| at <= image.created);
        }
        let Some((from, region)) = &image.source_image else {
            break;
        };
        match place
            .images
            .get(from)
            .filter(|_| *region == place.key.region)
        {
            Some(from) => image = from,
            None => break,
        }
    }
    has_agent(&image.name)
}

impl Instance {
    /// When the agent has registered with SSM; `None` if it never does. An instance without a
    /// profile is unknown to SSM, whatever runs inside.
    pub(crate) fn agent_at(&self) -> Option<Duration> {
        let booted = self.running_at.saturating_add(AGENT);
        match self.guest.agent {
            Agent::Installed => Some(booted),
            Agent::ByScript => self.agent_by_script().map(|at| booted.max(at)),
            Agent::Absent => None,
        }
    }

    /// When the script has installed the agent, unless it ends before.
    fn agent_by_script(&self) -> Option<Duration> {
        let ends = self.script_ends();
        let Some(share) = self.guest.agent_after else {
            return Some(ends);
        };
        let whole = match self.guest.usual_span() {
            Some(span) => span,
            None => ends.saturating_sub(self.running_at),
        };
        let after = Duration::try_from_secs_f64(whole.as_secs_f64() * share);
        let at = self
            .running_at
            .saturating_add(after.unwrap_or(Duration::MAX));
        (at <= ends).then_some(at)
    }

    /// Whether SSM reaches the instance: it runs, its agent has registered and may speak.
    pub(crate) fn managed(&self, now: Duration) -> bool {
        self.registered(now) && self.phase == Phase::Running && now >= self.away_until
    }

    /// Whether SSM has ever heard of it.
    pub(crate) fn registered(&self, now: Duration) -> bool {
        self.profile.is_some() && self.agent_at().is_some_and(|at| now >= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_agent_registers_after_boot_or_after_the_script() {
        let mut instance = Instance::sample();
        instance.phase = Phase::Running;
        instance.running_at = seconds(20);
        instance.ready_at = seconds(200);
        assert!(!instance.managed(seconds(999)), "no profile");
        instance.profile = Some("p".to_owned());
        let table = [
            (Agent::Installed, 49, false),
            (Agent::Installed, 50, true),
            (Agent::ByScript, 199, false),
            (Agent::ByScript, 200, true),
            (Agent::Absent, 9999, false),
        ];
        for (agent, now, want) in table {
            instance.guest.agent = agent;
            assert_eq!(instance.managed(seconds(now)), want, "{agent:?} at {now}");
        }
        instance.guest.agent = Agent::ByScript;
        instance.guest.agent_after = Some(0.5);
        assert!(!instance.managed(seconds(109)) && instance.managed(seconds(110)));
        instance.guest.agent = Agent::Installed;
        instance.reboot(seconds(300), seconds(90));
        assert!(!instance.managed(seconds(389)) && instance.registered(seconds(389)));
        assert!(instance.managed(seconds(390)));
    }
}
