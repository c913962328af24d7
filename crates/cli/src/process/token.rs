//! `ingot token`: API tokens, made and revoked in the ledger itself.

use std::process::ExitCode;

use ingot_domain::field::check_name;
use ingot_domain::ids::TokenId;
use ingot_entity::{Ledger, token};
use serde_json::{Value, json};

use super::setup;
use crate::args::process::{TokenAction, TokenArgs};
use crate::command::ids;
use crate::failure::{NotFound, Refused};
use crate::output::{Output, clean, table, time};

/// Runs it until it is over.
pub(crate) async fn run(args: TokenArgs) -> anyhow::Result<ExitCode> {
    let ledger = setup::ledger(args.database_url()?, 2).await?;
    let output = args.format.output();
    match args.action {
        TokenAction::Create { name } => create(&ledger, output, &name).await?,
        TokenAction::List => {
            let rows = ledger.tokens().await?;
            let all: Vec<Value> = rows.iter().map(shown).collect();
            output.result(&all, |_| list(&rows))?;
        }
        TokenAction::Revoke { id } => revoke(&ledger, output, &id).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(ledger: &Ledger, output: Output, name: &str) -> anyhow::Result<()> {
    check_name("name", name, 60).map_err(|error| Refused(error.to_string()))?;
    let token = setup::make_token(ledger, name).await?;
    let (id, text) = (token.id.as_str(), token.reveal());
    let made = json!({ "id": id, "name": name, "token": text });
    output.result(&made, |_| text.clone())?;
    if !output.json {
        eprintln!("this is the only time the token is shown; `ingot token revoke {id}` ends it");
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

fn shown(row: &token::Model) -> Value {
    json!({ "id": row.id, "name": row.name, "created_at": row.created_at, "revoked_at": row.revoked_at })
}

fn list(rows: &[token::Model]) -> String {
    let lines = rows.iter().map(|row| {
        let state = if row.revoked_at.is_some() {
            "revoked"
        } else {
            "valid"
        };
        [
            clean(&row.id),
            clean(&row.name),
            time(&row.created_at),
            state.to_owned(),
        ]
    });
    table(["id", "name", "created", "state"], lines)
}
