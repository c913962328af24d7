//! Writing the values of placeholders where they stand, as the text's reader reads them.

use std::collections::BTreeSet;

use super::shell::{self, Document, Parts, Piece, Place};
use super::{Hole, Unfit, Values, placeholder};

/// What is written for the variable that holds a value.
fn reference(variable: &str) -> String {
    format!("${{{variable}}}")
}

/// A text in single quotes for any POSIX shell.
pub(super) fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Whether a value means itself in every place of a shell script, a YAML file or a PowerShell script, with quotes or
/// without: 1 or more of letters, digits and `. _ / + -`, beginning with a letter or digit.
pub(super) fn is_plain(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._/+-".contains(&byte))
}

/// Words of the shell that are read as syntax where a command begins.
const RESERVED: [&str; 16] = [
    "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "time", "until",
];

/// Whether a plain value needs no quotes as a word: `2` before `>` is a file number, `while` a keyword.
fn is_word(value: &str) -> bool {
    is_plain(value)
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && !RESERVED.contains(&value)
        && value != "while"
}

/// A shell text with its values, without the variables they need; their names are added to `bound`. The `others` run on the
/// same machine and may read what it writes.
pub(super) fn shell_text(
    script: &str,
    others: &[&str],
    values: &Values<'_>,
    bound: &mut BTreeSet<Hole>,
) -> Result<String, Unfit> {
    let parts = shell::parts(script, others, values.parameters);
    let Parts { pieces, documents } = parts.as_ref();
    Unfit::of_length(pieces.iter().map(|piece| length(piece, values)).sum())?;
    // Where each here-document's delimiter and body lie in what is written: a value may be the delimiter.
    let mut out = String::with_capacity(script.len());
    let mut word: Vec<Option<(usize, usize)>> = vec![None; documents.len()];
    for piece in pieces {
        match piece {
            Piece::Text(range) => out.push_str(&script[range.clone()]),
            Piece::DelimiterWord(number, range) => {
                let from = out.len();
                out.push_str(&script[range.clone()]);
                word[*number] = Some((from, out.len()));
            }
            Piece::DelimiterLine(number, range) => {
                let line = &script[range.clone()];
                let Some((from, until)) = word[*number] else {
                    out.push_str(line);
                    continue;
                };
                match other_delimiter(&out[until..], &documents[*number]) {
                    None => out.push_str(line),
                    Some(delimiter) => {
                        out.push_str(&delimiter);
                        out.replace_range(from..until, &single_quoted(&delimiter));
                        // Later documents of the same line begin that much later.
                        let moved = single_quoted(&delimiter).len();
                        for (start, end) in word.iter_mut().flatten() {
                            if *start > from {
                                *start = *start + from + moved - until;
                                *end = *end + from + moved - until;
                            }
                        }
                    }
                }
            }
            Piece::Value {
                hole,
                place,
                at,
                before,
            } => {
                let value = values.get(*hole).unwrap_or_default();
                write(&mut out, value, *place, *before, documents, |out| {
                    bound.insert(*hole);
                    out.push_str(&reference(&values.variable(*hole)));
                })
                .map_err(|place| Unfit {
                    name: values.field(*hole),
                    value: value.to_owned(),
                    field: String::new(),
                    line: script[..*at].matches('\n').count() + 1,
                    place,
                    length: None,
                })?;
            }
        }
    }
    Ok(out)
}

/// About how many bytes a piece of a script becomes: a value that is not plain stands once, in its variable, except where
/// no variable is read.
fn length(piece: &Piece, values: &Values<'_>) -> usize {
    /// Quotes around it, and what stood before it.
    const AROUND: usize = 8;
    match piece {
        Piece::Text(range) | Piece::DelimiterWord(_, range) | Piece::DelimiterLine(_, range) => {
            range.len()
        }
        Piece::Value { hole, place, .. } => {
            let value = values.get(*hole).unwrap_or_default();
            let written = match place {
                Place::HereQuoted(_) | Place::Plain(_) => value.len(),
                _ if is_plain(value) => value.len(),
                _ => reference(&values.variable(*hole)).len(),
            };
            AROUND + written
        }
    }
}

fn write(
    out: &mut String,
    value: &str,
    place: Place,
    before: Option<char>,
    documents: &[Document],
    refer: impl FnOnce(&mut String),
) -> Result<(), &'static str> {
    let plain = is_plain(value);
    let quoted = |out: &mut String, refer: &dyn Fn(&mut String)| {
        out.push('"');
        refer(out);
        out.push('"');
    };
    let refer = std::cell::Cell::new(Some(refer));
    let refer = |out: &mut String| {
        if let Some(refer) = refer.take() {
            refer(out);
        }
    };
    match place {
        Place::Bare | Place::Pattern => {
            // A backslash would quote the value's first character: the quotes do that.
            if before == Some('$') {
                out.push_str("\\$");
            }
            match plain {
                true if place == Place::Bare && is_word(value) => out.push_str(value),
                true => quoted(out, &|out| out.push_str(value)),
                false => quoted(out, &refer),
            }
        }
        Place::Double | Place::Here(_) => {
            let delimits = match place {
                Place::Here(number) => documents[number].delimiter.contains(value),
                _ => false,
            };
            match before {
                Some('$') => out.push_str("\\$"),
                Some(_) => out.push_str("\\\\"),
                None => {}
            }
            if plain && !delimits {
                out.push_str(value);
            } else {
                refer(out);
            }
        }
        Place::Single if plain => out.push_str(value),
        Place::Single => {
            out.push_str("'\"");
            refer(out);
            out.push_str("\"'");
        }
        Place::Ansi => {
            if before.is_some() {
                out.push_str("\\\\");
            }
            if plain {
                out.push_str(value);
            } else {
                out.push_str("'\"");
                refer(out);
                out.push_str("\"$'");
            }
        }
        Place::Comment => {
            out.extend(before);
            if plain {
                out.push_str(value);
            } else {
                refer(out);
            }
        }
        Place::HereQuoted(_) => {
            out.extend(before);
            out.push_str(value);
        }
        Place::Plain(why) if !plain => return Err(why),
        Place::Plain(_) => {
            out.extend(before);
            out.push_str(value);
        }
    }
    Ok(())
}

/// Another delimiter for a quoted here-document whose body, with its values, has a line that is the delimiter.
fn other_delimiter(written: &str, document: &Document) -> Option<String> {
    let body = written.split_once('\n').map_or("", |(_, body)| body);
    let has = |delimiter: &str| {
        body.lines().any(|line| {
            line == delimiter || (document.tabs && line.trim_start_matches('\t') == delimiter)
        })
    };
    if !has(&document.delimiter) {
        return None;
    }
    (1_u32..)
        .map(|number| format!("{}_{number}", document.delimiter))
        .find(|delimiter| !has(delimiter))
}

/// A text that is no shell script: only values that mean themselves everywhere may stand in it.
pub(super) fn other_text(
    text: &str,
    values: &Values<'_>,
    place: &'static str,
) -> Result<String, Unfit> {
    Unfit::of_length(super::unfit::filled_length(text, values))?;
    let mut out = String::with_capacity(text.len());
    let (mut at, mut kept) = (0, 0);
    while at < text.len() {
        let Some((hole, length)) = placeholder(text, at, values.parameters) else {
            at += 1;
            continue;
        };
        let value = values.get(hole).unwrap_or_default();
        if !is_plain(value) {
            return Err(Unfit {
                name: values.field(hole),
                value: value.to_owned(),
                field: String::new(),
                line: text[..at].matches('\n').count() + 1,
                place,
                length: None,
            });
        }
        out.push_str(&text[kept..at]);
        out.push_str(value);
        at += length;
        kept = at;
    }
    out.push_str(&text[kept..]);
    Ok(out)
}
