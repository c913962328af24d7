//! The expected words in a body as it comes: what is kept is bounded, and the first hit ends the reading (W19).

use ingot_domain::probe::{PROBE_BODY_BYTES, PROBE_LOOK_BYTES, ProbeSpec};

/// Looks for words in a stream of bytes, ignoring case.
#[derive(Debug)]
pub(crate) struct Words {
    /// In lower case.
    words: Vec<String>,
    /// The longest of them in bytes; a hit may lie across two pieces by that much.
    longest: usize,
    window: Vec<u8>,
    read: usize,
    found: bool,
}

impl Words {
    /// Those of a template's probe.
    pub(crate) fn of(spec: &ProbeSpec) -> Self {
        let words: Vec<String> = spec
            .body_contains
            .iter()
            .map(|word| word.to_lowercase())
            .collect();
        // In lower case a letter may be shorter than as it is written.
        let longest = words.iter().map(String::len).max().unwrap_or(0) * 4;
        Self {
            found: words.is_empty(),
            words,
            longest,
            window: Vec::new(),
            read: 0,
        }
    }

    /// Takes a piece; answers whether more of the body is of interest.
    pub(crate) fn take(&mut self, mut piece: &[u8]) -> bool {
        while !piece.is_empty() && self.wants_more() {
            let room = (PROBE_LOOK_BYTES - self.read).min(PROBE_BODY_BYTES / 2);
            let (now, rest) = piece.split_at(piece.len().min(room));
            self.read += now.len();
            self.window.extend_from_slice(now);
            let text = String::from_utf8_lossy(&self.window).to_lowercase();
            self.found = self.words.iter().any(|word| text.contains(word.as_str()));
            if !self.found {
                let past = self.window.len().saturating_sub(self.longest);
                self.window.drain(..past);
            }
            piece = rest;
        }
        self.wants_more()
    }

    /// Whether more of the body is of interest.
    pub(crate) fn wants_more(&self) -> bool {
        !self.found && self.read < PROBE_LOOK_BYTES
    }

    /// The piece with the hit, or the end of what was read.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.window).into_owned()
    }

    /// The body was longer than what is looked through.
    pub(crate) fn was_cut(&self) -> bool {
        !self.found && self.read >= PROBE_LOOK_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(of: &[&str]) -> Words {
        Words::of(&ProbeSpec {
            body_contains: of.iter().map(|word| (*word).to_owned()).collect(),
            ..ProbeSpec::default()
        })
    }

    #[test]
    fn a_word_is_found_wherever_the_pieces_break() {
        let body = "<title>ÄPFEL und Login</title>".as_bytes();
        for size in 1..=body.len() {
            for word in ["äpfel", "LOGIN", "und"] {
                let mut looked = words(&["nothing of this", word]);
                for piece in body.chunks(size) {
                    looked.take(piece);
                }
                assert!(looked.found, "{word} in pieces of {size}");
                assert!(looked.text().to_lowercase().contains(&word.to_lowercase()));
            }
        }
    }

    #[test]
    fn the_first_hit_ends_it_and_memory_is_bounded() {
        let mut looked = words(&["login"]);
        assert!(
            !looked.take(b"please log in: login"),
            "nothing more is wanted"
        );
        let mut endless = words(&["login"]);
        let piece = vec![b'y'; 300_000];
        let mut pieces = 0;
        while endless.take(&piece) {
            pieces += 1;
            assert!(endless.window.len() <= PROBE_BODY_BYTES, "{pieces}");
        }
        assert!(endless.was_cut() && pieces < 20, "{pieces}");
        assert!(!words(&[]).wants_more(), "any body is fine");
    }
}
