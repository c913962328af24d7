//! `ingot budget …`.

use std::process::ExitCode;
use std::time::Duration;

use ingot_client::Page;
use ingot_client::budget::{Allowance, Budget, BudgetFilter, BudgetPeriod, Budgets};
use ingot_domain::money::Money;

use crate::args::money::{BudgetAction, BudgetArgs};
use crate::command::{mention_rest, random_key, repeated};
use crate::output::grid::{Cell, Column, grid};
use crate::output::{clean, time};

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs one of them.
pub(crate) async fn run(args: BudgetArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        BudgetAction::Show => output.result(&client.budget().await?, said)?,
        BudgetAction::History { budget, limit } => {
            let limit = Some(limit);
            let page = client
                .budget_history(&BudgetFilter { budget, limit })
                .await?;
            output.result(&page, |page: &Page<BudgetPeriod>| {
                rows(page.items.iter().map(|one| &one.budget))
            })?;
            mention_rest(&page, output.json);
        }
        BudgetAction::Allow {
            amount,
            budget,
            reason,
        } => {
            let (amount, key) = (amount.to_string(), random_key());
            let more = Allowance {
                budget,
                amount,
                reason,
            };
            let after = repeated(PAUSE, async || client.allow_budget(&more, &key).await).await?;
            output.result(&after, |after| rows([after]))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The budgets' figures.
pub(crate) fn said(budgets: &Budgets) -> String {
    let policy = match budgets.policy_revision {
        0 => "no policy was imported: these are the defaults".to_owned(),
        revision => format!("policy revision {revision}"),
    };
    format!(
        "{}\n{} ({}), amounts in USD; {policy}",
        rows(&budgets.budgets),
        time(&budgets.at),
        clean(&budgets.timezone)
    )
}

/// An amount, or a dash for none.
fn some(amount: &str) -> String {
    match Money::parse(amount) {
        Ok(Money::ZERO) => "-".to_owned(),
        _ => clean(amount),
    }
}

fn rows<'a>(budgets: impl IntoIterator<Item = &'a Budget>) -> String {
    let columns: [Column; 10] = [
        ("budget", Cell::Text, 1),
        ("period", Cell::Whole, 1),
        ("spent", Cell::Whole, 1),
        ("reserved", Cell::Whole, 1),
        ("limit", Cell::Whole, 1),
        ("allowed", Cell::Whole, 2),
        ("left", Cell::Whole, 1),
        ("over", Cell::Whole, 2),
        ("used", Cell::Whole, 3),
        ("until", Cell::Whole, 2),
    ];
    grid(
        &columns,
        budgets.into_iter().map(|one| {
            [
                clean(&one.budget),
                clean(&one.period),
                one.spent.clone(),
                one.reserved.clone(),
                one.limit.clone(),
                some(&one.allowed),
                one.left.clone(),
                some(&one.over),
                format!("{} %", one.percent),
                time(&one.ends),
            ]
        }),
    )
}
