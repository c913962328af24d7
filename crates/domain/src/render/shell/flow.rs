//! Text that is read as code later: which placeholders end up in what a second reader runs.
//!
//! The rule: a place whose text is later read as code takes only plain values; every other place is quoted and takes any
//! value. Quotes hold for the first shell alone. A value goes on with what a command writes to its pipe, with the files it
//! redirects or copies to (compared by the path's last part; a name that is not literal is every name it may be), and with
//! variables. It is code where one of these reaches a reader (`readers`): `eval`, `.`, a shell, `su`, `ssh`, `at`, `awk`,
//! an interpreter, a file that is run, a command whose name is not known. The flow is followed backwards, from the readers
//! of the script and of the texts beside it. Where it cannot be told what a reader reads, all that it may read is code.
//! Files that the system runs by itself (`files`), and here-documents that are scripts, need no reader.

mod files;
mod sources;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use super::readers::{self, Read};
use super::seen::{Named, Seen};
use super::words::base;
use super::{Piece, Place, Reader, read};
use files::{Name, is_argument, is_unknown, runs_a_string, unquoted};

/// Why only plain values may stand in such a place.
pub(super) const LATER: &str = "in text that another command reads as code later";

/// Strings inside strings, and commands, beyond which a script is not followed: all of it counts as code.
const DEEPEST: usize = 6;
const MOST: usize = 4_000;
/// Commands and values looked at beyond which a script is not followed either: fifty times what the built-in template takes,
/// and a fifth of a second of a request.
const LONGEST: usize = 2_000_000;

/// How the shell expands a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Quotes {
    /// As words, with quotes.
    Word,
    /// As a here-document: single quotes mean nothing.
    Here,
    /// Not at all.
    Raw,
}

/// Something that is read as code, whose sources are to be looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Code {
    /// A text, of a command of this level.
    Text(usize, usize, Quotes, usize),
    /// A text that is itself a script.
    Script(usize, usize, usize),
    /// What a command writes.
    Output(usize),
    /// What a command reads from its input.
    Input(usize),
    File(Name),
    /// A variable of the text that begins here.
    Variable(usize, String),
    /// The arguments of a function of the text that begins here.
    Arguments(usize, String),
}

struct Flow<'a> {
    text: &'a str,
    texts: &'a [Range<usize>],
    seen: Vec<Seen>,
    /// The words of each command without their quotes.
    words: Vec<Rc<[String]>>,
    /// Every file the first so many commands may write.
    written: (usize, BTreeSet<Name>),
    values: Vec<usize>,
    /// Commands and values looked at so far.
    looked: Cell<usize>,
    /// Functions that run their arguments.
    wrappers: BTreeSet<String>,
    /// What each variable of each text is given.
    assigned: BTreeMap<(usize, String), Vec<String>>,
    code: BTreeSet<usize>,
    open: Vec<Code>,
    met: BTreeSet<Code>,
}

/// Where the placeholders stand that end up in code.
pub(super) fn code(text: &str, texts: &[Range<usize>], read: &mut [Reader<'_>]) -> BTreeSet<usize> {
    let mut flow = Flow {
        text,
        texts,
        seen: Vec::new(),
        words: Vec::new(),
        written: (0, BTreeSet::new()),
        values: Vec::new(),
        looked: Cell::new(0),
        wrappers: BTreeSet::new(),
        assigned: BTreeMap::new(),
        code: BTreeSet::new(),
        open: Vec::new(),
        met: BTreeSet::new(),
    };
    for reader in read {
        let place = |piece: &Piece| match piece {
            Piece::Value { at, place, .. } if *place != Place::Comment => Some(*at),
            _ => None,
        };
        flow.values.extend(reader.pieces.iter().filter_map(place));
        flow.take(std::mem::take(&mut reader.seen), 0);
    }
    if flow.seen.len() > MOST {
        return flow.values.into_iter().collect();
    }
    flow.find_wrappers();
    for number in 0..flow.seen.len() {
        if flow.is_too_long() {
            break;
        }
        flow.readers(number);
    }
    while let Some(code) = flow.open.pop()
        && !flow.is_too_long()
    {
        flow.sources(code);
    }
    if flow.is_too_long() {
        return flow.values.into_iter().collect();
    }
    flow.code
}

impl Flow<'_> {
    fn take(&mut self, seen: Vec<Seen>, level: usize) {
        let before = self.seen.len();
        self.seen.extend(seen.into_iter().map(|mut seen| {
            seen.level = level;
            seen.piped = seen.piped.map(|number| number + before);
            seen
        }));
        for number in before..self.seen.len() {
            let words = self.seen[number].words.iter();
            let words = words.map(|word| unquoted(&self.text[word.clone()]));
            self.words.push(words.collect());
            self.assigns(number);
        }
    }

    /// Notes that so many commands or values are looked at.
    fn look(&self, count: usize) {
        self.looked.set(self.looked.get() + count);
    }

    fn is_too_long(&self) -> bool {
        self.looked.get() > LONGEST
    }

    fn mark(&mut self, code: Code) {
        if self.met.insert(code.clone()) {
            self.open.push(code);
        }
    }

    /// The beginning of the text a byte lies in.
    fn text_of(&self, at: usize) -> usize {
        let holds = |range: &&Range<usize>| range.start <= at && at <= range.end;
        self.texts.iter().find(holds).map_or(0, |range| range.start)
    }

    fn words(&self, number: usize) -> Rc<[String]> {
        Rc::clone(&self.words[number])
    }

    /// The function whose body a byte lies in.
    fn function_of(&self, at: usize) -> Option<&String> {
        self.look(self.seen.len());
        let around = self.seen.iter().filter(|seen| seen.span.contains(&at));
        let named = around.filter_map(|seen| match &seen.name {
            Some(Named::Function(name)) => Some((seen.span.len(), name)),
            _ => None,
        });
        named.min().map(|(_, name)| name)
    }

    /// Functions that run their arguments: `"$@"` is where a command's name is.
    fn find_wrappers(&mut self) {
        for _ in 0..4 {
            for number in 0..self.seen.len() {
                let words = self.words(number);
                let Some(first) = words.first() else { continue };
                let wraps = readers::wraps(base(first)) || self.wrappers.contains(first);
                let until = if wraps { words.len() } else { 1 };
                if words[..until].iter().any(|word| is_argument(word))
                    && let Some(name) = self.function_of(self.seen[number].span.start).cloned()
                {
                    self.wrappers.insert(name);
                }
            }
        }
    }

    /// What a command reads as code by itself.
    fn readers(&mut self, number: usize) {
        let seen = self.seen[number].clone();
        self.scripts(&seen, number);
        if seen.words.is_empty() {
            return;
        }
        let words = self.words(number);
        let Some(at) = words
            .iter()
            .position(|word| !super::words::is_assignment(word))
        else {
            return;
        };
        let (name, text) = (&words[at], self.text_of(seen.span.start));
        let names = if is_unknown(name) && !is_argument(name) {
            self.commands(text, name)
        } else {
            vec![vec![name.clone()]]
        };
        if names.is_empty() {
            if !self.in_array(&seen) {
                for word in &seen.words[at..] {
                    self.mark_text(word, Quotes::Word, seen.level);
                }
            }
            return;
        }
        for name in names {
            let length = name.len();
            let spliced: Vec<String> = name.into_iter().chain(words[at + 1..].to_vec()).collect();
            let wrappers = self.wrappers.clone();
            for read in readers::reads(&spliced, &|name| wrappers.contains(name)) {
                self.reads(number, &seen, at, length, &spliced, read);
            }
            let reads = ["source", "."].contains(&spliced[0].as_str())
                || spliced
                    .iter()
                    .any(|word| super::words::SHELLS.contains(&base(word)));
            for range in seen.reads.iter().filter(|_| reads) {
                self.mark_text(range, Quotes::Word, seen.level);
            }
        }
    }

    fn reads(
        &mut self,
        number: usize,
        seen: &Seen,
        at: usize,
        length: usize,
        spliced: &[String],
        read: Read,
    ) {
        match read {
            Read::Input => self.mark(Code::Input(number)),
            Read::File(word) => {
                for name in self.names(self.text_of(seen.span.start), &spliced[word], 0) {
                    self.mark(Code::File(name));
                }
            }
            Read::Word(word) if word >= length => {
                let range = &seen.words[at + word + 1 - length];
                self.mark_text(range, Quotes::Word, seen.level);
                self.mark(Code::Script(range.start, range.end, seen.level));
            }
            Read::Foreign(word) if word >= length => {
                let range = &seen.words[at + word + 1 - length];
                self.mark_text(range, Quotes::Word, seen.level);
            }
            Read::Word(_) | Read::Foreign(_) => {}
        }
    }

    /// Texts that are code without a reader in the script: here-documents that are scripts, files the system runs.
    fn scripts(&mut self, seen: &Seen, number: usize) {
        for (body, quoted) in &seen.bodies {
            let text = &self.text[body.clone()];
            if text.trim_start().starts_with("#!") || text.lines().any(runs_a_string) {
                let quotes = if *quoted { Quotes::Raw } else { Quotes::Here };
                self.mark_text(body, quotes, seen.level);
                self.mark(Code::Script(body.start, body.end, seen.level));
            }
        }
        let words = self.words(number);
        let tee = words.iter().any(|word| base(word) == "tee");
        let targets = seen.to.iter().map(|to| unquoted(&self.text[to.clone()]));
        let mut targets = targets.chain(words.iter().filter(|_| tee).cloned());
        if targets.any(|target| files::is_run_by_the_system(&target))
            || words.iter().any(|word| word.starts_with("#!"))
        {
            self.mark(Code::Output(number));
        }
        for word in words.iter() {
            let file = word.strip_prefix("BASH_ENV=").or(word.strip_prefix("ENV="));
            for name in file.map_or(Vec::new(), |file| {
                self.names(self.text_of(seen.span.start), file, 0)
            }) {
                self.mark(Code::File(name));
            }
        }
    }

    /// Reads a text that is a script of its own.
    fn script(&mut self, range: Range<usize>, level: usize) {
        let text = &self.text[range.clone()];
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let inner = match quote {
            Some(quote) if text.len() > 1 && text.ends_with(quote) => {
                range.start + 1..range.end - 1
            }
            _ => range,
        };
        if level >= DEEPEST || self.seen.len() > MOST {
            self.code.extend(&self.values);
            return;
        }
        let from = self.seen.len();
        let seen = read(self.text, inner, &[]).seen;
        self.take(seen, level + 1);
        for number in from..self.seen.len() {
            self.readers(number);
        }
    }

    fn in_array(&self, seen: &Seen) -> bool {
        let inside = |outer: &Seen| {
            matches!(outer.name, Some(Named::Array(_)))
                && outer.span.start <= seen.span.start
                && seen.span.end <= outer.span.end
        };
        self.seen.iter().any(inside)
    }
}
