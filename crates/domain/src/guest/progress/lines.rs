//! Bytes of an installation's output as lines for a story: cut the same wherever a reading began and ended.

use crate::guest::redact;

/// A line without an end after so many bytes is taken as one.
pub const LONGEST_RAW: usize = 8192;
/// Characters of a line that are told.
pub const LONGEST_TOLD: usize = 400;

/// The raw lines that are whole in `bytes`, which begin where a line does, and how many bytes they take. When the output
/// is `over`, what is left is a line as well.
pub fn whole(bytes: &[u8], over: bool) -> (Vec<&[u8]>, usize) {
    let mut lines = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let near = &rest[..rest.len().min(LONGEST_RAW)];
        let (line, taken) = match near.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&rest[..end], end + 1),
            None if near.len() == LONGEST_RAW => (near, LONGEST_RAW),
            None if over => (near, near.len()),
            None => break,
        };
        lines.push(line);
        at += taken;
    }
    (lines, at)
}

/// A raw line as it is told: what a terminal would show at its end, without control characters and secrets, and not longer
/// than [`LONGEST_TOLD`].
pub fn told(raw: &[u8], in_key: &mut redact::InKey) -> String {
    let text = String::from_utf8_lossy(raw);
    let text = text.trim_end();
    // A progress bar writes over itself.
    let shown = text.rsplit('\r').next().unwrap_or(text);
    let clean = redact::line(without_controls(shown).trim_end(), in_key);
    match clean.char_indices().nth(LONGEST_TOLD) {
        Some((at, _)) => format!("{}…", &clean[..at]),
        None => clean,
    }
}

/// Without the sequences that colour a terminal (ECMA-48) and other control characters.
fn without_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            if chars.next_if_eq(&'[').is_some() {
                // Parameters, then one final character.
                while chars
                    .next_if(|c| ('\u{20}'..='\u{3f}').contains(c))
                    .is_some()
                {}
                chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
        } else if c == '\t' {
            out.push(' ');
        } else if !c.is_control() {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_told_as_a_terminal_shows_them() {
        let table = [
            (&b"plain"[..], "plain"),
            (b"\x1b[1;31mred\x1b[0m\x07 end", "red end"),
            (b" 10%\r 50%\r100%\r", "100%"),
            (b"a\tb\0c", "a bc"),
            (b"bad \xff byte", "bad \u{fffd} byte"),
            (b"password=abc", "password=[redacted]"),
            (b"", ""),
        ];
        for (raw, want) in table {
            assert_eq!(told(raw, &mut false), want, "{raw:?}");
        }
        let long = told(&[b'x'; 1000], &mut false);
        assert_eq!(long.chars().count(), LONGEST_TOLD + 1);
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..400),
            long in 0_usize..3 * LONGEST_RAW,
            cuts in proptest::collection::vec(1_usize..12_000, 1..60),
        ) {
            let mut output = vec![b'y'; long];
            output.extend(&bytes);
            output.extend(vec![b'z'; long / 2]);
            let (want, taken) = whole(&output, true);
            prop_assert_eq!(taken, output.len());
            let mut got: Vec<Vec<u8>> = Vec::new();
            let (mut at, mut until) = (0, 0);
            let mut cuts = cuts.into_iter();
            while until < output.len() {
                until = cuts.next().map_or(output.len(), |cut| output.len().min(until + cut));
                let (lines, taken) = whole(&output[at..until], until == output.len());
                got.extend(lines.into_iter().map(<[u8]>::to_vec));
                at += taken;
            }
            let want: Vec<Vec<u8>> = want.into_iter().map(<[u8]>::to_vec).collect();
            prop_assert_eq!(got, want);
        }
    }
}
