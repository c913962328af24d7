//! Budgets: what is spent and reserved now and in periods before, and what a person allows beside the policy.

use axum::extract::State;
use ingot_client::Page;
use ingot_client::budget::{Allowance, Budget, BudgetEntry, BudgetFilter, BudgetPeriod, Budgets};
use ingot_domain::field::FieldError;
use ingot_domain::fingerprint::hex_sha256;
use ingot_domain::money::Money;
use ingot_domain::purse::Account;
use ingot_domain::want::Purse;
use ingot_entity::store::PurseSaid;
use ingot_entity::{purse, purse_entry};

use super::{decision, limit, word};
use crate::address::Params;
use crate::auth::Caller;
use crate::body::{IdempotencyKey, Json};
use crate::error::ApiError;
use crate::state::Api;

/// Entries of a period that are shown.
const SHOWN: u64 = 20;

fn words() -> Vec<&'static str> {
    Purse::ALL.iter().map(|purse| purse.as_str()).collect()
}

/// Show the budgets
#[utoipa::path(
    get, path = "/v1/budget", tag = "policy", operation_id = "showBudget",
    responses((status = 200, description = "In the local day and month of now", body = Budgets))
)]
pub(crate) async fn show(State(api): State<Api>, _: Caller) -> Result<Json<Budgets>, ApiError> {
    present(&api).await.map(Json)
}

/// The budgets in their present periods; the console uses it too.
pub(crate) async fn present(api: &Api) -> Result<Budgets, ApiError> {
    let (active, at) = (api.ledger.policy().await?, api.ledger.calendar_now());
    let said = api.ledger.purses(&active.policy, at).await?;
    Ok(Budgets {
        at,
        timezone: active.policy.timezone.to_string(),
        policy_revision: active.revision,
        budgets: said.iter().map(of_period).collect(),
    })
}

fn of_period(said: &PurseSaid) -> Budget {
    let period = &said.period;
    shown(
        (period.purse.as_str(), &period.name),
        (period.starts, period.ends),
        said.account,
    )
}

fn of_row(row: &purse::Model) -> Budget {
    let account = row.account();
    shown((&row.budget, &row.period), (row.starts, row.ends), account)
}

fn shown(
    (budget, period): (&str, &str),
    (starts, ends): (ingot_domain::Instant, ingot_domain::Instant),
    account: Account,
) -> Budget {
    let (committed, limit) = (account.committed().micros(), account.budget().micros());
    let percent = u128::from(committed) * 100 / u128::from(limit.max(1));
    Budget {
        budget: budget.to_owned(),
        period: period.to_owned(),
        starts,
        ends,
        limit: account.budget().to_string(),
        policy_limit: account.policy.to_string(),
        allowed: account.allowed.to_string(),
        spent: account.spent.to_string(),
        reserved: account.reserved.to_string(),
        left: account.room().to_string(),
        over: account.committed().less(account.budget()).to_string(),
        percent: u64::try_from(percent).unwrap_or(u64::MAX),
    }
}

/// List budgets' periods, newest first
///
/// Only periods in which something was reserved or allowed.
#[utoipa::path(
    get, path = "/v1/budget/history", tag = "policy", operation_id = "listBudgetHistory", params(BudgetFilter),
    responses((status = 200, description = "Each with its newest entries", body = Page<BudgetPeriod>))
)]
pub(crate) async fn history(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<BudgetFilter>,
) -> Result<Json<Page<BudgetPeriod>>, ApiError> {
    word("budget", filter.budget.as_ref(), &words())?;
    let limit = limit(filter.limit)?;
    let budget = filter.budget.as_deref().and_then(Purse::parse);
    periods(&api, budget, limit).await.map(Json)
}

/// Budgets' periods with their newest entries.
async fn periods(
    api: &Api,
    budget: Option<Purse>,
    limit: u64,
) -> Result<Page<BudgetPeriod>, ApiError> {
    let mut items = Vec::new();
    for row in api.ledger.purse_history(budget, None, limit).await? {
        let entries = api.ledger.purse_entries(&row.id, SHOWN).await?;
        items.push(BudgetPeriod {
            budget: of_row(&row),
            entries: entries.into_iter().map(entry).collect(),
        });
    }
    Ok(Page {
        items,
        next_cursor: None,
    })
}

/// Budgets' periods without their entries, newest first; the console uses them.
pub(crate) async fn figures(api: &Api, limit: u64) -> Result<Vec<Budget>, ApiError> {
    let rows = api.ledger.purse_history(None, None, limit).await?;
    Ok(rows.iter().map(of_row).collect())
}

fn entry(row: purse_entry::Model) -> BudgetEntry {
    BudgetEntry {
        at: row.at,
        kind: row.kind,
        amount: Money::from_micros(u64::try_from(row.micros).unwrap_or_default()).to_string(),
        build: row.build,
        run: row.run,
        grant: row.grant_code,
        decided_by: row.decided_by,
        decided_reason: row.decided_reason,
    }
}

/// Allow a budget more
///
/// In its present day or month only. What is repeated with the same `Idempotency-Key` is allowed once; the key of another request is refused.
#[utoipa::path(
    post, path = "/v1/budget/allow", tag = "policy", operation_id = "allowBudget",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters", min_length = 1, max_length = 128, pattern = "^[!-~]+$")),
    request_body = Allowance,
    responses((status = 200, description = "The budget with it", body = Budget))
)]
pub(crate) async fn allow(
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(wanted): Json<Allowance>,
) -> Result<Json<Budget>, ApiError> {
    let wrong = |field: &str, value: &str, message: String| {
        Err(ApiError::Invalid(vec![FieldError::new(
            field, value, message,
        )]))
    };
    let Some(purse) = Purse::parse(&wanted.budget) else {
        let message = format!("choose one of {}", words().join(", "));
        return wrong("budget", &wanted.budget, message);
    };
    let more = match Money::parse(&wanted.amount) {
        Ok(more) if more == Money::ZERO => Err("allow more than nothing".to_owned()),
        Ok(more) if more > Money::dollars(999_999_999) => {
            Err("at most 999999999 dollars can be allowed at once".to_owned())
        }
        read => read,
    };
    let more = match more {
        Ok(more) => more,
        Err(message) => return wrong("amount", &wanted.amount, message),
    };
    let decision = decision(&caller, wanted.reason)?;
    let shown_key = key.clone().unwrap_or_default();
    let id = match key {
        Some(key) => {
            let digest = hex_sha256(format!("{}\n{key}", caller.token_id).into_bytes());
            format!("alw_{}", digest.get(..32).unwrap_or(&digest))
        }
        None => format!("alw_{}", random()),
    };
    let allowed = caller
        .ledger
        .allow_money(&id, purse, more, &decision)
        .await?;
    let row = allowed.ok_or(ApiError::KeyReused(shown_key))?;
    Ok(Json(of_row(&row)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "requests come from outside: this is where their ids are made"
)]
fn random() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
