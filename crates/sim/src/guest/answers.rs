//! What tests order a command to answer.

use serde::{Deserialize, Serialize};

use super::Outcome;

/// An ordered answer, for one exact command or for all that hold a text.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The whole command, without white space around it.
    command: Option<String>,
    /// A text inside the command.
    contains: Option<String>,
    #[serde(default)]
    exit_code: i32,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
}

impl Answer {
    /// Whether the order says for which commands it is.
    pub(crate) fn is_for_one(&self) -> bool {
        self.command.is_some() != self.contains.is_some()
    }

    /// The outcome, if this order is for `script`.
    pub(super) fn of(&self, script: &str) -> Option<Outcome> {
        let exact = self.command.as_deref();
        let inside = self.contains.as_deref();
        let fits = exact.is_some_and(|command| command.trim() == script.trim())
            || inside.is_some_and(|text| script.contains(text));
        fits.then(|| Outcome {
            code: self.exit_code,
            stdout: self.stdout.clone(),
            stderr: self.stderr.clone(),
        })
    }
}
