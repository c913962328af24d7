//! What `ingot up` keeps in its data directory: the ledger, the local token, the address. All of it is its owner's alone.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use ingot_domain::auth::BearerToken;
use ingot_entity::Ledger;
use ingot_entity::store::RegionEnd;
use ingot_migration::{Migrator, MigratorTrait};

use super::hold::{Held, Hold};
use crate::args::data_dir::DataDir;
use crate::args::process::UpArgs;
use crate::process::setup;

/// The ledger of the simulated region.
const SIMULATED: &str = "simulated.sqlite3";
/// The name of the local token.
const LOCAL: &str = "ingot up";

/// A data directory that is this process's.
pub(super) struct Taken {
    pub(super) data: DataDir,
    pub(super) hold: Hold,
    /// What the last simulated region left in it is forgotten.
    pub(super) fresh: bool,
}

/// Makes the data directory and takes it. A demo that finds it taken, or a ledger in it, plays in one of its own beside it:
/// its calendar begins anew, which that of a kept ledger does not.
pub(super) fn take(args: &UpArgs) -> anyhow::Result<Taken> {
    let data = args.data.clone();
    let path = data.path()?;
    let kept = args.demo && !args.fresh && path.join(SIMULATED).exists();
    let (why, held) = match hold(&path)? {
        Ok(hold) if !kept => {
            return Ok(Taken {
                data,
                hold,
                fresh: args.fresh,
            });
        }
        Ok(_) => ("The ledger of the last `ingot up` stays as it is", None),
        Err(held) if args.demo => ("Another `ingot up` runs", Some(held)),
        Err(held) => return Err(held.into()),
    };
    let own = path.join("demo");
    let hold = hold(&own)?.map_err(|other| held.unwrap_or(other))?;
    let shown = own.display();
    eprintln!("{why}; this demo's ledger is in {shown} (INGOT_DATA_DIR={shown}).");
    Ok(Taken {
        data: DataDir::of(own),
        hold,
        fresh: true,
    })
}

fn hold(directory: &Path) -> anyhow::Result<Result<Hold, Held>> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the data directory {}", directory.display()))?;
    Hold::take(directory)
}

/// The ledger in the data directory.
pub(super) struct Home {
    /// It, with its schema brought up and the built-in templates.
    pub(super) ledger: Ledger,
    /// It was there before, with what its processes did.
    pub(super) kept: bool,
    /// What ended with the region of the process before.
    pub(super) ended: RegionEnd,
}

/// Opens the ledger. A simulated region ends with its process and the ledger does not, so what was in the last one is ended
/// in it first.
pub(super) async fn open(data: &Path, simulated: bool, fresh: bool) -> anyhow::Result<Home> {
    let file = data.join(if simulated {
        SIMULATED
    } else {
        "ingot.sqlite3"
    });
    if simulated && fresh {
        forget(&file)?;
    }
    let kept = file.exists();
    private_file(&file)?;
    let url = format!("sqlite://{}", file.display());
    let ledger = Ledger::connect(&url, 1).await?;
    Migrator::up(ledger.database(), None)
        .await
        .context("the ledger's schema could not be brought up")?;
    setup::store_builtins(&ledger).await?;
    ledger.measure_skew().await?;
    let mut ended = RegionEnd::default();
    if simulated && kept {
        ended = ledger.end_region().await?;
    }
    Ok(Home {
        ledger,
        kept,
        ended,
    })
}

fn forget(file: &Path) -> anyhow::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut old = file.to_path_buf().into_os_string();
        old.push(suffix);
        match std::fs::remove_file(&old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| {
                    format!(
                        "cannot remove the last simulation's ledger {}",
                        PathBuf::from(old).display()
                    )
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The local token: the file's while this ledger accepts it, else a new one, whose text the file then holds. One that this
/// ledger has never seen, as after a change between AWS and the simulated region, is made known to it.
pub(super) async fn local_token(ledger: &Ledger, file: &Path) -> anyhow::Result<String> {
    let left = std::fs::read_to_string(file).unwrap_or_default();
    if let Some(token) = BearerToken::parse(left.trim()) {
        let known = ledger.tokens().await?;
        if !known.iter().any(|row| row.id == token.id.as_str()) {
            ledger.create_token(&token, LOCAL, None).await?;
        }
        if ledger.authenticate(&token).await?.is_some() {
            write_private(file, left.trim())?;
            return Ok(token.reveal());
        }
    }
    let token = setup::make_token(ledger, LOCAL, None).await?.reveal();
    write_private(file, &token)?;
    Ok(token)
}

/// The ledger holds user data, which may hold secrets: its file is its owner's alone, and SQLite makes those beside it
/// alike.
fn private_file(path: &Path) -> anyhow::Result<()> {
    let made = || -> std::io::Result<()> {
        let options = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .to_owned();
        let file = options.open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))
    };
    made().with_context(|| format!("cannot make the ledger's file {}", path.display()))
}

/// Writes a file only its owner can read.
pub(super) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        writeln!(file, "{text}")
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
