//! Which of two package versions is newer, as dpkg and rpm decide it.

use std::cmp::Ordering;

/// Whose rule orders the versions of an operating system's packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Debian and Ubuntu: deb-version(7).
    Deb,
    /// The Red Hat family and Amazon Linux: `rpmvercmp`.
    Rpm,
    /// Windows: numbers between dots.
    Numbers,
}

impl Order {
    /// Compares two versions.
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Order::Deb => deb(a, b),
            // rpm takes no epoch and epoch 0 for the same.
            Order::Rpm => rpm_version::rpm_evr_compare(a.trim(), b.trim()),
            Order::Numbers => numbers(a).cmp(&numbers(b)),
        }
    }
}

/// Compares an installed version with the one that fixes. An rpm's version without an epoch (`rpm -qa` leaves it out, and so
/// does the name of a source RPM) is compared by version and release.
pub fn compare_to_fix(order: Order, installed: &str, fixed: &str) -> Ordering {
    let bare = order == Order::Rpm && !installed.contains(':');
    let fixed = match fixed.split_once(':') {
        Some((_, rest)) if bare => rest,
        _ => fixed,
    };
    order.compare(installed, fixed)
}

fn numbers(text: &str) -> Vec<u64> {
    text.split(['.', '-'])
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

/// deb-version(7): epoch, then upstream version, then revision; no revision counts as `0`.
fn deb(a: &str, b: &str) -> Ordering {
    let (a, b) = (deb_parts(a), deb_parts(b));
    a.0.cmp(&b.0)
        .then_with(|| deb_part(a.1, b.1))
        .then_with(|| deb_part(a.2, b.2))
}

fn deb_parts(text: &str) -> (u64, &str, &str) {
    let text = text.trim();
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
        None => (0, text),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

/// Alternating runs of other characters and of digits; `~` sorts before the end, letters before everything else.
fn deb_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let (word_a, word_b) = (run(&mut a, false), run(&mut b, false));
        for at in 0..=word_a.len().max(word_b.len()) {
            let order = weight(word_a.get(at)).cmp(&weight(word_b.get(at)));
            if order.is_ne() {
                return order;
            }
        }
        let order = digits(run(&mut a, true), run(&mut b, true));
        if order.is_ne() {
            return order;
        }
        if a.is_empty() && b.is_empty() {
            return Ordering::Equal;
        }
    }
}

/// Takes the leading digits, or the leading characters that are none.
fn run<'a>(text: &mut &'a [u8], digits: bool) -> &'a [u8] {
    let end = text.iter().position(|c| c.is_ascii_digit() != digits);
    let (head, rest) = text.split_at(end.unwrap_or(text.len()));
    *text = rest;
    head
}

/// Numbers of any length: by length without leading zeros, then digit by digit.
fn digits(a: &[u8], b: &[u8]) -> Ordering {
    let bare = |text: &[u8]| {
        let start = text.iter().position(|c| *c != b'0').unwrap_or(text.len());
        text[start..].to_vec()
    };
    let (a, b) = (bare(a), bare(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
}

fn weight(c: Option<&u8>) -> i32 {
    match c {
        Some(b'~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => i32::from(*c),
        Some(c) => i32::from(*c) + 256,
    }
}

/// A Debian version without the `+bN` of a rebuild: sources do not carry it, so a fix is never named with it.
pub fn without_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((head, number))
            if !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()) =>
        {
            head
        }
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A choice of ours.
    const DEB: [(&str, &str, &str); 9] = [
        ("1:8.9p1-3ubuntu0.7", "<", "1:8.9p1-3ubuntu0.10"),
        ("1.0~~", "<", "1.0~"),
        ("1.0", "=", "1.0-0"),
        ("1.0a", "<", "1.0+"),
        ("1.09", "=", "1.9"),
        ("0:1.2-3", "=", "1.2-3"),
        ("2:3.87.1-1", ">", "3.120-1"),
        ("1.47.0-2", "<", "1.47.0-2+b2"),
        ("1.0-1~bpo12+1", "<", "1.0-1"),
    ];
    const RPM: [(&str, &str, &str); 6] = [
        ("8.7p1-38.el9", "<", "8.7p1-38.el9_4.1"),
        ("3.0.7-24.el9", "<", "1:3.0.1-43.el9_0"),
        ("1.0~rc1-1", "<", "1.0-1"),
        ("1.0-1", "<", "1.0^20240101git-1"),
        ("1_0-1", "=", "1.0-1"),
        ("0:8.2-3", "=", "8.2-3"),
    ];

    fn holds(order: Order, a: &str, said: &str, b: &str) {
        let wanted = match said {
            "<" => Ordering::Less,
            "=" => Ordering::Equal,
            _ => Ordering::Greater,
        };
        assert_eq!(order.compare(a, b), wanted, "{order:?}: {a} {said} {b}");
        assert_eq!(order.compare(b, a), wanted.reverse(), "{b} and {a}");
    }

    #[test]
    fn versions_are_ordered_as_dpkg_and_rpm_order_them() {
        DEB.iter()
            .for_each(|(a, said, b)| holds(Order::Deb, a, said, b));
        RPM.iter()
            .for_each(|(a, said, b)| holds(Order::Rpm, a, said, b));
    }

    /// What real dpkg 1.21.22 and rpm 4.18.0 said of 62 pairs.
    const GOLDEN: &str = include_str!("../../tests/advisory/version_order_vectors.csv");

    #[test]
    fn versions_are_ordered_as_real_dpkg_and_rpm_said() {
        let lines: Vec<&str> = GOLDEN.lines().skip(1).collect();
        assert_eq!(lines.len(), 62);
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let order = if cells[0] == "deb" {
                Order::Deb
            } else {
                Order::Rpm
            };
            holds(order, cells[1], cells[2], cells[3]);
        }
    }

    #[test]
    fn a_version_without_an_epoch_is_held_against_the_rest_of_the_fix() {
        let less = |installed, fixed| compare_to_fix(Order::Rpm, installed, fixed).is_lt();
        assert!(!less("3.0.7-27.el9", "1:3.0.7-27.el9"));
        assert!(less("3.0.7-24.el9", "1:3.0.7-27.el9"));
        assert!(less("0:3.0.7-27.el9", "1:3.0.7-27.el9"));
    }

    #[test]
    fn a_rebuild_counts_as_its_source() {
        assert_eq!(without_rebuild("5.2.15-2+b13"), "5.2.15-2");
        assert_eq!(without_rebuild("1.0-1+deb12u1"), "1.0-1+deb12u1");
        assert_eq!(without_rebuild("1.0+b"), "1.0+b");
    }

    proptest! {
        #[test]
        fn every_order_is_total(
            a in "[0-9a-z:.~^+-]{0,12}", b in "[0-9a-z:.~^+-]{0,12}", c in "[0-9a-z:.~^+-]{0,12}"
        ) {
            for order in [Order::Deb, Order::Numbers] {
                prop_assert_eq!(order.compare(&a, &b), order.compare(&b, &a).reverse());
                if order.compare(&a, &b).is_le() && order.compare(&b, &c).is_le() {
                    prop_assert!(order.compare(&a, &c).is_le());
                }
            }
            prop_assert_eq!(Order::Rpm.compare(&a, &b), Order::Rpm.compare(&b, &a).reverse());
        }
    }
}
