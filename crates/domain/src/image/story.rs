//! What an image's story says of a step: derived from what the row was and what it is, so that a visit, the monitor and a
//! person who move it the same way tell the same.

use super::ImageStatus;
use crate::Instant;
use crate::event::{Line, Source};

/// What of an image's row its story tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its status.
    pub status: ImageStatus,
    /// Its EC2 name.
    pub name: String,
    /// `ami-…`, once EC2 told.
    pub ami_id: Option<String>,
    /// Size in GB, once EC2 told.
    pub size_gb: Option<i32>,
    /// Why it failed, or is about to.
    pub error: Option<String>,
    /// The deployment it is made from; none for one that was found.
    pub source: Option<String>,
    /// The image it is a copy of, and where that is.
    pub copy_of: Option<String>,
    /// A person adopted it.
    pub adopted: bool,
    /// EC2 launches nothing from it.
    pub disabled: bool,
    /// When EC2 calls it deprecated.
    pub deprecated_at: Option<Instant>,
    /// A person, or the end of its region, said to forget it.
    pub dropped: bool,
    /// Who decided last, and why.
    pub decided: Option<(String, String)>,
    /// It takes longer than an hour.
    pub slow: bool,
}

impl Seen {
    fn id(&self) -> &str {
        self.ami_id.as_deref().unwrap_or(&self.name)
    }

    fn by(&self) -> String {
        match &self.decided {
            Some((by, reason)) if !reason.is_empty() => format!(" by {by}: {reason}"),
            Some((by, _)) => format!(" by {by}"),
            None => String::new(),
        }
    }
}

/// The lines of a new row.
pub fn begun(new: &Seen) -> Vec<Line> {
    let line = match (&new.source, new.status) {
        _ if new.copy_of.is_some() => Line::info(
            "image.copying",
            Source::AmiCreation,
            format!(
                "{} becomes a copy of {}",
                new.name,
                new.copy_of.as_deref().unwrap_or_default()
            ),
        ),
        (Some(deployment), _) => Line::info(
            "image.claimed",
            Source::AmiCreation,
            format!("{} is made from deployment {deployment}", new.name),
        ),
        (None, _) => Line::info(
            "image.found",
            Source::Monitor,
            format!(
                "{} ({}) was found in the account, {}",
                new.id(),
                new.name,
                new.status
            ),
        ),
    };
    vec![line]
}

/// The lines of a step; none when nothing changed that people would be told.
pub fn told(old: &Seen, new: &Seen) -> Vec<Line> {
    let mut lines = Vec::new();
    let id = new.id();
    if old.name != new.name {
        let said = format!("The name {} is taken: it becomes {}", old.name, new.name);
        lines.push(Line::info("image.renamed", Source::AmiCreation, said).warn());
    }
    if !old.slow && new.slow {
        let said = format!("EC2 has worked on {id} for more than an hour");
        lines.push(Line::info("image.slow", Source::AmiCreation, said).warn());
    }
    if old.dropped != new.dropped || old.adopted != new.adopted {
        let (kind, what) = match (new.dropped, new.adopted) {
            (true, _) => ("image.dropped", "forgotten"),
            (false, true) => ("image.adopted", "adopted"),
            (false, false) => ("image.taken_back", "taken back"),
        };
        let said = format!("{id} was {what}{}", new.by());
        lines.push(Line::info(kind, Source::Request, said));
    } else if old.status != new.status {
        lines.push(status(old, new));
    }
    if old.disabled != new.disabled && new.status == ImageStatus::Available {
        let line = match new.disabled {
            true => Line::info(
                "image.disabled",
                Source::Monitor,
                format!("{id} is disabled in EC2: nothing is launched from it"),
            )
            .warn(),
            false => Line::info(
                "image.enabled",
                Source::Monitor,
                format!("{id} is enabled again"),
            ),
        };
        lines.push(line);
    }
    if old.deprecated_at != new.deprecated_at {
        let said = match new.deprecated_at {
            Some(at) => format!("EC2 calls {id} deprecated from {}", at.format("%Y-%m-%d")),
            None => format!("EC2 calls {id} deprecated no more"),
        };
        lines.push(Line::info("image.deprecated", Source::Monitor, said));
    }
    lines
}

fn status(old: &Seen, new: &Seen) -> Line {
    let id = new.id();
    let why = || {
        let why = new.error.as_deref().filter(|why| !why.is_empty());
        why.map_or(String::new(), |why| format!(": {why}"))
    };
    let making = Source::AmiCreation;
    match new.status {
        ImageStatus::Claimed | ImageStatus::Pending => {
            Line::info("image.pending", making, format!("EC2 makes {id}"))
        }
        ImageStatus::Available if old.status.is_in_the_making() => {
            let size = new.size_gb.map(|size| format!(", {size} GB"));
            let size = size.unwrap_or_default();
            Line::info(
                "image.available",
                making,
                format!("{id} is available{size}"),
            )
        }
        ImageStatus::Available => Line::info(
            "image.back",
            Source::Monitor,
            format!("{id} was {} and is there again", old.status),
        ),
        ImageStatus::Failed => {
            Line::info("image.failed", making, format!("{id} failed{}", why())).error()
        }
        ImageStatus::Missing => Line::info(
            "image.missing",
            Source::Monitor,
            format!("EC2 does not show {id} any more, and Ingot did not remove it"),
        )
        .warn(),
        ImageStatus::Deleted => Line::info(
            "image.deleted",
            Source::Monitor,
            format!("{id} is deleted{}", why()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: ImageStatus) -> Seen {
        Seen {
            status,
            name: "web-golden-1".to_owned(),
            ami_id: Some("ami-1".to_owned()),
            size_gb: Some(8),
            error: None,
            source: Some("dep_1".to_owned()),
            copy_of: None,
            adopted: false,
            disabled: false,
            deprecated_at: None,
            dropped: false,
            decided: None,
            slow: false,
        }
    }

    #[test]
    fn every_step_of_the_table_says_one_thing() {
        for &from in ImageStatus::ALL {
            for &to in from.next() {
                let lines = told(&seen(from), &seen(to));
                assert_eq!(lines.len(), 1, "{from} {to}: {lines:?}");
                assert!(lines[0].message.contains("ami-1"), "{lines:?}");
            }
            assert_eq!(told(&seen(from), &seen(from)), []);
        }
    }

    #[test]
    fn a_decision_names_who_and_why() {
        let old = seen(ImageStatus::Available);
        let dropped = Seen {
            dropped: true,
            status: ImageStatus::Deleted,
            decided: Some(("ana".to_owned(), "not ours".to_owned())),
            ..old.clone()
        };
        let lines = told(&old, &dropped);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].message, "ami-1 was forgotten by ana: not ours");
        let back = told(&dropped, &old);
        assert_eq!(back[0].kind, "image.taken_back");
    }

    #[test]
    fn a_new_row_says_where_it_comes_from() {
        let claimed = Seen {
            ami_id: None,
            ..seen(ImageStatus::Claimed)
        };
        assert!(begun(&claimed)[0].message.contains("dep_1"));
        let copy = Seen {
            copy_of: Some("ami-9 in us-east-1".to_owned()),
            ..claimed.clone()
        };
        assert!(
            begun(&copy)[0]
                .message
                .ends_with("a copy of ami-9 in us-east-1")
        );
        let found = Seen {
            source: None,
            ..seen(ImageStatus::Available)
        };
        assert!(begun(&found)[0].message.contains("found in the account"));
    }

    #[test]
    fn what_ec2_does_to_a_standing_image_is_told() {
        let old = seen(ImageStatus::Available);
        let disabled = Seen {
            disabled: true,
            deprecated_at: Some(chrono::DateTime::UNIX_EPOCH),
            ..old.clone()
        };
        let kinds =
            |lines: Vec<Line>| -> Vec<String> { lines.into_iter().map(|line| line.kind).collect() };
        let said = kinds(told(&old, &disabled));
        assert_eq!(said, ["image.disabled", "image.deprecated"]);
        let said = kinds(told(&disabled, &old));
        assert_eq!(said, ["image.enabled", "image.deprecated"]);
    }
}
