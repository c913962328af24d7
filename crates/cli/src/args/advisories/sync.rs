//! `ingot advisories sync|set|logs`: feeds fetched over the network.

use clap::Args;
use clap::builder::PossibleValuesParser;
use ingot_domain::advisory::feed::Feed;

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(Feed::ALL.map(Feed::name))
}

/// Fetch feeds of advisories now, and wait for it
///
/// Workers fetch them by themselves, each at its own interval; this asks for it at once. A host that says that nothing has
/// changed costs nothing. Until a feed's last page is there, its old records are read; what was cut or has far fewer records
/// is refused, the old ones stay and the feed is stale.
#[derive(Clone, Args)]
#[command(
    after_help = "The exit code is 1 when a feed could not be fetched; what is loaded stays.

Examples:
  ingot advisories sync
  ingot advisories sync kev
  ingot advisories sync ubuntu --no-wait
  ingot advisories sync kev --json | jq -r '.items[].last_error'"
)]
pub(crate) struct SyncArgs {
    /// Only this one [default: all that are on]
    #[arg(value_name = "FEED", value_parser = names())]
    pub(crate) feed: Option<String>,
    /// Ask only
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// How long to wait, such as 10m
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = crate::args::value::span)]
    pub(crate) timeout: std::time::Duration,
}

/// Set whether and from where a feed is fetched over the network
///
/// A mirror may have any form that a folder for `load` may have, packed or not, and zip archives of OSV records: one file,
/// pages of the vendor's API, a repository's mirror.list. It is reached by https; one in a private network, or by http on the
/// worker's own machine, needs workers with `--feed-cidrs`.
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot advisories set kev --mirror https://mirror.example.com/known_exploited_vulnerabilities.json
  ingot advisories set kev --publisher
  ingot advisories set windows --off")]
pub(crate) struct SetArgs {
    /// The feed
    #[arg(value_name = "FEED", value_parser = names())]
    pub(crate) feed: String,
    /// Fetch it from here; may be given several times where a feed has several files
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Vec<String>,
    /// Fetch it from its publisher again
    #[arg(long, conflicts_with = "mirror")]
    pub(crate) publisher: bool,
    /// Do not fetch it; `load` still loads it
    #[arg(long)]
    pub(crate) off: bool,
    /// Fetch it
    #[arg(long, conflicts_with = "off")]
    pub(crate) on: bool,
}

/// Print the story of a feed: its syncs, and why one failed
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot advisories logs kev")]
pub(crate) struct LogsArgs {
    /// The feed
    #[arg(value_name = "FEED", value_parser = names())]
    pub(crate) feed: String,
    /// Only lines after this number
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) after: i64,
}
