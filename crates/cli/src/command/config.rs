//! `ingot config show`: what a command would work with, and where each of it comes from.

use std::process::ExitCode;

use ingot_domain::auth::BearerToken;
use serde::Serialize;

use crate::args::config::{ConfigAction, ConfigArgs};
use crate::output::{clean, or_dash, table};

/// A setting as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    name: &'static str,
    value: Option<String>,
    /// Where it comes from.
    from: Option<String>,
}

/// Runs it.
pub(crate) fn run(args: ConfigArgs) -> anyhow::Result<ExitCode> {
    let ConfigAction::Show = args.action;
    let connection = args.connection;
    let found = connection.resolved()?;
    let path =
        |path: anyhow::Result<std::path::PathBuf>| path.ok().map(|path| path.display().to_string());
    let file = path(connection.data().config_file());
    let there = file
        .as_ref()
        .map(|file| match std::path::Path::new(file).exists() {
            true => "read".to_owned(),
            false => "not there".to_owned(),
        });
    let one = |name, value, from| Shown { name, value, from };
    let token = found.token.as_ref().map(|token| masked(&token.value));
    let rows = [
        one("config file", file, there),
        one(
            "profile",
            found.profile.as_ref().map(|profile| profile.value.clone()),
            found.profile.map(|profile| profile.from),
        ),
        one("url", Some(found.url.value), Some(found.url.from)),
        one("token", token, found.token.map(|token| token.from)),
        one("data dir", path(connection.data().path()), None),
    ];
    connection.output().result(&rows, |rows| {
        let cells = rows
            .iter()
            .map(|row| [row.name.to_owned(), or_dash(&row.value), or_dash(&row.from)]);
        table(["setting", "value", "from"], cells)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A token's id, which is no secret.
fn masked(text: &str) -> String {
    match BearerToken::parse(text) {
        Some(token) => format!("{} (its secret is not shown)", clean(token.id.as_str())),
        None => "set, and no token of Ingot's".to_owned(),
    }
}
