//! Arguments of `ingot policy …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ingot_domain::Instant;
use ingot_domain::cron5::Line;
use ingot_domain::play::{MOST_DAYS, USUAL_DAYS};
use ingot_domain::zone::Zone;

use crate::args::connection::Connection;
use crate::args::value::instant;

/// Check, import, show, compare and simulate policies, list when their windows open and when a line of cron fires
#[derive(Clone, Args)]
#[command(
    after_help = "`check`, `windows` and `fires` find out here what a file means, and ask no API.

Examples:
  ingot policy import policy.yaml --reason 'new semester'
  ingot policy show
  ingot policy check policy.yaml
  ingot policy windows policy.yaml --from 2026-11-28T00:00:00Z
  ingot policy fires '0 2 * * mon' --zone America/New_York"
)]
pub(crate) struct PolicyArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: PolicyAction,
}

/// A file, or a revision by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file; `-` reads stdin.
    File(PathBuf),
    /// A revision; 0 stands for the defaults.
    Revision(i32),
}

impl std::str::FromStr for Source {
    type Err = String;

    /// A word of digits is a revision; a file of such a name is written as `./3`.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match (digits, text.parse()) {
            (true, Ok(revision)) => Ok(Self::Revision(revision)),
            (true, Err(_)) => Err(format!(
                "no revision has a number as large as {text}; write a file of that name as ./{text}"
            )),
            (false, _) => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

/// What can be done with policies.
#[derive(Clone, Subcommand)]
pub(crate) enum PolicyAction {
    /// Make a file the installation's policy: its next revision, in force at once
    #[command(
        after_help = "A file with a mistake is refused whole, and the policy before stays in force. What is right and yet worth a word is
told on stderr. Revisions stay: `ingot policy list` shows them, `ingot policy activate` goes back to one.

Examples:
  ingot policy import policy.yaml
  ingot policy import policy.yaml --reason 'new semester' --expect 3"
    )]
    Import {
        /// YAML file; `-` reads stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Only while this revision is in force; 0 stands for the defaults
        #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i32).range(0..))]
        expect: Option<i32>,
    },
    /// Show the policy in force: every key, windows and deadlines as text
    #[command(
        after_help = "Examples:\n  ingot policy show\n  ingot policy show --revision 2 --yaml\n  ingot policy show --json | jq .auto_ami_policy"
    )]
    Show {
        /// This revision; the one in force when absent
        #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i32).range(0..))]
        revision: Option<i32>,
        /// As it was imported, word by word
        #[arg(long)]
        yaml: bool,
    },
    /// List the revisions: who imported each, when, and what it changed
    #[command(after_help = "Examples:\n  ingot policy list\n  ingot policy list --json")]
    List,
    /// Show what differs between two revisions, or between the one in force and a file
    #[command(
        after_help = "Examples:\n  ingot policy diff\n  ingot policy diff policy.yaml\n  ingot policy diff 1 3\n  ingot policy diff --from 1 --to 3"
    )]
    Diff {
        /// What this file would change, `-` reads stdin; or a revision, as `--to` alone and `--from` beside another
        #[arg(value_name = "FILE|REVISION")]
        of: Option<Source>,
        /// The other revision
        #[arg(value_name = "REVISION", requires = "of", conflicts_with_all = ["from", "to"], value_parser = clap::value_parser!(i32).range(0..))]
        other: Option<i32>,
        /// The one; the revision before `--to`, or the one in force with a file, when absent. 0 stands for the defaults
        #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i32).range(0..))]
        from: Option<i32>,
        /// The other; the one in force when absent
        #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i32).range(0..))]
        to: Option<i32>,
    },
    /// Put another revision in force
    #[command(after_help = "Examples:\n  ingot policy activate 2 --reason 'too dear'")]
    Activate {
        /// Its number
        #[arg(value_name = "REVISION", value_parser = clap::value_parser!(i32).range(1..))]
        revision: i32,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Play a policy over days that were: what it would have built, when, at what cost, and which deadlines it would have missed
    #[command(
        after_help = "The ledger's launches, judged updates and people's requests of those days ask by the rules of the scheduler and are
placed by its plan. Purses are empty at the first day, builds take as long as is expected and succeed, and no person approves.

Examples:
  ingot policy simulate
  ingot policy simulate policy.yaml --days 90
  ingot policy simulate 2 --days 7 --json | jq .deadlines_missed"
    )]
    Simulate {
        /// A YAML file, `-` reads stdin; or a revision, 0 for the defaults. The policy in force when absent
        #[arg(value_name = "FILE|REVISION")]
        of: Option<Source>,
        /// The last so many days
        #[arg(long, value_name = "N", default_value_t = USUAL_DAYS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_DAYS)))]
        days: u32,
    },
    /// Check a policy file here, and show what it means with every default
    #[command(
        after_help = "Everything that is wrong is named with line and column; the exit code is 3 then. With --json the policy is
printed in its normal form: durations in seconds, money as text, every default filled in.

Examples:
  ingot policy check policy.yaml
  ingot policy check - --json < policy.yaml | jq .auto_ami_policy.daily_budget"
    )]
    Check {
        /// YAML file; `-` reads stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// List when a policy's windows open and close
    #[command(
        after_help = "What overlaps or adjoins is one opening; all are clipped to the time asked for.

Examples:
  ingot policy windows policy.yaml
  ingot policy windows policy.yaml --from 2026-03-07T00:00:00Z --to 2026-03-09T00:00:00Z"
    )]
    Windows {
        /// YAML file; `-` reads stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// From this instant on; now when absent
        #[arg(long, value_name = "T", value_parser = instant)]
        from: Option<Instant>,
        /// Until this instant, which is not part of it; 7 days after `--from` when absent
        #[arg(long, value_name = "T", value_parser = instant)]
        to: Option<Instant>,
    },
    /// List when a line of cron fires, as in a template's `rebuild`
    #[command(
        after_help = "Five fields by the rules of Vixie cron, or `weekly`. Minutes that a spring gap swallows fire once at its end, one
that comes twice fires the first time.

Examples:
  ingot policy fires '0 2 * * mon' --zone America/New_York
  ingot policy fires weekly --zone UTC --from 2026-11-28T00:00:00Z --count 3 --json"
    )]
    Fires {
        /// Five fields in one word, or `weekly`
        #[arg(value_name = "CRON", value_parser = Line::parse)]
        line: Line,
        /// Time zone of the IANA database
        #[arg(long, value_name = "Z", value_parser = Zone::parse)]
        zone: Zone,
        /// After this instant; now when absent
        #[arg(long, value_name = "T", value_parser = instant)]
        from: Option<Instant>,
        /// So many
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
        count: u16,
    },
}
