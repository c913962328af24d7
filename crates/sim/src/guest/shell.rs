//! A shell that runs nothing: it knows the commands by which tools ask a machine how its boot is.
//!
//! Understood are sequences (`;`, line ends), `&&`, `||`, `!`, a pipe into `grep`, and the
//! commands of [`builtins`]. A script with anything else answers with the install as a whole:
//! 0 once the script of the user data ended well, 1 before and otherwise.

mod builtins;
mod bytes;
mod waits;
mod words;

use std::time::Duration;

use super::{Boot, files};
use crate::state::Place;
use crate::state::instances::Instance;
use words::{Join, Part};

/// What a command left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A machine at a moment, as commands see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine<'a> {
    pub(crate) place: &'a Place,
    pub(crate) instance: &'a Instance,
    pub(crate) now: Duration,
    /// When the commands were sent.
    pub(crate) since: Duration,
}

impl Machine<'_> {
    fn boot(&self) -> Boot {
        self.instance.boot(self.now)
    }

    fn has(&self, path: &str) -> bool {
        files::exists(self.place, self.instance, path, self.now)
    }

    fn content(&self, path: &str) -> String {
        files::content(self.place, self.instance, path, self.now)
    }
}

/// Why a script has no outcome of its own.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// It waits for the end of the script of the user data.
    Waits,
    /// It ended itself.
    Exits(i32),
    /// It holds what this shell does not know.
    Unknown,
}

/// What `script` answers on a machine; `None` while it waits.
pub(crate) fn run(machine: &Machine<'_>, script: &str) -> Option<Outcome> {
    let answers = &machine.instance.guest.answers;
    if let Some(ordered) = answers.iter().find_map(|answer| answer.of(script)) {
        return Some(ordered);
    }
    let (machine, script) = &match waits::read(script) {
        Some((wait, rest)) => (wait.over(machine)?, rest),
        None => (*machine, script),
    };
    let mut outcome = Outcome::default();
    let played = match words::read(script) {
        Some(parts) => play(machine, &parts, &mut outcome),
        None => Err(Stop::Unknown),
    };
    match played {
        Ok(()) => Some(outcome),
        Err(Stop::Exits(code)) => Some(Outcome { code, ..outcome }),
        Err(Stop::Waits) => None,
        Err(Stop::Unknown) => Some(Outcome {
            code: i32::from(machine.boot() != Boot::Done),
            ..Outcome::default()
        }),
    }
}

fn play(machine: &Machine<'_>, parts: &[Part], outcome: &mut Outcome) -> Result<(), Stop> {
    let mut stop_at_failure = false;
    for part in parts {
        let skip = match part.join {
            Join::Then => stop_at_failure && outcome.code != 0,
            Join::And => outcome.code != 0,
            Join::Or => outcome.code == 0,
        };
        if skip && part.join == Join::Then {
            return Ok(());
        }
        if skip {
            continue;
        }
        if part.first_words().first() == Some(&"set") {
            stop_at_failure |= part.first_words().iter().any(|word| word.starts_with("-e"));
            continue;
        }
        let made = pipe(machine, part)?;
        outcome.code = if part.negated {
            i32::from(made.code == 0)
        } else {
            made.code
        };
        outcome.stdout.push_str(&made.stdout);
        outcome.stderr.push_str(&made.stderr);
    }
    Ok(())
}

/// Runs the commands of a pipe, each on what the one before printed.
fn pipe(machine: &Machine<'_>, part: &Part) -> Result<Outcome, Stop> {
    let mut last = Outcome::default();
    for command in &part.pipe {
        let input = std::mem::take(&mut last.stdout);
        let mut made = builtins::run(machine, &command.words, &input)?;
        if command.quiet_out {
            made.stdout.clear();
        }
        if command.quiet_err {
            made.stderr.clear();
        }
        made.stderr.insert_str(0, &last.stderr);
        last = made;
    }
    Ok(last)
}

#[cfg(test)]
mod tests;
