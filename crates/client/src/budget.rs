//! Budgets: what is spent and reserved in a local day or month, as the API shows it, and what a person allows beside the policy.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A budget in one period. Amounts are US dollars as text, exact to six decimals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Budget {
    /// `daily`, `monthly` or `urgent`.
    pub budget: String,
    /// The local date or month, such as `2026-11-28` or `2026-11`.
    pub period: String,
    /// Its first instant, by the calendar.
    pub starts: DateTime<Utc>,
    /// The first instant after it.
    pub ends: DateTime<Utc>,
    /// What may be committed: the policy's limit and what people allowed.
    pub limit: String,
    /// The policy's part of it, as of the last check.
    pub policy_limit: String,
    /// What people allowed.
    pub allowed: String,
    /// What builds that are over cost.
    pub spent: String,
    /// What running builds may still cost.
    pub reserved: String,
    /// What is left.
    pub left: String,
    /// By how much what is spent and reserved passes the limit: what people approved beyond it, or builds that began under
    /// another limit.
    #[serde(default = "nothing")]
    pub over: String,
    /// What is spent and reserved, in percent of the limit, rounded down; above 100 after an overrun.
    pub percent: u64,
}

fn nothing() -> String {
    "0.00".to_owned()
}

/// The budgets in the present periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Budgets {
    /// The calendar's instant.
    pub at: DateTime<Utc>,
    /// Whose local days and months they are.
    pub timezone: String,
    /// The revision of the policy in force; 0 stands for the defaults.
    pub policy_revision: i32,
    /// Day, month, and the month's for critical builds.
    pub budgets: Vec<Budget>,
}

/// What happened to a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetEntry {
    /// By the calendar.
    pub at: DateTime<Utc>,
    /// `reserved`, `settled`, `released` or `allowance`.
    pub kind: String,
    /// US dollars as text.
    pub amount: String,
    /// The build's id, or the allowance's (`alw_…`).
    pub build: String,
    /// Which run of it.
    pub run: i32,
    /// The code of the grant that the template names.
    pub grant: Option<String>,
    /// Who allowed it.
    pub decided_by: Option<String>,
    /// Why.
    pub decided_reason: Option<String>,
}

/// A budget in one period, with what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetPeriod {
    /// Its figures.
    #[serde(flatten)]
    pub budget: Budget,
    /// Newest first, at most 20 of a period.
    pub entries: Vec<BudgetEntry>,
}

/// Which periods.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BudgetFilter {
    /// `daily`, `monthly` or `urgent`; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<String>,
    /// Periods of a page, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// More for a budget in its present period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// `daily`, `monthly` or `urgent`.
    #[schema(pattern = "^(daily|monthly|urgent)$")]
    pub budget: String,
    /// US dollars as text, above 0, at most six decimals: `12.50`.
    #[schema(pattern = "^[0-9]{1,9}([.][0-9]{1,6})?$")]
    pub amount: String,
    /// In 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}
