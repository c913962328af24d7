//! How versions are read, written and ordered.

use super::*;
use proptest::prelude::*;

fn v(text: &str) -> Version {
    text.parse().expect(text)
}

#[test]
fn one_version_has_one_spelling() {
    for text in [
        "v0.9.2",
        "0.9.2",
        "V0.9.2",
        "release/0.9.2",
        "release/v0.9.2",
    ] {
        assert_eq!(v(text).to_string(), "v0.9.2", "{text}");
    }
    for (text, spelled) in [
        ("v0.9.2-patch1", "v0.9.2-patch1"),
        ("1.2.3+build", "v1.2.3+build"),
        ("1.2.3-rc.1+20240601.7", "v1.2.3-rc.1+20240601.7"),
        ("2024.06", "v2024.06"),
        ("release/24.04.1", "v24.04.1"),
        ("1.2.3.4", "v1.2.3.4"),
        ("20240601.2", "v20240601.2"),
    ] {
        assert_eq!(v(text).to_string(), spelled);
        assert_eq!(v(spelled).to_string(), spelled);
    }
}

#[test]
fn what_is_no_version_is_refused() {
    for bad in [
        "",
        "v",
        "latest",
        "v1",
        "v1.2.3.4.5",
        "v1.2.x",
        "v1.2.003",
        "v1.2.3+",
        "v1.2.3+a+b",
        "v1.2.3+a b",
        "release/latest",
        "v1.2.3-",
        "v1.2.3-a b",
        "v01.2.3",
        "1.2.-3",
        "v1.2.3-ä",
        "v99999999999.0.0",
        "+1.2.3",
    ] {
        let error = bad.parse::<Version>().expect_err(bad);
        assert_eq!(error.field, "version");
    }
}

#[test]
fn a_commit_is_a_label_and_keeps_its_text() {
    for text in [
        "4f2c9e1",
        "deadbeef",
        "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "main-4f2c9e1",
        "nightly_2024-06-01",
        "16",
    ] {
        let version = Version::read(text).expect(text);
        assert!(!version.is_ordered(), "{text}");
        assert_eq!(version.to_string(), text);
        let stored = serde_json::to_string(&version).expect("stored");
        assert_eq!(serde_json::from_str::<Version>(&stored).ok(), Some(version));
        let refused = text.parse::<Version>().expect_err(text);
        assert!(refused.message.contains("`ordered: false`"), "{refused}");
    }
    assert!(Version::read("1.2.3").expect("numbers").is_ordered());
    for bad in [
        "latest",
        "main",
        "",
        "-1",
        ".1",
        "a 1",
        "ä1",
        "1/2",
        &"1".repeat(65),
    ] {
        let refused = Version::read(bad).expect_err(bad);
        assert!(refused.message.contains("`latest`"), "{refused}");
        assert!(
            !bad.parse::<Version>()
                .expect_err(bad)
                .message
                .contains("ordered")
        );
    }
}

#[test]
fn order_is_the_order_of_release() {
    let rising = [
        "v0.9.2-beta",
        "v0.9.2-rc2",
        "v0.9.2-rc10",
        "v0.9.2",
        "v0.9.2-patch1",
        "v0.9.2-patch10",
        "v0.9.3",
        "v0.10.0",
        "v1.0",
        "v1.0.0",
        "v1.0.0+1",
        "v1.0.0+2",
        "v1.0.0+10",
        "v1.0.0.1",
        "v1.0.1",
        "v24.04",
        "v24.10",
        "v2024.06",
        "v2024.06-patch1",
        "v2024.12",
    ];
    for pair in rising.windows(2) {
        assert!(v(pair[0]) < v(pair[1]), "{} < {}", pair[0], pair[1]);
    }
}

/// What semver says of two versions of its own form (semver.org, 11), with the suffixes that semver has no other word
/// for: ours of patches and of digits after a word are left to the table above.
fn semver(a: &(u32, u32, u32, String), b: &(u32, u32, u32, String)) -> Ordering {
    let numbers = (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2));
    let part = |text: &str| match text.parse::<u64>() {
        Ok(number) => (0, number, String::new()),
        Err(_) => (1, 0, text.to_owned()),
    };
    let parts = |text: &str| text.split('.').map(part).collect::<Vec<_>>();
    numbers.then_with(|| match (a.3.as_str(), b.3.as_str()) {
        ("", "") => Ordering::Equal,
        ("", _) => Ordering::Greater,
        (_, "") => Ordering::Less,
        (mine, theirs) => parts(mine).cmp(&parts(theirs)),
    })
}

fn of_semver() -> impl Strategy<Value = (u32, u32, u32, String)> {
    let suffix = "((alpha|beta|rc)(\\.(0|[1-9][0-9]?)){0,2})?";
    (0u32..4, 0u32..4, 0u32..4, suffix)
}

fn spelled(parts: &(u32, u32, u32, String)) -> String {
    let dash = if parts.3.is_empty() { "" } else { "-" };
    format!("{}.{}.{}{dash}{}", parts.0, parts.1, parts.2, parts.3)
}

const ANY: &str =
    "v[0-2](\\.0?[0-2]){1,3}(-(rc|patch|p\\.)?[0-9]{1,20})?(\\+[0-9]{1,2})?|[a-c]{0,2}[0-9]{1,2}";

proptest! {
    #[test]
    fn text_and_back(a in 0u32..1000, b in 0u32..1000, c in 0u32..1000, s in proptest::option::of("[a-z0-9]{1,8}")) {
        let text = match s { Some(s) => format!("v{a}.{b}.{c}-{s}"), None => format!("v{a}.{b}.{c}") };
        prop_assert_eq!(v(&text).to_string(), text);
    }

    #[test]
    fn order_is_total(a in ANY, b in ANY, c in ANY) {
        let [x, y, z] = [&a, &b, &c].map(|text| Version::read(text).expect("a version"));
        prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
        prop_assert_eq!(x == y, x.cmp(&y) == Ordering::Equal);
        let mut three = [x, y, z];
        three.sort();
        prop_assert!(three[0] <= three[1] && three[1] <= three[2] && three[0] <= three[2]);
    }

    #[test]
    fn order_agrees_with_semver(a in of_semver(), b in of_semver()) {
        prop_assert_eq!(v(&spelled(&a)).cmp(&v(&spelled(&b))), semver(&a, &b));
    }
}
