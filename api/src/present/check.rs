//! A check of an AWS account as the API shows it.

use ingot_client::{AwsCheck, AwsFact, AwsPermission};
use ingot_domain::check::{Fact, Permission};
use ingot_entity::{LedgerError, account_check};

/// A check of an AWS account.
pub(crate) fn check(row: account_check::Model) -> Result<AwsCheck, LedgerError> {
    let found = row.parsed()?;
    let state = match (&row.done_at, &found) {
        (None, _) => "asked",
        (Some(_), Some(_)) => "done",
        (Some(_), None) => "failed",
    };
    let denied = found.as_ref().map_or(0, |found| found.denied());
    let (arn, permissions, facts) = found.map_or_else(Default::default, |found| {
        (Some(found.arn), found.permissions, found.facts)
    });
    let permission = |one: Permission| AwsPermission {
        action: one.action,
        verdict: one.verdict.to_string(),
        reason: one.reason,
    };
    let fact = |one: Fact| AwsFact {
        name: one.name,
        bearing: one.bearing.to_string(),
        text: one.text,
    };
    Ok(AwsCheck {
        id: row.id,
        region: row.region,
        state: state.to_owned(),
        asked_by: row.asked_by,
        asked_at: row.asked_at,
        done_at: row.done_at,
        account: row.account,
        arn,
        denied: u64::try_from(denied).unwrap_or(u64::MAX),
        permissions: permissions.into_iter().map(permission).collect(),
        facts: facts.into_iter().map(fact).collect(),
        error: row.error,
    })
}
