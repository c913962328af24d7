//! The play: from instant to instant at which something happens, wants ask, the plan places, and what is due starts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::TimeDelta;

use super::happen::happenings;
use super::money::{Paid, spent};
use super::{Days, Left, Made, Outcome, Played, Ran};
use crate::Instant;
use crate::build::wants::{Facts, Lacked, Newest, POPULAR, Subject, Want, wants};
use crate::money::Money;
use crate::plan::{Build, Plan, Running, State, Waiting, plan};
use crate::policy::Policy;
use crate::want::{Cause, Request, Target, Term};

/// Instants that are looked at, at most.
const MOST: usize = 40_000;
/// Fires of one line of cron, at most.
const FIRES: usize = 5_000;

/// Which updates an image has.
#[derive(Debug, Clone)]
enum Stand {
    /// All but these.
    Without(BTreeSet<String>),
    /// All that were detected until then.
    Of(Instant),
}

/// An aim as it stands.
#[derive(Debug)]
struct Place<'a> {
    played: &'a Played,
    target: Target,
    newest: Option<(Newest, Stand)>,
    /// How many of its images have come.
    come: usize,
    fires: BTreeSet<Instant>,
    waiting: Vec<(Request, String)>,
}

/// A build that runs.
#[derive(Debug)]
struct Run {
    place: usize,
    started: Instant,
    ends: Instant,
}

/// Everything as it stands at an instant.
#[derive(Debug)]
pub(super) struct Table<'a> {
    days: &'a Days,
    policy: &'a Policy,
    places: Vec<Place<'a>>,
    running: Vec<Run>,
    paid: Vec<Paid>,
    known: HashSet<String>,
    /// By its request, when a person refused what waits.
    refused: HashMap<String, Instant>,
    popular: BTreeMap<String, Instant>,
    builds: Vec<Ran>,
    requests: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(days: &'a Days, policy: &'a Policy) -> Self {
        let places = days.aims.iter().map(|played| {
            let aim = &played.aim;
            let fires = played.rebuild.as_ref();
            let fires = fires.map(|line| line.fires(policy.timezone, days.from, FIRES));
            Place {
                played,
                target: Target {
                    name: format!(
                        "{} ({}, {}) in {}",
                        aim.template, aim.mode, aim.arch, aim.region
                    ),
                    region: aim.region.clone(),
                    expected: played.expected.max(TimeDelta::seconds(1)),
                    cost: played.reserved,
                },
                newest: None,
                come: 0,
                fires: fires.unwrap_or_default().into_iter().collect(),
                waiting: Vec::new(),
            }
        });
        Self {
            days,
            policy,
            places: places.collect(),
            running: Vec::new(),
            paid: Vec::new(),
            known: HashSet::new(),
            refused: HashMap::new(),
            popular: BTreeMap::new(),
            builds: Vec::new(),
            requests: 0,
        }
    }

    pub(super) fn play(mut self) -> Outcome {
        let fires = self.places.iter().flat_map(|place| &place.fires);
        let mut ahead = happenings(self.days, self.policy, fires);
        let (mut looked, mut last) = (self.days.from, Plan { builds: Vec::new() });
        let mut until = self.days.to;
        for look in 0.. {
            let Some(now) = ahead.pop_first().filter(|at| *at < self.days.to) else {
                break;
            };
            if look == MOST {
                until = now;
                break;
            }
            self.come(now);
            self.refuse(now);
            self.ask(looked, now);
            looked = now;
            last = self.planned(now);
            for one in &last.builds {
                match one.state {
                    State::Start => ahead.extend(self.start(one, now)),
                    _ => ahead.extend(one.scheduled_for.filter(|at| *at > now)),
                }
            }
            ahead.extend(self.ages(now));
        }
        let left = self.left(&last, until);
        self.builds.sort_by_key(|one| one.started);
        Outcome {
            builds: self.builds,
            left,
            until,
        }
    }

    /// Images that came without a build, and those of builds that are over.
    fn come(&mut self, now: Instant) {
        for place in &mut self.places {
            let images = &place.played.images;
            while let Some(made) = images.get(place.come).filter(|made| made.at <= now) {
                place.come += 1;
                place.newest = Some((newest(made), Stand::Without(made.lacks.clone())));
            }
        }
        let (over, running) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|run| run.ends <= now);
        self.running = running;
        let over: Vec<Run> = over;
        for run in over {
            if let Some(place) = self.places.get_mut(run.place) {
                let newest = Newest {
                    id: format!("played/{}", run.started.timestamp()),
                    made: run.ends,
                    current: true,
                };
                place.newest = Some((newest, Stand::Of(run.started)));
            }
        }
    }

    /// When an image becomes so old that it is built again if its base has moved on.
    fn ages(&self, now: Instant) -> Vec<Instant> {
        let newest = self.places.iter().filter_map(|place| place.newest.as_ref());
        let old =
            newest.map(|(one, _)| one.made + self.policy.max_age.delta() + TimeDelta::seconds(1));
        old.filter(|at| *at > now).collect()
    }

    fn ask(&mut self, looked: Instant, now: Instant) {
        let facts = Facts {
            subjects: (0..self.places.len())
                .filter_map(|at| self.subject(at, now))
                .collect(),
            looked: looked.min(now - TimeDelta::seconds(1)),
        };
        for want in wants(&facts, self.policy, now) {
            if !self.known.insert(want.key.clone()) {
                continue;
            }
            if want.cause == Cause::Popularity {
                self.popular.insert(want.aim.template.clone(), now);
            }
            self.queue(want, None, now);
        }
        let manual = self.days.asked.iter().filter(|one| one.at == now);
        for (at, one) in manual.enumerate() {
            let key = format!("manual/{}/{at}", now.timestamp_millis());
            let want = Want {
                key,
                aim: one.aim.clone(),
                cause: Cause::Manual { urgent: one.urgent },
                detected: None,
                about: None,
                said: one.said.clone(),
            };
            self.queue(want, one.max_cost, now);
        }
    }

    /// Lets go of what a person refused by now.
    fn refuse(&mut self, now: Instant) {
        let refused = &self.refused;
        let waits = |id: &str| refused.get(id).is_none_or(|at| *at > now);
        for place in &mut self.places {
            place.waiting.retain(|(request, _)| waits(&request.id));
        }
    }

    fn queue(&mut self, want: Want, max_cost: Option<Money>, now: Instant) {
        self.requests += 1;
        let request = Request {
            id: format!("req_{:08}", self.requests),
            cause: want.cause,
            max_cost,
            approved: false,
            requested: now,
            term: want.detected.map(|since| Term {
                since,
                before: None,
            }),
        };
        let mut refused = self.days.refused.iter().filter(|one| one.is(&want, now));
        if let Some(one) = refused.next() {
            self.refused.insert(request.id.clone(), one.at);
        }
        let place = self
            .places
            .iter_mut()
            .find(|one| one.played.aim == want.aim);
        if let Some(place) = place {
            place.waiting.push((request, want.said));
        }
    }

    /// Its parent's revisions of the past are not played: the recipe is today's all along.
    fn subject(&self, at: usize, now: Instant) -> Option<Subject> {
        let place = self.places.get(at)?;
        let played = place.played;
        let since = now - POPULAR;
        let lately = |all: &[Instant]| all.iter().filter(|at| **at > since && **at <= now).count();
        let template = &played.aim.template;
        let launches = self.days.launches.get(template);
        let launches = launches.map_or(0, |all| lately(all));
        let here = lately(&played.launches) > 0;
        let newest = place.newest.as_ref();
        let lacks: Vec<Lacked> = match newest {
            None => Vec::new(),
            Some((_, stand)) => {
                let published = played.updates.iter().filter(|one| one.detected <= now);
                published.filter(|one| stand.lacks(one)).cloned().collect()
            }
        };
        // Nothing asks for what was neither launched nor imaged.
        if newest.is_none() && !here {
            return None;
        }
        let fires = place.fires.contains(&now);
        Some(Subject {
            aim: played.aim.clone(),
            newest: newest.map(|(one, _)| one.clone()),
            lacks,
            launches: u32::try_from(launches).unwrap_or(u32::MAX),
            launched_here: here,
            coming: self.running.iter().any(|run| run.place == at),
            imaged: played.imaged,
            built: played.built,
            threshold: played.threshold,
            popular: self.popular.get(template).copied(),
            // A line is only looked at where it fires.
            rebuild: played.rebuild.clone().filter(|_| fires),
            parent: None,
        })
    }

    fn planned(&self, now: Instant) -> Plan {
        let waits = self.places.iter().filter(|place| !place.waiting.is_empty());
        let queue: Vec<Waiting> = waits
            .map(|place| Waiting {
                target: place.target.clone(),
                requests: place.waiting.iter().map(|(one, _)| one.clone()).collect(),
                not_before: None,
            })
            .collect();
        if queue.is_empty() {
            return Plan { builds: Vec::new() };
        }
        let running: Vec<Running> = self
            .running
            .iter()
            .filter_map(|run| {
                let place = self.places.get(run.place)?;
                Some(Running {
                    region: place.target.region.clone(),
                    until: run.ends,
                    target: Some(place.target.name.clone()),
                })
            })
            .collect();
        let spent = spent(&self.paid, self.policy, now);
        plan(now, self.policy, &spent, &running, &queue)
    }

    /// Starts one; when it is over.
    fn start(&mut self, one: &Build, now: Instant) -> Option<Instant> {
        let at = self
            .places
            .iter()
            .position(|place| place.target.name == one.template)?;
        let purse = one.budget_source?;
        let place = self.places.get_mut(at)?;
        let waited = std::mem::take(&mut place.waiting);
        let ends = now + place.target.expected;
        self.builds.push(Ran {
            aim: place.played.aim_at(now),
            trigger: one.trigger,
            urgency: one.urgency,
            said: said(&waited, one),
            requests: waited.len(),
            requested: first(&waited).unwrap_or(now),
            started: now,
            ended: ends,
            purse,
            reserved: place.played.reserved,
            cost: place.played.cost,
            deadline: one.deadline,
        });
        self.running.push(Run {
            place: at,
            started: now,
            ends,
        });
        self.paid.push(Paid {
            at: now,
            purse,
            ends,
            reserved: place.played.reserved,
            cost: place.played.cost,
        });
        Some(ends)
    }

    fn left(&self, last: &Plan, until: Instant) -> Vec<Left> {
        let waits = last.builds.iter().filter_map(|one| {
            let place = self
                .places
                .iter()
                .find(|place| place.target.name == one.template)?;
            let requested = first(&place.waiting)?;
            Some(Left {
                aim: place.played.aim_at(until),
                trigger: one.trigger,
                urgency: one.urgency,
                said: said(&place.waiting, one),
                requested,
                state: one.state,
                scheduled_for: one.scheduled_for,
                deadline: one.deadline,
                missed: one.deadline.is_some_and(|deadline| deadline <= until),
                why: one.why.clone(),
            })
        });
        waits.collect()
    }
}

impl Stand {
    fn lacks(&self, update: &Lacked) -> bool {
        match self {
            Stand::Without(ids) => ids.contains(&update.id),
            Stand::Of(at) => update.detected > *at,
        }
    }
}

fn newest(made: &Made) -> Newest {
    Newest {
        id: made.id.clone(),
        made: made.at,
        // Which recipes there were is not played again.
        current: true,
    }
}

fn first(waited: &[(Request, String)]) -> Option<Instant> {
    waited.iter().map(|(one, _)| one.requested).min()
}

/// The sentence of the request that gives the trigger.
fn said(waited: &[(Request, String)], one: &Build) -> String {
    let gives = waited
        .iter()
        .find(|(request, _)| request.cause == one.cause);
    let given = gives.or(waited.first());
    given.map(|(_, said)| said.clone()).unwrap_or_default()
}
