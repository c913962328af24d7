//! The stories of all builds, as they go on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use ingot_client::Client;
use ingot_client::build::{Build, BuildFilter};
use ingot_client::event::EventFilter;
use ingot_client::page::LONGEST_PAGE;

use crate::output::clean;

/// What was told so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// By build, up to which line.
    told: HashMap<String, i64>,
    /// The calendar's time of the last look, in seconds.
    at: AtomicI64,
}

impl Story {
    /// Every build as it is now; the lines of their stories that are new go to stderr.
    pub(super) async fn look(&mut self, client: &Client) -> anyhow::Result<Vec<Build>> {
        let filter = BuildFilter {
            limit: Some(LONGEST_PAGE),
            ..BuildFilter::default()
        };
        let builds = client.builds(&filter).await?.items;
        for build in &builds {
            self.at.fetch_max(build.at.timestamp(), Ordering::Relaxed);
            let told = self.told.entry(build.id.clone()).or_default();
            let news = EventFilter {
                after: Some(*told),
                limit: Some(LONGEST_PAGE),
                actor: None,
            };
            for event in client.build_events(&build.id, &news).await?.items {
                *told = (*told).max(event.seq);
                let (name, said) = (clean(&build.template), clean(&event.message));
                eprintln!("{} {name} [build] {said}", clock(build.at));
            }
        }
        Ok(builds)
    }

    /// A line of the demo's own.
    pub(super) fn tell(&self, text: &str) {
        let at = DateTime::from_timestamp(self.at.load(Ordering::Relaxed), 0);
        let clock = at.filter(|at| at.timestamp() > 0).map(clock);
        let clock = clock.map_or(String::new(), |clock| format!("{clock} "));
        eprintln!("{clock}[demo] {text}");
    }
}

/// The calendar's day and time.
fn clock(at: DateTime<Utc>) -> String {
    at.format("%d %b %H:%M").to_string()
}
