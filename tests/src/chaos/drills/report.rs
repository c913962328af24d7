//! What a drill tells while it is played.

use std::fmt::Display;
use std::io::Write;

/// Lines of one drill, and what did not hold.
pub(super) struct Report<'a> {
    out: &'a mut dyn Write,
    wrong: Vec<String>,
}

impl<'a> Report<'a> {
    /// Lines that go there.
    pub(super) fn of(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            wrong: Vec::new(),
        }
    }

    /// Something was done.
    pub(super) fn did(&mut self, what: impl Display) {
        self.line("did", what);
    }

    /// A sentence that must hold.
    pub(super) fn proves(&mut self, holds: bool, what: impl Display) {
        if holds {
            self.line("proved", what);
        } else {
            self.line("WRONG", &what);
            self.wrong.push(format!("does not hold: {what}"));
        }
    }

    /// Nothing of a list may be there.
    pub(super) fn proves_none(&mut self, wrong: &[String], what: impl Display) {
        self.proves(wrong.is_empty(), what);
        self.wrong.extend_from_slice(wrong);
    }

    /// A part that cannot be played on this machine. It is told, so that the reader does not take it for played.
    pub(super) fn skips(&mut self, what: impl Display) {
        self.line("SKIPPED", what);
    }

    /// What did not hold.
    pub(super) fn wrong(self) -> Vec<String> {
        self.wrong
    }

    fn line(&mut self, word: &str, what: impl Display) {
        // The reader is gone: the exit code still tells the end.
        let _ = writeln!(self.out, "  {word}: {what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_hold_is_told_and_kept() {
        let mut out = Vec::new();
        let mut report = Report::of(&mut out);
        report.did("this");
        report.proves(true, "that");
        report.proves_none(&[], "nothing");
        assert!(report.wrong.is_empty());
        report.proves(false, "more");
        report.proves_none(&["I2: twice".to_owned()], "none");
        assert_eq!(report.wrong().len(), 3);
        let told = String::from_utf8_lossy(&out).into_owned();
        assert!(
            told.contains("did: this") && told.contains("WRONG: more"),
            "{told}"
        );
    }
}
