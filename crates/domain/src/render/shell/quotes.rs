//! Quotes and expansions: `'…'`, `"…"`, `` `…` ``, `$'…'`, `$(…)`, `${…}`, `$((…))`.

use super::code::Close;
use super::{Place, Reader};

const ARITHMETIC: &str = "in arithmetic, which the shell evaluates";
const VARIABLE: &str = "in the name or the numbers of `${…}`";

impl Reader<'_> {
    pub(super) fn single(&mut self) {
        self.at += 1;
        while let Some(byte) = self.byte(0) {
            if byte == b'\'' {
                self.at += 1;
                return;
            }
            if !self.value(Place::Single) {
                self.at += 1;
            }
        }
    }

    /// Reads to the closing double quote; with `escaped`, to `\"`, as inside backquotes inside double quotes.
    pub(super) fn double(&mut self, escaped: bool) {
        while let Some(byte) = self.byte(0) {
            if escaped && self.starts("\\\"") {
                self.at += 2;
                return;
            }
            if byte == b'"' && !escaped {
                self.at += 1;
                return;
            }
            if escaped && byte == b'`' {
                return;
            }
            self.in_double(Place::Double);
        }
    }

    /// One character of what is read as in double quotes, or a whole expansion.
    pub(super) fn in_double(&mut self, place: Place) {
        if self.value(place) {
            return;
        }
        match self.bytes[self.at] {
            b'\\' => self.skip(2),
            b'`' => self.tick(true),
            b'$' => self.dollar(true),
            _ => self.at += 1,
        }
    }

    pub(super) fn tick(&mut self, in_double: bool) {
        self.at += 1;
        self.nested(|reader| reader.code(Close::Tick { in_double }));
    }

    pub(super) fn dollar(&mut self, in_double: bool) {
        match (self.byte(1), self.byte(2)) {
            (Some(b'('), Some(b'(')) => {
                self.at += 1;
                match self.arithmetic_end() {
                    Some(end) => {
                        self.at += 2;
                        self.arithmetic(end);
                    }
                    None => {
                        self.at += 1;
                        self.nested(|reader| reader.code(Close::Paren));
                    }
                }
            }
            (Some(b'('), _) => {
                self.at += 2;
                self.nested(|reader| reader.code(Close::Paren));
            }
            (Some(b'{'), _) => {
                self.at += 2;
                self.nested(|reader| reader.brace(in_double));
            }
            (Some(b'['), _) => {
                let rest = &self.text[self.at..self.end];
                let end = rest.find(']').map_or(self.end, |end| self.at + end);
                self.at += 2;
                self.arithmetic(end.max(self.at));
            }
            (Some(b'\''), _) if !in_double => self.ansi(),
            (Some(b'#' | b'$' | b'!' | b'?' | b'*' | b'@' | b'-'), _) => self.at += 2,
            _ => self.at += 1,
        }
    }

    fn ansi(&mut self) {
        self.at += 2;
        while let Some(byte) = self.byte(0) {
            if byte == b'\'' {
                self.at += 1;
                return;
            }
            if self.value(Place::Ansi) {
                continue;
            }
            if byte == b'\\' {
                self.skip(2);
            } else {
                self.at += 1;
            }
        }
    }

    /// Where the arithmetic that begins with `((` here ends, or `None` when these are two parentheses of commands.
    pub(super) fn arithmetic_end(&self) -> Option<usize> {
        if !self.starts("((") {
            return None;
        }
        let mut depth = 0_usize;
        let mut at = self.at + 2;
        while at < self.end {
            match self.bytes[at] {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b')' => return (self.bytes.get(at + 1) == Some(&b')')).then_some(at),
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Arithmetic up to `end`, and the brackets that close it.
    pub(super) fn arithmetic(&mut self, end: usize) {
        self.only_plain(ARITHMETIC, |reader| {
            while reader.at < end.min(reader.end) {
                if !reader.value(Place::Double) {
                    reader.at += 1;
                }
            }
        });
        while matches!(self.byte(0), Some(b')' | b']')) && self.at < end + 2 {
            self.at += 1;
            if self.bytes[self.at - 1] == b']' {
                return;
            }
        }
    }

    /// What follows `${`.
    fn brace(&mut self, in_double: bool) {
        self.only_plain(VARIABLE, Self::brace_name);
        let colon = self.byte(0) == Some(b':');
        match self.byte(usize::from(colon)) {
            Some(b'-' | b'=' | b'?' | b'+') => {
                self.at += 1 + usize::from(colon);
                let place = if in_double {
                    Place::Double
                } else {
                    Place::Bare
                };
                self.brace_word(in_double, place);
            }
            Some(b'#' | b'%' | b'/' | b'^' | b',') if !colon => {
                self.at += 1;
                self.brace_word(false, Place::Pattern);
            }
            _ => self.only_plain(VARIABLE, |reader| reader.brace_word(false, Place::Bare)),
        }
    }

    fn brace_name(&mut self) {
        if matches!(self.byte(0), Some(b'#' | b'!')) && self.byte(1) != Some(b'}') {
            self.at += 1;
        }
        let mut first = true;
        while let Some(byte) = self.byte(0) {
            if self.value(Place::Bare) {
                first = false;
                continue;
            }
            let special = first && b"@*#?$!-".contains(&byte);
            first = false;
            if byte == b'[' {
                while self.byte(0).is_some_and(|byte| byte != b']') {
                    if !self.value(Place::Bare) {
                        self.at += 1;
                    }
                }
                self.skip(1);
            } else if special || byte.is_ascii_alphanumeric() || byte == b'_' {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn brace_word(&mut self, in_double: bool, place: Place) {
        while let Some(byte) = self.byte(0) {
            match byte {
                b'}' => {
                    self.at += 1;
                    return;
                }
                b'"' => {
                    self.at += 1;
                    self.double(false);
                }
                _ if self.value(place) => {}
                b'\'' if !in_double => self.single(),
                b'\\' => self.skip(2),
                b'`' => self.tick(in_double),
                b'$' => self.dollar(in_double),
                _ => self.at += 1,
            }
        }
    }
}
