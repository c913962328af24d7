//! What is watched outside and cannot be relied on now: a feed of advisories that is old or was refused, a base image that
//! could not be looked at. Ingot works on; what rests on them may lack something, and people are told so on every page.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The word of doubts about feeds.
pub const FEED: &str = "feed";
/// The word of doubts about base images.
pub const BASE_IMAGE: &str = "base_image";
/// Names that one line gives.
const NAMED: usize = 6;

/// One thing that cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Doubt {
    /// `feed` or `base_image`.
    pub kind: String,
    /// `ubuntu`; `rocky-9 in us-east-1`.
    pub name: String,
    /// `stale` or `failing` of a feed, `not looked at` of a base image.
    pub state: String,
    /// Since when, by the installation's calendar; null where that is not known.
    pub since: Option<DateTime<Utc>>,
    /// Why, in a sentence.
    pub why: String,
    /// What to do about it.
    pub way_out: String,
}

impl Doubt {
    /// They in one line for each kind, as banners have room for: which, since when, what may be wrong, what to do.
    pub fn lines(all: &[Doubt]) -> Vec<(&'static str, String)> {
        let kinds = [
            (
                FEED,
                ("Feed", "Feeds"),
                "Judgements that rest on it may lack something.",
            ),
            (
                BASE_IMAGE,
                ("Base image", "Base images"),
                "Newer builds may be there unseen.",
            ),
        ];
        let mut lines = Vec::new();
        for (kind, (one, many), means) in kinds {
            let of_kind: Vec<&Doubt> = all.iter().filter(|doubt| doubt.kind == kind).collect();
            let said = match &of_kind[..] {
                [] => continue,
                [only] => {
                    let why = only.why.trim_end_matches('.');
                    format!("{one} {}: {}: {why}.", only.name, only.stands())
                }
                [first, ..] if of_kind.iter().all(|doubt| doubt.stands() == first.stands()) => {
                    format!("{many} {}: {}.", named(&of_kind, |_| None), first.stands())
                }
                _ => format!("{many} {}.", named(&of_kind, |doubt| Some(doubt.stands()))),
            };
            let way_out = of_kind.first().map_or("", |doubt| &doubt.way_out);
            lines.push((kind, format!("{said} {means} What to do: {way_out}")));
        }
        lines
    }

    /// `stale since 2026-11-20 10:00 UTC`.
    fn stands(&self) -> String {
        match self.since {
            Some(at) => format!("{} since {}", self.state, at.format("%Y-%m-%d %H:%M UTC")),
            None => self.state.clone(),
        }
    }
}

/// The names, each with what is said of it.
fn named(all: &[&Doubt], said: impl Fn(&Doubt) -> Option<String>) -> String {
    let names = all.iter().take(NAMED).map(|doubt| match said(doubt) {
        Some(said) => format!("{} ({said})", doubt.name),
        None => doubt.name.clone(),
    });
    let names = names.collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn doubt(kind: &str, name: &str, day: Option<u32>) -> Doubt {
        let at = |day| Utc.with_ymd_and_hms(2026, 11, day, 10, 0, 0).single();
        Doubt {
            kind: kind.to_owned(),
            name: name.to_owned(),
            state: "stale".to_owned(),
            since: day.and_then(at),
            why: "it is old.".to_owned(),
            way_out: format!("load {name}"),
        }
    }

    #[test]
    fn one_line_for_each_kind_says_which_since_when_and_what_to_do() {
        assert_eq!(Doubt::lines(&[]), []);
        let one = Doubt::lines(&[doubt(FEED, "kev", Some(2))]);
        let said = "Feed kev: stale since 2026-11-02 10:00 UTC: it is old. Judgements that rest on it may lack something. What to do: load kev";
        assert_eq!(one, [(FEED, said.to_owned())]);
        let same = [doubt(FEED, "kev", Some(2)), doubt(FEED, "epss", Some(2))];
        let said = &Doubt::lines(&same)[0].1;
        assert!(
            said.starts_with("Feeds kev, epss: stale since 2026-11-02 10:00 UTC."),
            "{said}"
        );
        let both = [
            doubt(BASE_IMAGE, "rocky-9 in us-east-1", None),
            doubt(FEED, "kev", Some(2)),
            doubt(FEED, "epss", Some(3)),
        ];
        let lines = Doubt::lines(&both);
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].1.starts_with(
                "Feeds kev (stale since 2026-11-02 10:00 UTC), epss (stale since 2026-11-03"
            ),
            "{lines:?}"
        );
        assert!(
            lines[1]
                .1
                .starts_with("Base image rocky-9 in us-east-1: stale: it is old."),
            "{lines:?}"
        );
    }

    #[test]
    fn a_line_does_not_grow_without_end() {
        let many: Vec<Doubt> = (0..40)
            .map(|n| doubt(BASE_IMAGE, &format!("t{n}"), None))
            .collect();
        let said = &Doubt::lines(&many)[0].1;
        assert!(said.contains("t5 and 34 more"), "{said}");
    }
}
