//! `ingot keys`: which keys there are, what they seal, and sealing anew.

use std::process::ExitCode;

use ingot_domain::notice::sealed_for;
use ingot_entity::Ledger;
use ingot_seal::{Key, Ring, SealError, key_of, rotated};
use serde::Serialize;

use super::setup;
use crate::args::data_dir::DataDir;
use crate::args::keys::{KeysAction, KeysArgs};
use crate::args::ledger::ledger_url;
use crate::failure::Refused;
use crate::output::grid::{Cell, Column, grid};
use crate::output::{Output, clean};

/// Runs it until it is over.
pub(crate) async fn run(args: KeysArgs, data: &DataDir) -> anyhow::Result<ExitCode> {
    let output = args.format.output();
    if args.action == KeysAction::New {
        let text = Key::random().text();
        output.result(&serde_json::json!({ "key": text }), |_| text.clone())?;
        return Ok(ExitCode::SUCCESS);
    }
    let ledger = setup::ledger(&ledger_url(&args.database_url, data)?, 2).await?;
    let ring = match args.database_url {
        Some(_) => args.keys.ring(),
        // Only a process that seals makes a key: one that is made here would hide that the file was lost.
        None => args.keys.ring_of(&data.path()?),
    };
    let ring = ring.map_err(refused)?;
    let keys = match ring.fresh() {
        Ok(keys) => keys,
        Err(error) => {
            let gone = ring.path().is_some_and(|path| !path.exists());
            if gone && args.action == KeysAction::Rotate {
                return Ok(left(&lost(&ledger, &error).await?));
            }
            return Err(refused(error).into());
        }
    };
    match args.action {
        KeysAction::Rotate => rotate(&ledger, &ring, keys, output).await,
        _ => {
            output.result(&listed(&ledger, &ring).await?, |seen| list(seen))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What cannot be sealed anew because the key file is gone.
async fn lost(ledger: &Ledger, error: &SealError) -> anyhow::Result<Vec<String>> {
    let mut all = vec![error.to_string()];
    for row in ledger.receivers().await? {
        if let Some(id) = row.sealed.as_deref().and_then(key_of) {
            let why = SealError::Lost(id.to_owned());
            all.push(format!("receiver `{}`: {why}", row.name));
        }
    }
    Ok(all)
}

/// Says what was left as it was; 1 if there is any.
fn left(all: &[String]) -> ExitCode {
    for one in all {
        eprintln!("{}", clean(one));
    }
    match all.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn refused(error: SealError) -> Refused {
    Refused(error.to_string())
}

/// A key as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    id: String,
    /// `seals`, `opens` or `lost`.
    state: &'static str,
    /// How many secrets are sealed under it.
    secrets: usize,
    from: String,
}

async fn listed(ledger: &Ledger, ring: &Ring) -> anyhow::Result<Vec<Listed>> {
    let sealed: Vec<String> = ledger
        .receivers()
        .await?
        .into_iter()
        .filter_map(|row| row.sealed)
        .collect();
    let under = |id: &str| {
        let of = |text: &&String| key_of(text) == Some(id);
        sealed.iter().filter(of).count()
    };
    let keys = ring.keys();
    let mut all: Vec<Listed> = keys
        .iter()
        .enumerate()
        .map(|(place, key)| Listed {
            id: key.id().to_owned(),
            state: if place == 0 { "seals" } else { "opens" },
            secrets: under(key.id()),
            from: ring.from(),
        })
        .collect();
    let mut lost: Vec<&str> = sealed.iter().filter_map(|text| key_of(text)).collect();
    lost.sort_unstable();
    lost.dedup();
    lost.retain(|id| keys.iter().all(|key| key.id() != *id));
    all.extend(lost.into_iter().map(|id| Listed {
        id: id.to_owned(),
        state: "lost",
        secrets: under(id),
        from: "nowhere".to_owned(),
    }));
    Ok(all)
}

fn list(keys: &[Listed]) -> String {
    let columns: [Column; 4] = [
        ("key", Cell::Id, 1),
        ("state", Cell::State, 1),
        ("secrets", Cell::Whole, 1),
        ("from", Cell::Text, 2),
    ];
    let rows = keys.iter().map(|key| {
        [
            clean(&key.id),
            key.state.to_owned(),
            key.secrets.to_string(),
            clean(&key.from),
        ]
    });
    grid(&columns, rows)
}

/// Puts a new key first, where the keys are a file, and seals everything under the first one. What cannot be opened is named,
/// and the exit code is 1.
async fn rotate(
    ledger: &Ledger,
    ring: &Ring,
    mut keys: Vec<Key>,
    output: Output,
) -> anyhow::Result<ExitCode> {
    if let Some(path) = ring.path() {
        keys.insert(0, Key::random());
        rotated(path, &keys).map_err(refused)?;
    }
    let first = ring.fresh().map_err(refused)?;
    let Some(first) = first.first() else {
        return Err(refused(SealError::NoKey).into());
    };
    let (mut done, mut lost) = (0, Vec::new());
    for row in ledger.receivers().await? {
        let Some(old) = &row.sealed else { continue };
        if key_of(old) == Some(first.id()) {
            continue;
        }
        let place = sealed_for(&row.id);
        let new = match ring.open(&place, old) {
            Ok(secret) => ring.seal(&place, &secret).map_err(refused)?,
            Err(error) => {
                lost.push(format!("receiver `{}`: {error}", row.name));
                continue;
            }
        };
        if ledger.reseal(&row.id, old, &new).await? {
            done += 1;
        }
    }
    let key = first.id().to_owned();
    let told = serde_json::json!({ "key": key, "sealed": done, "left": &lost });
    output.result(&told, |_| {
        format!("{done} secrets are sealed under key {key} now")
    })?;
    Ok(left(&lost))
}
