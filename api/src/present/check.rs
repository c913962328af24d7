//! A check of an AWS account as the API shows it.

use ingot_client::{AwsCheck, AwsFact, AwsPermission, AwsTrial};
use ingot_domain::check::trial::{SMALLEST, Trial};
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
    let (arn, permissions, facts, tried) = found.map_or_else(Default::default, |found| {
        (Some(found.arn), found.permissions, found.facts, found.trial)
    });
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
        trial: tried.map(trial),
        error: row.error,
    })
}

fn permission(one: Permission) -> AwsPermission {
    AwsPermission {
        action: one.action,
        verdict: one.verdict.to_string(),
        reason: one.reason,
    }
}

fn trial(one: Trial) -> AwsTrial {
    AwsTrial {
        passed: one.passed(),
        instance_type: SMALLEST.to_owned(),
        instance_profile: one.order.instance_profile,
        kms_key_id: one.order.kms_key_id,
        subnet_id: one.order.subnet_id,
        instance_id: one.instance_id,
        launched_at: one.launched_at,
        ended_at: one.ended_at,
        calls: one.calls.into_iter().map(permission).collect(),
        error: one.error,
    }
}
