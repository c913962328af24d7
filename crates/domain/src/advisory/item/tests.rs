//! Each rule of an item, as a table.

use chrono::{TimeZone, Utc};

use super::*;
use crate::advisory::record::Likelihood;

const SSH: &str = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H";
const LOCAL: &str = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H";

fn day(day: u32) -> Instant {
    Utc.with_ymd_and_hms(2024, 7, day, 0, 0, 0)
        .single()
        .expect("a day")
}

fn severity(
    word: &str,
    vector: &str,
    package: &str,
    grade: Grade,
    kev: Option<u32>,
    epss: f64,
) -> Severity {
    let cve = Cve {
        id: "CVE-2024-1".to_owned(),
        severity: (!word.is_empty()).then(|| word.to_owned()),
        vectors: vec![vector.to_owned()],
        exploited: false,
    };
    let mut signals = Signals::default();
    if let Some(since) = kev {
        let since = day(since);
        signals.exploited.insert(
            cve.id.clone(),
            Exploited {
                since,
                ransomware: false,
            },
        );
    }
    signals.likelihood.insert(
        cve.id.clone(),
        Likelihood {
            since: day(11),
            value: 0.95,
        },
    );
    // The day's score counts: neither an older one nor one that is still to come.
    signals.likelihood_before.insert(
        cve.id.clone(),
        vec![
            Likelihood {
                since: day(10),
                value: epss,
            },
            Likelihood {
                since: day(1),
                value: 0.9,
            },
        ],
    );
    let facts = Facts {
        vocabulary: Vocabulary::Ubuntu,
        word: None,
        cve: Some(&cve),
        release: "22.04",
        package,
        grade,
        published: day(1),
    };
    judge(&facts, &signals, day(10))
}

#[test]
fn each_rule_raises_and_caps_as_the_table_says() {
    use Level::{Critical, High, Low, Medium};
    type Row = (
        &'static str,
        &'static str,
        &'static str,
        Grade,
        Option<u32>,
        f64,
        Option<Level>,
        &'static [Rule],
    );
    let table: [Row; 15] = [
        ("high", LOCAL, "sudo", Grade::C, None, 0.0, Some(High), &[]),
        (
            "high",
            LOCAL,
            "sudo",
            Grade::C,
            Some(9),
            0.0,
            Some(Critical),
            &[Rule::R1],
        ),
        (
            "low",
            LOCAL,
            "sudo",
            Grade::C,
            Some(9),
            0.0,
            Some(High),
            &[Rule::R1],
        ),
        (
            "severe",
            "",
            "sudo",
            Grade::C,
            Some(9),
            0.0,
            Some(High),
            &[Rule::R1],
        ),
        // The catalogue lists it the day after.
        (
            "high",
            LOCAL,
            "sudo",
            Grade::C,
            Some(11),
            0.0,
            Some(High),
            &[],
        ),
        (
            "high",
            LOCAL,
            "sudo",
            Grade::C,
            None,
            0.5,
            Some(Critical),
            &[Rule::R2],
        ),
        (
            "medium",
            LOCAL,
            "sudo",
            Grade::C,
            None,
            0.5,
            Some(High),
            &[Rule::R2],
        ),
        (
            "medium",
            LOCAL,
            "sudo",
            Grade::C,
            None,
            0.1,
            Some(Medium),
            &[],
        ),
        (
            "medium",
            SSH,
            "sudo",
            Grade::C,
            None,
            0.1,
            Some(High),
            &[Rule::R2],
        ),
        (
            "high",
            SSH,
            "openssh-server",
            Grade::C,
            None,
            0.0,
            Some(Critical),
            &[Rule::R3],
        ),
        (
            "medium",
            SSH,
            "openssh-server",
            Grade::C,
            None,
            0.0,
            Some(Medium),
            &[],
        ),
        ("high", SSH, "curl", Grade::C, None, 0.0, Some(High), &[]),
        (
            "high",
            SSH,
            "openssh-server",
            Grade::D,
            None,
            0.0,
            Some(Low),
            &[Rule::R3, Rule::C1],
        ),
        (
            "high",
            SSH,
            "openssh-server",
            Grade::D,
            Some(9),
            0.0,
            Some(High),
            &[Rule::R1, Rule::R3, Rule::C1],
        ),
        (
            "high",
            LOCAL,
            "linux-libc-dev",
            Grade::A,
            Some(9),
            0.0,
            Some(Low),
            &[Rule::R1, Rule::C2],
        ),
    ];
    for (word, vector, package, grade, kev, epss, level, rules) in table {
        let said = severity(word, vector, package, grade, kev, epss);
        assert_eq!(
            (said.level, said.rules.as_slice()),
            (level, rules),
            "{word} {package} {kev:?} {epss}"
        );
    }
}

#[test]
fn what_no_word_and_no_rule_tells_has_no_level() {
    assert_eq!(
        severity("severe", "", "sudo", Grade::C, None, 0.9).level,
        None
    );
    assert!(is_data_only("tzdata", 0) && !is_data_only("tzdata", 1) && !is_data_only("sudo", 0));
}

/// RHBA and RHEA carry CVEs with words of their own, while the advisory as a whole says `None`.
#[test]
fn an_advisory_that_says_none_leaves_the_word_to_its_cve() {
    let nine = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let table = [
        (Some("None"), "Low", Some(Level::Low)),
        (Some("none"), "Moderate", Some(Level::Medium)),
        (None, "Low", Some(Level::Low)),
        (Some("Low"), "None", Some(Level::Low)),
        (Some("Moderate"), "Important", Some(Level::High)),
        (Some("None"), "None", Some(Level::Critical)),
    ];
    for (whole, own, wanted) in table {
        let cve = Cve {
            id: "CVE-2024-1".to_owned(),
            severity: Some(own.to_owned()),
            vectors: vec![nine.to_owned()],
            exploited: false,
        };
        let facts = Facts {
            vocabulary: Vocabulary::RedHat,
            word: whole,
            cve: Some(&cve),
            release: "9",
            package: "sudo",
            grade: Grade::A,
            published: day(1),
        };
        let said = judge(&facts, &Signals::default(), day(20));
        assert_eq!(said.level, wanted, "{whole:?} {own}");
    }
}
