//! A measured figure beside its target, and the table of them.

use std::fmt::Write as _;
use std::time::Duration;

/// What came of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Reached.
    Met,
    /// Not reached.
    Missed,
    /// There is no target; the number is told for what it is.
    Told,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// What was promised.
    pub target: String,
    /// What it is.
    pub measured: String,
    /// Whether the promise holds.
    pub verdict: Verdict,
}

impl Figure {
    /// A figure with a target.
    pub fn judged(name: &str, target: &str, measured: String, met: bool) -> Self {
        let verdict = if met { Verdict::Met } else { Verdict::Missed };
        Self {
            name: name.to_owned(),
            target: target.to_owned(),
            measured,
            verdict,
        }
    }

    /// A figure without one.
    pub fn told(name: &str, measured: String) -> Self {
        Self {
            name: name.to_owned(),
            target: "–".to_owned(),
            measured,
            verdict: Verdict::Told,
        }
    }

    /// The line.
    pub fn line(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Met => "met",
            Verdict::Missed => "**missed**",
            Verdict::Told => "–",
        };
        format!(
            "| {} | {} | {} | {verdict} |",
            self.name, self.target, self.measured
        )
    }
}

/// The figures as a Markdown table.
pub fn table(figures: &[Figure]) -> String {
    let mut text = String::from("| figure | target | measured | verdict |\n|---|---|---|---|\n");
    for figure in figures {
        // A String takes everything.
        let _ = writeln!(text, "{}", figure.line());
    }
    text
}

/// Milliseconds with as many digits as they deserve.
pub(super) fn ms(span: Duration) -> String {
    let ms = span.as_secs_f64() * 1000.0;
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.2} s", ms / 1000.0)
    }
}

/// Bytes in MiB.
#[expect(clippy::cast_precision_loss, reason = "a size for people")]
pub(super) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_stands_out() {
        let figures = [
            Figure::judged("a", "≤ 1", "2".to_owned(), false),
            Figure::told("b", ms(Duration::from_micros(1234))),
        ];
        let text = table(&figures);
        assert!(text.contains("| a | ≤ 1 | 2 | **missed** |"), "{text}");
        assert!(text.contains("| b | – | 1.2 ms | – |"), "{text}");
    }
}
