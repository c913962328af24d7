//! What a purse's story tells when much of a budget is committed (AUTO-AMI 6).

use ingot_domain::event::{Line, Source};
use ingot_domain::purse::{ALERTS, Account};
use ingot_domain::want::Purse;

use crate::purse;
use crate::store::LedgerError;

/// The lines of thresholds that are newly reached; each is told once per period.
pub(super) fn alerts(row: &mut purse::Model) -> Result<Vec<Line>, LedgerError> {
    let (account, purse) = (row.account(), row.purse()?);
    let reached = account.alert();
    let before = u32::try_from(row.told).unwrap_or_default();
    let new = ALERTS
        .iter()
        .filter(|part| **part > before && **part <= reached);
    let lines = new
        .map(|part| alert(purse, &row.period, *part, account))
        .collect();
    row.told = i32::try_from(reached.max(before)).unwrap_or_default();
    Ok(lines)
}

fn alert(purse: Purse, period: &str, part: u32, account: Account) -> Line {
    let said = format!(
        "{part} % of the {purse} budget of {period} are committed: {} USD spent, {} USD reserved, limit {} USD",
        account.spent,
        account.reserved,
        account.budget()
    );
    Line::info("budget.alert", Source::Monitor, said).warn()
}
