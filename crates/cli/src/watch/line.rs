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

#[cfg(test)]
mod tests {
    use super::*;

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
