//! The one table of exit codes: `ingot --help`, `ingot help exit-codes` and docs/exit-codes.md say what stands here.

use std::process::ExitCode;

/// How a command ended, as scripts read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// What was asked for ended badly.
    Failed = 1,
    /// The command line cannot be used.
    Usage = 2,
    /// The input was refused.
    Refused = 3,
    /// There is no such thing.
    NotFound = 4,
    /// The API cannot be reached, or does not accept the token.
    Unreachable = 5,
    /// The API is there and does not work.
    Unready = 6,
    /// What was waited for did not end within `--timeout`; it goes on.
    TimedOut = 7,
    /// Ctrl-C ended the watching; what was watched goes on.
    Interrupted = 130,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Exit; 9] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Refused,
        Exit::NotFound,
        Exit::Unreachable,
        Exit::Unready,
        Exit::TimedOut,
        Exit::Interrupted,
    ];

    /// The number.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// What it means, in one line.
    pub(crate) fn means(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => {
                "it ended badly: the deployment or its AMI failed, `doctor` found something, or it broke here"
            }
            Exit::Usage => "the command line cannot be used",
            Exit::Refused => {
                "the input was refused: by the API (4xx), by the check of a file, or a file that cannot be read"
            }
            Exit::NotFound => "there is no such thing",
            Exit::Unreachable => {
                "the API or the ledger cannot be reached, or the token is missing or refused"
            }
            Exit::Unready => "the API is not ready, or failed (5xx)",
            Exit::TimedOut => "what was waited for did not end within --timeout; it goes on",
            Exit::Interrupted => "Ctrl-C ended the watching; the deployment goes on",
        }
    }

    /// All of them, one a line.
    pub(crate) fn table() -> String {
        let line = |exit: &Exit| format!("  {:<4} {}\n", exit.code(), exit.means());
        Exit::ALL.iter().map(line).collect()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_says_what_it_means() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
        assert_eq!(Exit::table().lines().count(), Exit::ALL.len());
    }
}
