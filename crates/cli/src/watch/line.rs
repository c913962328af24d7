//! One line of a story as people read it.

use ingot_client::Event;

use crate::output::clean;

/// `HH:MM:SS [source] message`, in UTC.
pub(crate) fn stamped(event: &Event) -> String {
    format!("{} {}", event.at.format("%H:%M:%S"), bare(event))
}

/// `[source] message`; the document's form, and who caused it where a person did whom the message does not name.
pub(crate) fn bare(event: &Event) -> String {
    let by = event.unnamed_person();
    let by = by.map_or(String::new(), |name| format!(" (by {})", clean(name)));
    format!("[{}] {}{by}", clean(&event.source), clean(&event.message))
}

/// Of checks one after the other that see the same, a person who watches needs the first, each tenth and the last.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    seen: String,
}

impl Checks {
    /// Whether the line is worth showing.
    pub(crate) fn shows(&mut self, event: &Event) -> bool {
        let told = (event.kind == "readiness.checked")
            .then(|| event.message.strip_prefix("Check ")?.split_once(": "))
            .flatten();
        let Some((count, seen)) = told else {
            return true;
        };
        let (number, most) = count.split_once('/').unwrap_or((count, ""));
        let again = std::mem::replace(&mut self.seen, seen.to_owned()) == seen;
        !again || number.ends_with('0') || number == most
    }
}

#[cfg(test)]
mod tests {
    use ingot_client::event::Actor;

    use super::*;

    #[test]
    fn checks_that_see_the_same_are_shown_now_and_then() {
        let event = |kind: &str, message: String| Event {
            seq: 1,
            at: "2026-01-21T17:30:05Z".parse().expect("time"),
            kind: kind.to_owned(),
            source: "readiness".to_owned(),
            level: "info".to_owned(),
            message,
            actor: None,
        };
        let mut checks = Checks::default();
        let mut shown = Vec::new();
        for number in 1..=25 {
            let seen = if number < 14 {
                "refused"
            } else {
                "HTTP 502: starting"
            };
            let check = event("readiness.checked", format!("Check {number}/25: {seen}"));
            if checks.shows(&check) {
                shown.push(number);
            }
            assert!(checks.shows(&event("install.output", "the same".to_owned())));
        }
        assert_eq!(shown, [1, 10, 14, 20, 25]);
    }

    #[test]
    fn a_line_reads_as_in_the_document_and_carries_no_escapes() {
        let event = Event {
            seq: 7,
            at: "2026-01-21T17:30:05.25Z".parse().expect("time"),
            kind: "ami.available".to_owned(),
            source: "ami-creation".to_owned(),
            level: "info".to_owned(),
            message: "✓ AMI is now available! Size: 10 GB".to_owned(),
            actor: None,
        };
        assert_eq!(
            stamped(&event),
            "17:30:05 [ami-creation] ✓ AMI is now available! Size: 10 GB"
        );
        let evil = Event {
            message: "a\u{1b}[2Jb\nc".to_owned(),
            ..event
        };
        assert_eq!(bare(&evil), "[ami-creation] a\\u{1b}[2Jb\\nc");
    }

    #[test]
    fn a_line_names_who_caused_it_where_the_sentence_does_not() {
        let by = |name: &str, message: &str| Event {
            seq: 1,
            at: "2026-01-21T17:30:05Z".parse().expect("time"),
            kind: "image.dropped".to_owned(),
            source: "request".to_owned(),
            level: "info".to_owned(),
            message: message.to_owned(),
            actor: Some(Actor {
                kind: "token".to_owned(),
                name: Some(name.to_owned()),
                ..Actor::default()
            }),
        };
        for (name, message, said) in [
            ("ops", "It is dropped", "It is dropped (by ops)"),
            ("ops", "Dropped by ops", "Dropped by ops"),
            ("ops", "Dropped by ops: old", "Dropped by ops: old"),
            ("ops", "Dropped by ops.", "Dropped by ops."),
            ("ops", "ops dropped it", "ops dropped it"),
            ("ops", "Dropped by ops-2", "Dropped by ops-2 (by ops)"),
            ("a", "It is available", "It is available (by a)"),
            ("a\nb", "It is dropped", "It is dropped (by a\\nb)"),
        ] {
            assert_eq!(bare(&by(name, message)), format!("[request] {said}"));
        }
        let worker = Event {
            actor: Some(Actor {
                kind: "worker".to_owned(),
                ..Actor::default()
            }),
            ..by("ops", "It is dropped")
        };
        assert_eq!(bare(&worker), "[request] It is dropped");
    }
}
