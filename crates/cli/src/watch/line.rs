//! One line of a story as people read it.

use ingot_client::Event;

use crate::output::clean;

/// `HH:MM:SS [source] message`, in UTC.
pub(crate) fn stamped(event: &Event) -> String {
    format!("{} {}", event.at.format("%H:%M:%S"), bare(event))
}

/// `[source] message`; the document's form.
pub(crate) fn bare(event: &Event) -> String {
    format!("[{}] {}", clean(&event.source), clean(&event.message))
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
}
