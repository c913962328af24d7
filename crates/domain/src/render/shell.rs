//! Where in a shell script each placeholder stands: a reader of the shell's quoting, written from POSIX 2.2 and 2.3 and from
//! bash's manual. It need not understand what a script does; it must know at each placeholder which quotes are open.
//!
//! A wrong answer must not run anything. So a value that needs quoting is never written where the placeholder stands: it is
//! bound to a variable in single quotes at the top of the script, and only a reference stands in its place. A reference in
//! the wrong kind of quotes is split or printed as it is; the shell never reads a value as shell.

mod code;
mod flow;
mod here;
mod known;
mod quotes;
mod readers;
mod seen;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::{Hole, placeholder};
use crate::template::Parameter;

/// Substitutions inside substitutions beyond which the reader gives up and lets only plain values stand.
const DEEPEST: usize = 60;

/// The quoting a placeholder stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A word without quotes.
    Bare,
    /// In a pattern or a replacement of `${…}`: always in quotes of its own, lest it is read as a pattern.
    Pattern,
    /// In double quotes, or after `:-` and its like inside them.
    Double,
    /// In single quotes.
    Single,
    /// In `$'…'`.
    Ansi,
    /// In a comment.
    Comment,
    /// In a here-document whose delimiter is not quoted; the number is the document's.
    Here(usize),
    /// In a here-document whose delimiter is quoted: there is no quoting at all.
    HereQuoted(usize),
    /// Where nothing can be quoted, with the place in words.
    Plain(&'static str),
}

/// A part of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that stays.
    Text(Range<usize>),
    /// A placeholder: what it stands for, where it stands, where it begins, and a backslash or `$` right before it, which would change
    /// how the value's first character is read.
    Value {
        hole: Hole,
        place: Place,
        at: usize,
        before: Option<char>,
    },
    /// The delimiter word of a quoted here-document, at its operator.
    DelimiterWord(usize, Range<usize>),
    /// The line that ends it.
    DelimiterLine(usize, Range<usize>),
}

impl Piece {
    /// The piece within its own text, which begins at `start` of what was read. A value whose place is `code` for a later
    /// reader must be plain.
    fn of(mut self, start: usize, code: &BTreeSet<usize>) -> Self {
        match &mut self {
            Piece::Text(range)
            | Piece::DelimiterWord(_, range)
            | Piece::DelimiterLine(_, range) => {
                *range = range.start - start..range.end - start;
            }
            Piece::Value { place, at, .. } => {
                if code.contains(at) && !matches!(place, Place::Plain(_)) {
                    *place = Place::Plain(flow::LATER);
                }
                *at -= start;
            }
        }
        self
    }
}

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// Its delimiter without quotes.
    pub(super) delimiter: String,
    quoted: bool,
    /// `<<-`: leading tabs are taken away.
    pub(super) tabs: bool,
}

/// A script taken apart.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) pieces: Vec<Piece>,
    pub(super) documents: Vec<Document>,
}

/// Takes a script apart. The `others` are the texts that run before or after it on the same machine: what it writes may be
/// read as code by them.
pub(super) fn parts(script: &str, others: &[&str], parameters: &[Parameter]) -> Arc<Parts> {
    let mut texts: Vec<&str> = others.to_vec();
    texts.push(script);
    // In one order for all of them: the texts of a template are taken apart together, once.
    texts.sort_unstable();
    let which = texts.partition_point(|text| *text < script);
    Arc::clone(&known::apart_once(&texts, parameters)[which])
}

/// Takes apart texts that run on the same machine.
fn apart(texts: &[&str], parameters: &[Parameter]) -> Vec<Arc<Parts>> {
    let mut joined = String::new();
    let mut ranges = Vec::with_capacity(texts.len());
    for text in texts {
        ranges.push(joined.len()..joined.len() + text.len());
        joined.push_str(text);
        joined.push('\n');
    }
    let mut read: Vec<Reader<'_>> = ranges
        .iter()
        .map(|range| read(&joined, range.clone(), parameters))
        .collect();
    let value = |piece: &Piece| matches!(piece, Piece::Value { .. });
    let code = match read.iter().any(|reader| reader.pieces.iter().any(value)) {
        true => flow::code(&joined, &ranges, &mut read),
        false => BTreeSet::new(),
    };
    let parts = read.into_iter().zip(&ranges).map(|(reader, range)| {
        let pieces = reader.pieces.into_iter();
        Arc::new(Parts {
            pieces: pieces.map(|piece| piece.of(range.start, &code)).collect(),
            documents: reader.documents,
        })
    });
    parts.collect()
}

/// Reads a part of a text.
fn read<'a>(text: &'a str, range: Range<usize>, parameters: &'a [Parameter]) -> Reader<'a> {
    let mut reader = Reader {
        text,
        parameters,
        bytes: text.as_bytes(),
        at: range.start,
        end: range.end,
        kept: range.start,
        depth: 0,
        plain: None,
        pending: Vec::new(),
        line: Vec::new(),
        pieces: Vec::new(),
        documents: Vec::new(),
        bodies: BTreeMap::new(),
        seen: Vec::new(),
        piped: None,
        groups: Vec::new(),
        function: None,
    };
    reader.code(code::Close::End);
    reader.keep(range.end);
    for seen in &mut reader.seen {
        let body = |number| reader.bodies.get(number).cloned();
        seen.bodies = seen.documents.iter().filter_map(body).collect();
    }
    reader
}

struct Reader<'a> {
    text: &'a str,
    /// The template's own words.
    parameters: &'a [Parameter],
    bytes: &'a [u8],
    at: usize,
    /// Nothing beyond is read: the end of the script, or of the here-document.
    end: usize,
    /// What lies before is in `pieces`.
    kept: usize,
    depth: usize,
    /// Why only plain values may stand here, while that is so.
    plain: Option<&'static str>,
    /// Here-documents that begin after this line.
    pending: Vec<usize>,
    /// The commands of this line: a here-document may be for a shell at the end of its pipe.
    line: Vec<Vec<String>>,
    pieces: Vec<Piece>,
    documents: Vec<Document>,
    /// Where each here-document's body lies, and whether its delimiter is quoted.
    bodies: BTreeMap<usize, (Range<usize>, bool)>,
    /// Every command so far.
    seen: Vec<seen::Seen>,
    /// The command whose output the next one reads.
    piped: Option<usize>,
    groups: Vec<seen::Group>,
    /// The function whose body comes next.
    function: Option<String>,
}

impl Reader<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        (at < self.end).then(|| self.bytes[at])
    }

    fn starts(&self, with: &str) -> bool {
        self.bytes[self.at..self.end].starts_with(with.as_bytes())
    }

    /// Text up to `until` stays as it is.
    fn keep(&mut self, until: usize) {
        if until > self.kept {
            self.pieces.push(Piece::Text(self.kept..until));
            self.kept = until;
        }
    }

    /// Reads a placeholder if one stands here, or after one backslash or `$`.
    fn value(&mut self, place: Place) -> bool {
        let before = match self.byte(0) {
            Some(b'\\') if !matches!(place, Place::Single) => Some('\\'),
            Some(b'$') if !matches!(place, Place::Single | Place::Ansi) => Some('$'),
            _ => None,
        };
        let at = self.at + usize::from(before.is_some());
        let Some((hole, length)) = placeholder(&self.text[..self.end], at, self.parameters) else {
            return false;
        };
        let place = self.plain.map_or(place, Place::Plain);
        self.keep(self.at);
        self.pieces.push(Piece::Value {
            hole,
            place,
            at,
            before,
        });
        self.at = at + length;
        self.kept = self.at;
        true
    }

    /// Reads something nested, unless that is absurdly deep: then the rest is not read, and only plain values stand in it.
    fn nested(&mut self, read: impl FnOnce(&mut Self)) {
        if self.depth >= DEEPEST {
            self.plain = Some("in substitutions too deep to be read");
            while self.at < self.end {
                if !self.value(Place::Double) {
                    self.at += 1;
                }
            }
            return;
        }
        self.depth += 1;
        read(self);
        self.depth -= 1;
    }

    /// Reads with only plain values allowed.
    fn only_plain(&mut self, why: &'static str, read: impl FnOnce(&mut Self)) {
        let before = self.plain.replace(why);
        read(self);
        self.plain = before;
    }
}
