//! What is planned for the templates that an update concerns.

use std::collections::BTreeSet;

use ingot_client::base_update::AffectedTemplate;
use ingot_client::build::{Build, Planned};
use ingot_domain::advisory::affected::Affected as Behind;
use ingot_entity::template_off;

use super::build::planned;

/// What waits and runs, and which templates are switched off.
#[derive(Debug, Default)]
pub(crate) struct Rebuilds {
    /// Builds that wait or run.
    pub(crate) open: Vec<Build>,
    /// Templates whose builds are switched off.
    pub(crate) off: Vec<template_off::Model>,
    /// What an update wants and the scheduler has not asked for yet: templates, each with its region.
    pub(crate) wanted: BTreeSet<(String, String)>,
}

impl Rebuilds {
    /// The build of the template in the region of its image; one that runs goes before one that waits.
    pub(crate) fn of(&self, one: &Behind) -> Option<Planned> {
        let region = one.region.as_ref()?;
        let of = |build: &&Build| build.template == one.template && build.region == *region;
        let found = self.open.iter().filter(of);
        found.min_by_key(|build| build.waits()).map(planned)
    }

    /// What will be done, in words.
    pub(crate) fn plan(&self, templates: &[AffectedTemplate]) -> String {
        let behind = templates.iter().filter(|one| one.builds_behind > 0);
        let said: Vec<String> = behind.map(|one| self.said(one)).collect();
        match said.is_empty() {
            true => "no image is behind: nothing is to be built".to_owned(),
            false => said.join("; "),
        }
    }

    fn wants(&self, template: &str, region: &str) -> bool {
        let mut wanted = self.wanted.iter();
        wanted.any(|(one, place)| one == template && place == region)
    }

    fn said(&self, one: &AffectedTemplate) -> String {
        let region = one.region.as_deref().unwrap_or("-");
        let name = format!("{} in {region}", one.template);
        let Some(planned) = &one.planned else {
            let off = self.off.iter().find(|off| off.name == one.template);
            return match off {
                Some(off) => format!("{name}: switched off: {}", off.off_reason),
                None if self.wants(&one.template, region) => {
                    format!(
                        "{name}: no build is asked for yet: the scheduler's next look asks for it"
                    )
                }
                None => format!(
                    "{name}: no build is asked for: the update is not judged yet or matters to none, or the last one failed"
                ),
            };
        };
        let (id, status) = (&planned.build_id, &planned.status);
        match &planned.why_not_now {
            Some(why) => format!("{name}: {id} {status}: {why}"),
            None => {
                let end = planned.expected_end.map_or(String::new(), |at| {
                    format!(", expected to be over {}", at.format("%Y-%m-%d %H:%M UTC"))
                });
                format!("{name}: {id} {status}{end}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(name: &str, planned: Option<Planned>) -> AffectedTemplate {
        AffectedTemplate {
            template: name.to_owned(),
            version: Some("v1.0.0".to_owned()),
            ami_id: Some("ami-1".to_owned()),
            region: Some("us-east-1".to_owned()),
            build: None,
            builds_behind: 1,
            days_behind: 2,
            planned,
        }
    }

    #[test]
    fn every_template_behind_is_told_with_its_build_or_why_there_is_none() {
        let at = "2026-11-28T02:00:00Z".parse().expect("time");
        let waits = Planned {
            build_id: "bld_1".to_owned(),
            status: "queued".to_owned(),
            scheduled_for: Some(at),
            expected_end: None,
            why_not_now: Some("its window is closed".to_owned()),
        };
        let runs = Planned {
            build_id: "bld_2".to_owned(),
            status: "building".to_owned(),
            scheduled_for: None,
            expected_end: Some(at),
            why_not_now: None,
        };
        let off = template_off::Model {
            name: "off".to_owned(),
            off_at: at,
            off_by: "ann".to_owned(),
            off_reason: "moves".to_owned(),
            by_itself: false,
            revision: 1,
        };
        let rebuilds = Rebuilds {
            open: Vec::new(),
            off: vec![off],
            wanted: BTreeSet::from([("w".to_owned(), "us-east-1".to_owned())]),
        };
        let all = [
            template("a", Some(waits)),
            template("b", Some(runs)),
            template("off", None),
        ];
        assert_eq!(
            rebuilds.plan(&all),
            "a in us-east-1: bld_1 queued: its window is closed; \
             b in us-east-1: bld_2 building, expected to be over 2026-11-28 02:00 UTC; \
             off in us-east-1: switched off: moves"
        );
        assert_eq!(
            rebuilds.plan(&[template("w", None)]),
            "w in us-east-1: no build is asked for yet: the scheduler's next look asks for it"
        );
        let none = rebuilds.plan(&[template("d", None)]);
        assert!(
            none.starts_with("d in us-east-1: no build is asked for"),
            "{none}"
        );
        assert!(rebuilds.plan(&[]).starts_with("no image is behind"));
    }
}
