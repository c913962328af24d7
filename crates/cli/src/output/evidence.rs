//! The rows of evidence of an update as people read them, of a judgement made here and of one in the ledger.

use super::table;

/// Rows that people are shown; JSON has all.
const SHOWN: usize = 15;

/// What a row tells, in this order.
const HEAD: [&str; 10] = [
    "level", "status", "grade", "advisory", "cve", "package", "old", "fixed", "new", "rules",
];

/// The gravest rows behind an empty line, and how many more there are; nothing where there is none.
pub(crate) fn evidence<R>(rows: &[R], cells: impl Fn(&R) -> [String; 10]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let shown = table(HEAD, rows.iter().take(SHOWN).map(cells));
    match rows.len().saturating_sub(SHOWN) {
        0 => format!("\n\n{shown}"),
        rest => format!("\n\n{shown}\n{rest} more: --json"),
    }
}
