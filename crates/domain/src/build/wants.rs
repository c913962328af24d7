//! From the world to requests (AUTO-AMI 2): every trigger is a function of facts. What is wanted has a key that names its cause
//! and its target, so that a cause asks once, however often and wherever it is looked at.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};

use crate::Instant;
use crate::advisory::level::{Level, SecurityLevel};
use crate::arch::Arch;
use crate::cron5::Line;
use crate::policy::Policy;
use crate::policy::length::Length;
use crate::policy::season::CampaignDate;
use crate::want::Cause;

/// What is built: one image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aim {
    /// The template.
    pub template: String,
    /// Its version.
    pub version: String,
    /// Its mode.
    pub mode: String,
    /// The architecture.
    pub arch: Arch,
    /// The region it is built in: until images are copied, each region has its own build.
    pub region: String,
}

/// An update of the base image that a newest image does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacked {
    /// The update's id.
    pub id: String,
    /// When it was detected.
    pub detected: Instant,
    /// Its kind by the judgement that stands; an update without one is not asked for yet.
    pub kind: UpdateKind,
    /// In a sentence, for the story.
    pub said: String,
}

/// What an update was judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    /// A matter of security, with its level; none is unknown.
    Security(Option<Level>),
    /// Anything else.
    Other,
}

impl UpdateKind {
    /// From the judgement's words; none for a level `none` of security, which asks for nothing.
    pub fn of(update_type: &str, level: SecurityLevel) -> Self {
        let level = match level {
            SecurityLevel::Critical => Some(Level::Critical),
            SecurityLevel::High => Some(Level::High),
            SecurityLevel::Medium => Some(Level::Medium),
            SecurityLevel::Low => Some(Level::Low),
            SecurityLevel::None => return Self::Other,
            SecurityLevel::Unknown => None,
        };
        match update_type {
            "feature" | "maintenance" => Self::Other,
            _ => Self::Security(level),
        }
    }
}

/// A template's newest image of one aim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// The image's id in the ledger.
    pub id: String,
    /// When it was made.
    pub made: Instant,
    /// Whether the recipe it was made by is the template's newest.
    pub current: bool,
}

/// What is known of one aim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What would be built.
    pub aim: Aim,
    /// Its newest image that can be launched from.
    pub newest: Option<Newest>,
    /// The updates of its track that image does not have, oldest first.
    pub lacks: Vec<Lacked>,
    /// Successful launches of the template within 7 days, wherever.
    pub launches: u32,
    /// One of them was of this aim's mode, architecture and region.
    pub launched_here: bool,
    /// An image of it comes without a build: one is in the making.
    pub coming: bool,
    /// The template's deployments leave images at all; one that wants none is not built because it is used.
    pub imaged: bool,
    /// Builds alone make its images: its deployments wait for the first one in vain.
    pub built: bool,
    /// Launches that make it popular, where the template has a word of its own; else the policy's count.
    pub threshold: Option<u32>,
    /// When popularity last asked for it.
    pub popular: Option<Instant>,
    /// The template's own line of cron.
    pub rebuild: Option<Line>,
    /// The revision of the template that its newest revision goes on from.
    pub parent: Option<Parent>,
}

/// A revision of a template that another goes on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// As it is pinned, such as `base@4`.
    pub pin: String,
    /// When it was applied, by the calendar.
    pub since: Instant,
}

/// Everything a want follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What is known of each aim.
    pub subjects: Vec<Subject>,
    /// When it was looked before: lines of cron fire since then.
    pub looked: Instant,
}

/// Something to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// What it is made of, once: a second request with it is the same one.
    pub key: String,
    /// What is to be built.
    pub aim: Aim,
    /// Why.
    pub cause: Cause,
    /// Since when the deadline counts, where that is not now.
    pub detected: Option<Instant>,
    /// The update or image it is about.
    pub about: Option<String>,
    /// In a sentence.
    pub said: String,
}

/// Popularity counts launches of so many days, and asks once in them.
pub const POPULAR: TimeDelta = TimeDelta::days(7);

/// All that the facts ask for at an instant of the calendar.
pub fn wants(facts: &Facts, policy: &Policy, now: Instant) -> Vec<Want> {
    let mut found = Vec::new();
    for subject in &facts.subjects {
        first(subject, &mut found);
        updates(subject, &mut found);
        moved_on(subject, &mut found);
        popular(subject, policy, now, &mut found);
        old(subject, policy, now, &mut found);
        fires(subject, policy, facts.looked, now, &mut found);
    }
    campaign(facts, policy, now, &mut found);
    found
}

impl Aim {
    fn key(&self, cause: &str) -> String {
        let Self {
            template,
            version,
            mode,
            arch,
            region,
        } = self;
        format!("{cause}/{template}/{version}/{mode}/{arch}/{region}")
    }

    /// Without the version: a campaign that was answered is not asked again because another version was imaged meanwhile.
    fn campaign_key(&self, date: NaiveDate) -> String {
        let Self {
            template,
            mode,
            arch,
            region,
            ..
        } = self;
        format!("campaign/{date}/{template}/{mode}/{arch}/{region}")
    }
}

/// One request for each update that the newest image lacks; a template without an image is listed elsewhere and asks for nothing.
fn updates(subject: &Subject, found: &mut Vec<Want>) {
    if subject.newest.is_none() {
        return;
    }
    found.extend(subject.lacks.iter().map(|update| {
        let cause = match update.kind {
            UpdateKind::Security(level) => Cause::Security { level },
            UpdateKind::Other => Cause::Dependency,
        };
        Want {
            key: subject.aim.key(&update.id),
            aim: subject.aim.clone(),
            cause,
            detected: Some(update.detected),
            about: Some(update.id.clone()),
            said: update.said.clone(),
        }
    }));
}

/// The first image of a template whose deployments leave none, as soon as one was launched: they depend on it.
fn first(subject: &Subject, found: &mut Vec<Want>) {
    if !subject.built || subject.newest.is_some() || subject.coming || !subject.launched_here {
        return;
    }
    found.push(Want {
        key: subject.aim.key("first"),
        aim: subject.aim.clone(),
        cause: Cause::Dependency,
        detected: None,
        about: None,
        said: "it was launched and has no image yet, and builds alone make its images".to_owned(),
    });
}

/// The newest image is older than the parent's revision that its template goes on from by now, and of another recipe.
fn moved_on(subject: &Subject, found: &mut Vec<Want>) {
    let (Some(newest), Some(parent)) = (&subject.newest, &subject.parent) else {
        return;
    };
    if newest.current || newest.made >= parent.since {
        return;
    }
    found.push(Want {
        key: subject.aim.key(&format!("parent/{}", parent.pin)),
        aim: subject.aim.clone(),
        cause: Cause::Dependency,
        detected: None,
        about: Some(newest.id.clone()),
        said: format!(
            "it goes on from {}, which is newer than its image",
            parent.pin
        ),
    });
}

fn popular(subject: &Subject, policy: &Policy, now: Instant, found: &mut Vec<Want>) {
    let fresh = subject.lacks.is_empty() && subject.newest.as_ref().is_some_and(|one| one.current);
    let lately = subject.popular.is_some_and(|at| now - at < POPULAR);
    let unwanted = !subject.imaged || subject.coming || !subject.launched_here;
    let threshold = subject.threshold.unwrap_or(policy.popularity_threshold);
    if subject.launches < threshold || fresh || lately || unwanted {
        return;
    }
    found.push(Want {
        key: subject.aim.key(&format!("popularity/{}", now.timestamp())),
        aim: subject.aim.clone(),
        cause: Cause::Popularity,
        detected: None,
        about: None,
        said: format!("launched {} times this week", subject.launches),
    });
}

/// The newest image is older than `max_age` while its base has moved on.
fn old(subject: &Subject, policy: &Policy, now: Instant, found: &mut Vec<Want>) {
    let Some(newest) = &subject.newest else {
        return;
    };
    if subject.lacks.is_empty() || now - newest.made <= policy.max_age.delta() {
        return;
    }
    found.push(Want {
        key: subject.aim.key(&format!("age/{}", newest.id)),
        aim: subject.aim.clone(),
        cause: Cause::Scheduled { campaign: None },
        detected: None,
        about: Some(newest.id.clone()),
        said: format!(
            "its newest image is {} days old and its base has moved on",
            (now - newest.made).num_days()
        ),
    });
}

/// The last fire of the template's own line since the look before; those between are one.
fn fires(subject: &Subject, policy: &Policy, looked: Instant, now: Instant, found: &mut Vec<Want>) {
    /// Fires of one look; more of them are the same request anyway.
    const MOST: usize = 1_000;
    let Some(cron) = &subject.rebuild else { return };
    // Most looks lie between two fires.
    if cron
        .fires(policy.timezone, looked, 1)
        .first()
        .is_none_or(|at| *at > now)
    {
        return;
    }
    let fires = cron.fires(policy.timezone, looked, MOST);
    let Some(fired) = fires.into_iter().take_while(|at| *at <= now).last() else {
        return;
    };
    found.push(Want {
        key: subject.aim.key(&format!("cron/{}", fired.timestamp())),
        aim: subject.aim.clone(),
        cause: Cause::Scheduled { campaign: None },
        detected: None,
        about: None,
        said: format!(
            "its line of cron fired at {}",
            fired.format("%Y-%m-%d %H:%M UTC")
        ),
    });
}

/// From 00:00 of a campaign's date minus its lead until that date, once for each of its templates.
fn campaign(facts: &Facts, policy: &Policy, now: Instant, found: &mut Vec<Want>) {
    let Some(campaign) = policy.seasonal_precompilation.as_ref() else {
        return;
    };
    for (date, from, over) in campaigns(policy) {
        if now < from || now >= over {
            continue;
        }
        let named = |subject: &&Subject| campaign.templates.contains(&subject.aim.template);
        found.extend(facts.subjects.iter().filter(named).map(|subject| Want {
            key: subject.aim.campaign_key(date),
            aim: subject.aim.clone(),
            cause: Cause::Scheduled {
                campaign: Some(date),
            },
            detected: None,
            about: None,
            said: format!("the campaign for {date}"),
        }));
    }
}

/// The dates of the policy's campaign, each with when it begins to ask and when it is over; none while it is switched off.
pub fn campaigns(policy: &Policy) -> Vec<(NaiveDate, Instant, Instant)> {
    let campaign = policy.seasonal_precompilation.as_ref();
    let Some(schedule) = campaign
        .filter(|one| one.enabled)
        .and_then(|one| one.schedule)
    else {
        return Vec::new();
    };
    let dates: BTreeSet<NaiveDate> = match schedule.date {
        CampaignDate::On(date) => BTreeSet::from([date]),
        CampaignDate::SemesterStart => {
            let semesters = policy.academic_calendar.semesters.iter();
            semesters.map(|semester| semester.start).collect()
        }
    };
    let spans = dates.into_iter().map(|date| {
        let first = |date: Option<NaiveDate>| date.map(|date| policy.timezone.first_of(date));
        let due = policy.timezone.first_of(date);
        // One "on" a date has until that date's end. Days and weeks of lead are local days, whatever clocks do.
        let (from, over) = match schedule.lead.map(Length::delta) {
            None => (due, first(date.succ_opt()).unwrap_or(due)),
            Some(lead) if lead == TimeDelta::days(lead.num_days()) => {
                let asked = first(date.checked_sub_signed(lead));
                (asked.unwrap_or(due - lead), due)
            }
            Some(lead) => (due - lead, due),
        };
        (date, from, over)
    });
    spans.collect()
}

#[cfg(test)]
mod tests;
