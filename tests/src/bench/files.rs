//! Small files of the kernel.

use anyhow::{Context, Result};

/// The text of a file of the kernel.
pub(super) fn text(path: &str) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{path} (the benchmark needs Linux)"))
}

/// The value of a `Name:   value` line.
pub(super) fn field(text: &str, name: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

/// The same in kB, as bytes.
pub(super) fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let value = field(text, name)?;
    let number: u64 = value.split_whitespace().next()?.parse().ok()?;
    Some(number * 1024)
}
