//! Client tokens: the same token and parameters give the first result again (EC2.md 4, 7, 8).

use std::collections::HashMap;

use crate::wire::errors::ApiError;

#[derive(Clone, Debug)]
struct Record {
    fingerprint: String,
    results: Vec<String>,
}

/// Remembered tokens of one account and region, per action and scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens(HashMap<String, Record>);

/// EC2 takes at most this many ASCII characters (EC2.md 4).
const LONGEST: usize = 64;

impl Tokens {
    /// The ids an earlier call with this token made; `None` if it is new.
    /// `scope` is the zone for a zonal RunInstances and empty otherwise.
    pub(crate) fn recall(
        &self,
        action: &str,
        scope: &str,
        token: &str,
        fingerprint: &str,
    ) -> Result<Option<Vec<String>>, ApiError> {
        if token.len() > LONGEST || !token.is_ascii() {
            return Err(ApiError::invalid(
                "ClientToken is at most 64 ASCII characters",
            ));
        }
        let Some(record) = self.0.get(&key(action, scope, token)) else {
            return Ok(None);
        };
        if record.fingerprint == fingerprint {
            return Ok(Some(record.results.clone()));
        }
        let message = format!("Arguments on this idempotent request differ: token {token}");
        Err(ApiError::client("IdempotentParameterMismatch", message))
    }

    /// Remembers what a call with this token made.
    pub(crate) fn remember(
        &mut self,
        action: &str,
        scope: &str,
        token: &str,
        fingerprint: String,
        results: Vec<String>,
    ) {
        self.0.insert(
            key(action, scope, token),
            Record {
                fingerprint,
                results,
            },
        );
    }
}

fn key(action: &str, scope: &str, token: &str) -> String {
    format!("{action}/{scope}/{token}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_recall_mismatch_and_have_scopes() {
        let mut tokens = Tokens::default();
        let made = vec!["i-1".to_owned()];
        tokens.remember("RunInstances", "a", "t", "x".into(), made.clone());
        let table = [
            ("RunInstances", "a", "t", "x", Ok(Some(made))),
            (
                "RunInstances",
                "a",
                "t",
                "y",
                Err("IdempotentParameterMismatch"),
            ),
            ("RunInstances", "b", "t", "y", Ok(None)),
            ("CopyImage", "a", "t", "y", Ok(None)),
            ("RunInstances", "a", "u", "y", Ok(None)),
        ];
        for (action, scope, token, fingerprint, want) in table {
            let got = tokens.recall(action, scope, token, fingerprint);
            assert_eq!(
                got.map_err(|e| e.code),
                want.map_err(str::to_owned),
                "{action} {scope}"
            );
        }
    }

    #[test]
    fn long_tokens_are_refused() {
        let tokens = Tokens::default();
        for (token, fine) in [
            ("t".repeat(64), true),
            ("t".repeat(65), false),
            ("ä".into(), false),
        ] {
            assert_eq!(
                tokens.recall("CopyImage", "", &token, "").is_ok(),
                fine,
                "{token}"
            );
        }
    }
}
