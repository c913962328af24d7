//! Lists of packages: written by a shell, read in pieces, and what they say.

use std::process::Command;

use super::*;
use crate::guest::record;

const DPKG: &str = "# uname -r: 6.8.0-1021-aws\n# release: \"Ubuntu 22.04.4 LTS\"\n\
    openssh-server\t1:8.9p1-3ubuntu0.7\tamd64\topenssh\t1:8.9p1-3ubuntu0.7\t\n\
    libc6\t2.35-0ubuntu3.8\tamd64\tglibc\t2.35-0ubuntu3.8\t\nnot a package\n\
    libc6\t2.35-0ubuntu3.8\tamd64\tglibc\t2.35-0ubuntu3.8\t\n";

fn told(listed: &Listed) -> Vec<(&str, &str, Option<&str>, Option<&str>)> {
    listed
        .packages
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.version.as_str(),
                one.source.as_deref(),
                one.source_version.as_deref(),
            )
        })
        .collect()
}

#[test]
fn lists_of_both_managers_are_read_and_kept_as_lines() {
    let listed = Listed::read(DPKG);
    assert_eq!(listed.booted.as_deref(), Some("6.8.0-1021-aws"));
    assert_eq!(listed.release.as_deref(), Some("Ubuntu 22.04.4 LTS"));
    let wanted = [
        (
            "libc6",
            "2.35-0ubuntu3.8",
            Some("glibc"),
            Some("2.35-0ubuntu3.8"),
        ),
        (
            "openssh-server",
            "1:8.9p1-3ubuntu0.7",
            Some("openssh"),
            Some("1:8.9p1-3ubuntu0.7"),
        ),
    ];
    assert_eq!(told(&listed), wanted);
    assert_eq!(Listed::read(&listed.lines()).packages, listed.packages);

    let rpm = Listed::read(
        "# release: Amazon Linux release 2023.5.20240701 (Amazon Linux)\n\
         openssh-server\t0:8.7p1-8.amzn2023.0.11\tx86_64\topenssh-8.7p1-8.amzn2023.0.11.src.rpm\n\
         gpg-pubkey\t0:d832c631-6515c85e\t(none)\t(none)\nnoarch-thing\t0:1-1\tnoarch\t(none)\n",
    );
    let wanted = [
        ("noarch-thing", "0:1-1", None, None),
        (
            "openssh-server",
            "0:8.7p1-8.amzn2023.0.11",
            Some("openssh"),
            None,
        ),
    ];
    assert_eq!(told(&rpm), wanted);
    assert_eq!(rpm.booted, None);
    assert_eq!(Listed::read(&rpm.lines()).packages, rpm.packages);
}

#[test]
fn what_an_instance_says_otherwise_is_passed_over() {
    let long = "x".repeat(2000);
    let text = format!("\u{1b}[31m\t1\n\t\n{long}\t1\nname only\n# uname -r: \u{7}\n");
    assert_eq!(Listed::read(&text), Listed::default());
}

#[test]
fn an_answer_is_sizes_and_a_piece() {
    let read = |text: &str| read(text).map(|answer| (answer.sizes, answer.piece));
    assert_eq!(
        read("3\n4\n==\nYWJj\nZA==\n"),
        Some((Some((3, 4)), "YWJjZA==".to_owned()))
    );
    assert_eq!(read("-\n4\n==\n"), Some((None, String::new())));
    assert_eq!(read("cloud-init: status"), None);
    assert_eq!(read("3\n4\n==\n!!"), None);
    assert_eq!(
        both("YWJjZA==", (1, 3)),
        Some((b"a".to_vec(), b"bcd".to_vec()))
    );
    assert_eq!(both("YWJjZA==", (1, 4)), None);
    assert_eq!(both("YWJjZA==", (u64::MAX, 4)), None);
    // SSM's cut falls anywhere; what is whole of it joins with the next piece.
    for (cut, held) in [
        ("YWJjZ", "YWJj"),
        ("YWJjZA==\n--output truncated--", "YWJjZA=="),
    ] {
        assert_eq!(read(&format!("3\n4\n==\n{cut}")).expect("read").1, held);
    }
    // 23,000 characters and their line ends are what SSM keeps whole.
    let encoded = PIECE.div_ceil(3) * 4;
    assert!(PIECE.is_multiple_of(3) && encoded + encoded.div_ceil(76) + 40 < 24_000);
}

#[test]
fn a_script_too_long_for_the_lines_stays_as_it_is() {
    let path = "/var/lib/ingot/install-dep_1-1";
    let script = |length: usize| format!("#!/bin/sh\n{}", "#".repeat(length));
    let short = record::followed(&script(100), path).expect("a script");
    let with = listed(&short, path).expect("room");
    assert!(with.contains(".begin\n") && with.contains(".end\n"));
    let long = record::followed(&script(LONGEST_RAW - 1300), path).expect("a script");
    assert_eq!(listed(&long, path), None);
    assert_eq!(listed("#!/bin/sh\ntrue\n", path), None);
}

/// The lines are run by a real shell, around a script that succeeds and one that fails.
#[test]
fn a_shell_lists_at_the_beginning_and_at_the_end() {
    for (ends, code) in [("exit 0", 0), ("exit 3", 3)] {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("install-dep_1-1").display().to_string();
        let script = format!("#!/bin/sh\necho works\n{ends}\n");
        for kept in [
            record::recorded(&script, &path),
            record::followed(&script, &path),
        ] {
            let text = listed(&kept.expect("a script"), &path).expect("room");
            let text = text.replace(crate::guest::ROOT, &root.path().display().to_string());
            let ran = Command::new("/bin/sh")
                .args(["-c", &text])
                .output()
                .expect("a shell");
            assert_eq!(ran.status.code(), Some(code), "{ran:?}");
            let printed = String::from_utf8_lossy(&ran.stdout);
            assert_eq!(printed.trim(), "works");
            let ask = question(&path, 0);
            let answer = Command::new("/bin/sh")
                .args(["-c", &ask])
                .output()
                .expect("a shell");
            let answer = read(&String::from_utf8_lossy(&answer.stdout)).expect("an answer");
            if code != 0 {
                assert_eq!(answer.sizes, None, "what failed becomes no image");
                continue;
            }
            let sizes = answer.sizes.expect("both lists");
            assert!(sizes.0 > 0 && sizes.1 > 0, "{sizes:?}");
            let unpacked = Command::new("/bin/sh")
                .args(["-c", &format!("gzip -dc < {}", end(&path))])
                .output()
                .expect("a shell");
            let listed = Listed::read(&String::from_utf8_lossy(&unpacked.stdout));
            assert!(listed.booted.is_some(), "{listed:?}");
            let dpkg = Command::new("/bin/sh")
                .args(["-c", "command -v dpkg-query"])
                .output();
            if dpkg.is_ok_and(|found| found.status.success()) {
                assert!(listed.packages.len() > 20, "{}", listed.packages.len());
                assert!(listed.packages.iter().any(|one| one.source.is_some()));
            }
        }
    }
}
