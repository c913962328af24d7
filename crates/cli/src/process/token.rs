//! `ingot token`: API tokens, made and revoked in the ledger itself.

use std::process::ExitCode;

use ingot_domain::field::check_name;
use ingot_domain::ids::TokenId;

use super::setup;
use crate::args::process::{TokenAction, TokenArgs};
use crate::failure::Refused;
use crate::output::{say, table, time};

/// Runs it until it is over.
pub(crate) async fn run(args: TokenArgs) -> anyhow::Result<ExitCode> {
    let ledger = setup::ledger(args.database_url()?, 2).await?;
    match args.action {
        TokenAction::Create { name } => {
            check_name("name", &name, 60).map_err(|error| Refused(error.to_string()))?;
            let token = setup::make_token(&ledger, &name).await?;
            let text = token.reveal();
            if args.json {
                let id = token.id.as_str();
                say(&serde_json::json!({ "id": id, "name": name, "token": text }).to_string())?;
            } else {
                say(&text)?;
                eprintln!(
                    "this is the only time the token is shown; `ingot token revoke {}` ends it",
                    token.id
                );
            }
        }
        TokenAction::List => {
            let rows = ledger.tokens().await?;
            if args.json {
                let rows: Vec<_> = rows
                    .iter()
                    .map(|row| serde_json::json!({ "id": row.id, "name": row.name, "created_at": row.created_at, "revoked_at": row.revoked_at }))
                    .collect();
                say(&serde_json::to_string_pretty(&rows)?)?;
            } else {
                let lines = rows.into_iter().map(|row| {
                    let state = if row.revoked_at.is_some() {
                        "revoked"
                    } else {
                        "valid"
                    };
                    [row.id, row.name, time(&row.created_at), state.to_owned()]
                });
                say(&table(["id", "name", "created", "state"], lines))?;
            }
        }
        TokenAction::Revoke { id } => {
            let id: TokenId = id.parse().map_err(|error| Refused(format!("{error}")))?;
            if !ledger.revoke_token(&id).await? {
                return Err(Refused(format!(
                    "there is no valid token `{id}`; `ingot token list` shows them"
                ))
                .into());
            }
            say(&format!("revoked {id}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
