//! What a CVSS vector says: its score, and whether an attacker needs nothing but the network.

use std::str::FromStr;

use cvss::Cvss;

use super::level::Level;

/// The metric's value, as `N` in `AV:N`.
fn metric<'a>(vector: &'a str, name: &str) -> Option<&'a str> {
    vector
        .split('/')
        .find_map(|part| part.strip_prefix(name)?.strip_prefix(':'))
}

/// The score, of any version of CVSS; none for what is no vector.
pub fn score(vector: &str) -> Option<f64> {
    // A vector is shorter than this; a longer text is not worth reading.
    (vector.len() <= 400).then_some(())?;
    Cvss::from_str(vector).ok().map(|cvss| cvss.score())
}

/// The highest score of several vectors: one CVE carries contradicting ones.
pub fn highest(vectors: &[String]) -> Option<f64> {
    vectors
        .iter()
        .filter_map(|vector| score(vector))
        .max_by(f64::total_cmp)
}

/// The level a score stands for where the vendor says none (ADVISORIES 2.1, last column).
pub fn level(score: f64) -> Option<Level> {
    match score {
        s if s >= 9.0 => Some(Level::Critical),
        s if s >= 7.0 => Some(Level::High),
        s if s >= 4.0 => Some(Level::Medium),
        s if s > 0.0 => Some(Level::Low),
        _ => None,
    }
}

/// Reached over the network.
pub fn is_network(vector: &str) -> bool {
    metric(vector, "AV") == Some("N")
}

/// Over the network, without an account and without help.
pub fn needs_nothing(vector: &str) -> bool {
    is_network(vector) && metric(vector, "PR") == Some("N") && metric(vector, "UI") == Some("N")
}

/// The same, and everything is lost: confidentiality, integrity and availability (rule R3).
pub fn takes_over(vector: &str) -> bool {
    let high = |old, new| metric(vector, old).or_else(|| metric(vector, new)) == Some("H");
    needs_nothing(vector) && high("C", "VC") && high("I", "VI") && high("A", "VA")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSH: &str = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H";

    #[test]
    fn vectors_of_every_version_are_read() {
        assert_eq!(score(SSH), Some(8.1));
        let four = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
        assert_eq!(score(four), Some(9.3));
        assert_eq!(score("high"), None);
        // MSRC's vectors carry temporal metrics.
        let temporal = "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H/E:F/RL:O/RC:C";
        assert!(score(temporal).is_some_and(|score| (6.0..7.1).contains(&score)));
        assert!(takes_over(SSH) && takes_over(four) && !takes_over(temporal));
        assert!(!takes_over("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"));
        let two = [
            "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:C/C:N/I:L/A:N".to_owned(),
            "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H".to_owned(),
        ];
        assert_eq!(highest(&two), Some(8.8));
    }

    #[test]
    fn scores_stand_for_levels() {
        let table = [
            (0.0, None),
            (0.1, Some(Level::Low)),
            (3.9, Some(Level::Low)),
            (4.0, Some(Level::Medium)),
            (7.0, Some(Level::High)),
            (8.9, Some(Level::High)),
            (9.0, Some(Level::Critical)),
        ];
        for (score, wanted) in table {
            assert_eq!(level(score), wanted, "{score}");
        }
    }
}
