//! Here-documents: their delimiters and their bodies.

use super::{Document, Piece, Place, Reader, words};

const FOR_A_SHELL: &str = "in a here-document that another shell reads";

impl Reader<'_> {
    /// Reads `<<` or `<<-` and the delimiter.
    pub(super) fn here_operator(&mut self) {
        self.at += 2;
        let tabs = self.byte(0) == Some(b'-');
        self.at += usize::from(tabs);
        while matches!(self.byte(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let start = self.at;
        let (mut delimiter, mut quoted) = (String::new(), false);
        while let Some(byte) = self.byte(0) {
            if byte.is_ascii_whitespace() || b";&|()<>`".contains(&byte) {
                break;
            }
            let from = self.at;
            match byte {
                b'\\' => {
                    quoted = true;
                    self.skip(2);
                    delimiter.push_str(&self.text[from + 1..self.at]);
                }
                b'\'' | b'"' => {
                    quoted = true;
                    let rest = &self.text[from + 1..self.end];
                    let length = rest.find(char::from(byte)).unwrap_or(rest.len());
                    delimiter.push_str(&rest[..length]);
                    self.skip(length + 2);
                }
                _ => {
                    self.skip(1);
                    delimiter.push_str(&self.text[from..self.at]);
                }
            }
        }
        if delimiter.is_empty() && !quoted {
            return;
        }
        let number = self.documents.len();
        if quoted {
            self.keep(start);
            self.pieces
                .push(Piece::DelimiterWord(number, start..self.at));
            self.kept = self.at;
        }
        self.documents.push(Document {
            delimiter,
            quoted,
            tabs,
        });
        self.pending.push(number);
    }

    /// Reads the bodies that begin here: a line has just ended.
    pub(super) fn bodies(&mut self) {
        let for_a_shell = self.line.iter().any(|words| words::runs_a_shell(words));
        for number in std::mem::take(&mut self.pending) {
            let document = self.documents[number].clone();
            let (body, line) = self.extent(&document);
            let outer = (self.end, self.plain);
            self.bodies.insert(number, (self.at..body, document.quoted));
            self.end = body;
            self.plain = outer.1.or(for_a_shell.then_some(FOR_A_SHELL));
            while self.at < body {
                if !document.quoted {
                    self.in_double(Place::Here(number));
                } else if !self.value(Place::HereQuoted(number)) {
                    self.at += 1;
                }
            }
            (self.end, self.plain) = outer;
            self.at = body;
            if document.quoted && line > body {
                self.keep(body);
                self.pieces.push(Piece::DelimiterLine(number, body..line));
                self.kept = line;
            }
            // The line break after the delimiter.
            self.at = (line + 1).min(self.end);
        }
    }

    /// Where the body ends, and where the line with the delimiter does.
    fn extent(&self, document: &Document) -> (usize, usize) {
        let mut start = self.at;
        let mut joined = false;
        while start < self.end {
            let rest = &self.text[start..self.end];
            let length = rest.find('\n').unwrap_or(rest.len());
            let line = &rest[..length];
            let bare = if document.tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if bare == document.delimiter && !joined {
                return (start, start + length);
            }
            let backslashes = line.len() - line.trim_end_matches('\\').len();
            joined = !document.quoted && backslashes % 2 == 1;
            start += length + 1;
        }
        (self.end, self.end)
    }
}
