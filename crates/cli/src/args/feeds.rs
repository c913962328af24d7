//! How a process comes by feeds of advisories.

use clap::{Args, ValueEnum};
use ingot_domain::network::Cidr;

/// How feeds of advisories come to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FeedChoice {
    /// Workers fetch them from their publishers, or from mirrors
    Network,
    /// The same, but only when `ingot advisories sync` asks for it
    Asked,
    /// Nothing outside is asked; `ingot advisories load` loads folders
    Off,
}

/// How feeds of advisories are fetched.
#[derive(Debug, Clone, Args)]
pub(crate) struct FeedArgs {
    /// Whether feeds of advisories are fetched over the network [default: network; off beside a simulated region]
    #[arg(long, value_enum, env = "INGOT_FEEDS")]
    pub(crate) feeds: Option<FeedChoice>,
    /// Private blocks that mirrors of feeds may lie in; 127.0.0.0/8 allows plain http on this machine
    #[arg(
        long,
        value_name = "CIDR,…",
        env = "INGOT_FEED_CIDRS",
        value_delimiter = ','
    )]
    pub(crate) feed_cidrs: Vec<Cidr>,
}
