//! Reads a template from a file: bounded, as UTF-8, with or without a byte-order mark (FAULTS F35).

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ingot_domain::template::Template;

use crate::error::{Place, Problem, YamlError};
use crate::parse::{LARGEST, parse};

/// Reads the template in the file at `path`. The path is part of the message only when the file can not be read;
/// otherwise the caller knows which file it asked for.
pub fn parse_file(path: impl AsRef<Path>) -> Result<Template, YamlError> {
    let path = path.as_ref();
    let unreadable = |cause: std::io::Error| {
        Problem::of_file(format!(
            "`{}` can not be read ({cause}); check the path and its permissions",
            path.display()
        ))
    };
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large from one that just fits, without reading all of it.
    let bound = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(bound).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    parse(text(&bytes)?)
}

/// The bytes as text.
fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let start = Place { line: 1, column: 1 };
    if utf16 {
        return Err(Problem::at(
            Some(start),
            "",
            "the file is UTF-16; save it as UTF-8",
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let (good, bad) = bytes.split_at(error.valid_up_to());
        if bytes.len() > LARGEST && error.error_len().is_none() {
            // The bound cut a character in two; that the file is too large is what matters.
            return crate::parse::too_large();
        }
        let good = String::from_utf8_lossy(good);
        let place = place_after(good.trim_start_matches('\u{feff}'));
        let byte = bad.first().copied().unwrap_or_default();
        Problem::at(
            Some(place),
            "",
            format!("the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"),
        )
    })
}

/// Where the next character after `text` would stand.
pub(crate) fn place_after(text: &str) -> Place {
    let last = text.rsplit('\n').next().unwrap_or_default();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    Place {
        line: number(text.matches('\n').count()),
        column: number(last.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_placed() {
        let table: [(&[u8], &str); 4] = [
            (
                b"\xff\xfea\0",
                "line 1, column 1: the file is UTF-16; save it as UTF-8",
            ),
            (
                b"name: caf\xe9\n",
                "line 1, column 10: the byte 0xe9 is not UTF-8; save the file as UTF-8",
            ),
            ("a: é\nb: \u{e9}".as_bytes(), ""),
            (
                b"a: \xc3\xa9\nb: x\xc3",
                "line 2, column 5: the byte 0xc3 is not UTF-8; save the file as UTF-8",
            ),
        ];
        for (bytes, message) in table {
            let got = text(bytes).map_or_else(|problem| problem.to_string(), |_| String::new());
            assert_eq!(got, message);
        }
    }
}
