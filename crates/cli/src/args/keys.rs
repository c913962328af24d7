//! `ingot keys …`, and where a process finds the keys that seal secrets and how notifications may leave it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ingot_domain::network::Cidr;
use ingot_outbound::Post;
use ingot_seal::{Ring, SealError};

use crate::args::connection::Format;
use crate::failure::Usage;
use crate::process::setup::variable;

/// Where the keys are.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct KeyArgs {
    /// The file of the keys that seal secrets at rest, mode 0600; the same for every process
    ///
    /// One key per line, as `ingot keys new` prints it; the first one seals, all of them open. `ingot up` makes one in its data
    /// directory.
    #[arg(long, value_name = "FILE", env = "INGOT_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

impl KeyArgs {
    /// The keys; none when no place is named. A file that cannot be used stops only what needs a key.
    pub(crate) fn ring(&self) -> Result<Ring, SealError> {
        let file = self
            .key_file
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty());
        if let Some(path) = file {
            return Ok(Ring::later(path));
        }
        // No option: a key on a command line is seen by every user of the computer.
        match variable("INGOT_KEY") {
            Some(text) => Ring::text(&text),
            None => Ok(Ring::none()),
        }
    }

    /// The same with the file of this directory where no place is named.
    pub(crate) fn ring_of(&self, data: &Path) -> Result<Ring, SealError> {
        let ring = self.ring()?;
        Ok(match ring.from().as_str() {
            "nowhere" => Ring::later(&data.join("key")),
            _ => ring,
        })
    }

    /// The same; the file is made when it is not there.
    pub(crate) fn ring_in(&self, data: &Path) -> Result<Ring, SealError> {
        if self.ring()?.from() == "nowhere" {
            ingot_seal::new_file(&data.join("key"))?;
        }
        self.ring_of(data)
    }
}

/// How notifications leave.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TellArgs {
    /// Private blocks that notifications may be sent to; with `sim` loopback is one
    #[arg(
        long,
        value_name = "CIDR,…",
        env = "INGOT_NOTIFY_CIDRS",
        value_delimiter = ','
    )]
    notify_cidrs: Vec<Cidr>,
    /// Certificates (PEM) to trust besides the usual ones when notifications are sent
    #[arg(long, value_name = "FILE", env = "INGOT_NOTIFY_ROOTS")]
    notify_roots: Option<PathBuf>,
}

impl TellArgs {
    /// The way out.
    pub(crate) fn post(&self, more: &[Cidr]) -> anyhow::Result<Post> {
        let inward = self.notify_cidrs.iter().chain(more).copied().collect();
        let file = self
            .notify_roots
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty());
        let roots = match file {
            Some(path) => roots(path)?,
            None => Vec::new(),
        };
        Ok(Post::new().inward(inward).trusting(roots))
    }
}

fn roots(path: &Path) -> Result<Vec<Vec<u8>>, Usage> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let shown = path.display();
    let wrong = |why: String| Usage(format!("--notify-roots `{shown}`: {why}"));
    let all = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let all: Result<Vec<Vec<u8>>, _> = all.map(|one| one.map(|der| der.to_vec())).collect();
    let all = all.map_err(|error| wrong(error.to_string()))?;
    if all.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(all)
}

/// The keys that seal secrets at rest; works on the ledger, not through the API
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot keys list                                       of `ingot up`
  ingot keys new > /etc/ingot/key && chmod 600 /etc/ingot/key
  DATABASE_URL=postgres://… INGOT_KEY_FILE=/etc/ingot/key ingot keys rotate")]
pub(crate) struct KeysArgs {
    /// The ledger: postgres://user:password@host/name, or sqlite:///path/to/file [default: that of `ingot up`, in --data-dir]
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) database_url: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) action: KeysAction,
}

/// What `ingot keys` does.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum KeysAction {
    /// List the keys by id, and how many secrets each one seals
    #[command(after_help = "Examples:\n  ingot keys list")]
    List,
    /// Seal every secret anew: with a new key that is put first in the file, or with the first of INGOT_KEY
    ///
    /// Processes that run read the file again by themselves. The old key stays in the file for what is being written meanwhile;
    /// once `ingot keys list` shows no secret under it, its line may be removed. Receivers whose secret cannot be opened are
    /// named and left as they are; the exit code is 1 then.
    #[command(after_help = "Examples:\n  ingot keys rotate")]
    Rotate,
    /// Print a new key, for a key file
    #[command(after_help = "Examples:\n  (umask 077; ingot keys new > /etc/ingot/key)")]
    New,
}
