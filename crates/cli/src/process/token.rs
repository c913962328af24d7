//! `ingot token`: API tokens, made and revoked in the ledger itself.

use std::collections::BTreeMap;
use std::process::ExitCode;

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::field::check_name;
use ingot_domain::ids::TokenId;
use ingot_entity::Ledger;
use serde::Serialize;
use serde_json::json;

use super::setup;
use crate::args::data_dir::DataDir;
use crate::args::process::{TokenAction, TokenArgs};
use crate::command::ids;
use crate::failure::{NotFound, Refused};
use crate::output::grid::{Cell, Column, grid};
use crate::output::look::look;
use crate::output::{Output, clean, time};

/// Runs it until it is over.
pub(crate) async fn run(args: TokenArgs, data: &DataDir) -> anyhow::Result<ExitCode> {
    let ledger = setup::ledger(&args.database_url(data)?, 2).await?;
    let output = args.format.output();
    match args.action {
        TokenAction::Create { name, expires } => create(&ledger, output, &name, expires).await?,
        TokenAction::List => output.result(&listed(&ledger).await?, |rows| list(rows))?,
        TokenAction::Revoke { id } => revoke(&ledger, output, &id).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(
    ledger: &Ledger,
    output: Output,
    name: &str,
    expires: Option<TimeDelta>,
) -> anyhow::Result<()> {
    check_name("name", name, 60).map_err(|error| Refused(error.to_string()))?;
    let end = expires.map(|life| ledger.now() + life);
    let token = setup::make_token(ledger, name, end).await?;
    let (id, text) = (token.id.as_str(), token.reveal());
    let made = json!({ "id": id, "name": name, "token": text, "expires_at": end });
    output.result(&made, |_| text.clone())?;
    if !output.json {
        let until = end.map(|end| format!(" and good until {}", time(&end)));
        let until = until.unwrap_or_default();
        eprintln!(
            "this is the only time the token is shown; it is {id}{until}; `ingot token revoke {id}` ends it"
        );
    }
    Ok(())
}

async fn revoke(ledger: &Ledger, output: Output, text: &str) -> anyhow::Result<()> {
    let known = ledger.tokens().await?;
    let missing = || {
        NotFound(format!(
            "there is no valid token `{}`; `ingot token list` shows them",
            clean(text)
        ))
    };
    let id: TokenId = ids::token(&known, text)?.parse().map_err(|_| missing())?;
    if !ledger.revoke_token(&id).await? {
        return Err(missing().into());
    }
    let done = json!({ "id": id.as_str(), "state": "revoked" });
    output.result(&done, |_| format!("revoked {id}"))
}

/// A token as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    id: String,
    name: String,
    /// `valid`, `expired` or `revoked`.
    state: &'static str,
    created_at: Instant,
    expires_at: Option<Instant>,
    /// To the minute.
    last_used_at: Option<Instant>,
    revoked_at: Option<Instant>,
}

async fn listed(ledger: &Ledger) -> anyhow::Result<Vec<Listed>> {
    let uses = ledger.token_uses().await?;
    let uses: BTreeMap<String, Instant> = uses
        .into_iter()
        .map(|row| (row.token_id, row.used_at))
        .collect();
    let now = ledger.now();
    let rows = ledger.tokens().await?.into_iter();
    let shown = rows.map(|row| Listed {
        state: match (row.revoked_at, row.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "valid",
        },
        last_used_at: uses.get(&row.id).copied(),
        id: row.id,
        name: row.name,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    });
    Ok(shown.collect())
}

fn list(rows: &[Listed]) -> String {
    let columns: [Column; 6] = [
        ("id", Cell::Id, 1),
        ("name", Cell::Text, 1),
        ("created", Cell::Whole, 2),
        ("expires", Cell::Whole, 1),
        ("last used", Cell::Whole, 1),
        ("state", Cell::State, 1),
    ];
    let or_never = |at: &Option<Instant>| at.map_or("never".to_owned(), |at| look().when(&at));
    let lines = rows.iter().map(|row| {
        [
            clean(&row.id),
            clean(&row.name),
            look().when(&row.created_at),
            or_never(&row.expires_at),
            or_never(&row.last_used_at),
            row.state.to_owned(),
        ]
    });
    grid(&columns, lines)
}
