//! What a beginning of an id means.

use super::*;
use crate::failure::{Exit, exit};

#[test]
fn a_beginning_is_told_from_a_whole_id_and_from_anything_else() {
    let whole = format!("dep_{}", "0".repeat(DIGITS));
    for (text, begin) in [
        ("dep_01a2", Some("dep_01a2")),
        ("01a2", Some("dep_01a2")),
        (&whole, None),
        ("dep_", None),
        ("", None),
        ("tsk_01a2", None),
        ("dep_01A2", None),
        ("nonsense", None),
        ("dep_…", None),
    ] {
        assert_eq!(DEPLOYMENT.begin(text).as_deref(), begin, "{text}");
    }
}

#[test]
fn the_first_id_above_a_beginning_leaves_none_of_it_out() {
    let whole = |digits: &str| Some(format!("dep_{digits:0<DIGITS$}"));
    for (begin, above) in [
        ("dep_0a", whole("0b")),
        ("dep_09", whole("0a")),
        ("dep_0f", whole("1")),
        ("dep_9fff", whole("a")),
        ("dep_ff", None),
    ] {
        assert_eq!(DEPLOYMENT.above(begin), above, "{begin}");
    }
    let cut = format!("dep_{}", "3".repeat(DIGITS - 1));
    let above = DEPLOYMENT.above(&cut).expect("an id");
    assert!(
        format!("{cut}f") < above,
        "an id that ends in f is found, too"
    );
}

fn candidate(id: String) -> Candidate {
    let made = DateTime::from_timestamp(1_768_990_980, 0).unwrap_or_default();
    let words = ["web v1.2.3", "failed"].map(str::to_owned);
    of(id, [&words[0], &words[1]], &made)
}

#[tokio::test]
async fn the_only_one_is_meant_and_several_are_named() {
    let id = |digits: &str| format!("dep_{digits:0<DIGITS$}");
    let known = [id("0b"), id("0ab"), id("0aa"), id("01")];
    let find = async |text: &str| {
        DEPLOYMENT
            .one(text, async |cursor, limit| {
                // As the API lists: newest first, after the cursor.
                let cursor = cursor.expect("a cursor");
                assert_eq!((cursor.len(), limit), (4 + DIGITS, Some(6)));
                let known = known.iter().filter(|id| **id < cursor);
                Ok(known.cloned().map(candidate).collect())
            })
            .await
    };
    assert_eq!(find("0b").await.ok(), Some(id("0b")));
    assert_eq!(find("dep_0aa").await.ok(), Some(id("0aa")));
    let several = find("0a").await.expect_err("two");
    assert_eq!(exit(&several), Exit::Refused);
    let said = several.to_string();
    for digits in ["0ab", "0aa"] {
        let named = format!(
            "\n  {}  web v1.2.3, failed, 2026-01-21T10:23:00Z",
            id(digits)
        );
        assert!(said.contains(&named), "{said}");
    }
    assert!(
        !said.contains(&id("0b")) && !said.contains("and more"),
        "{said}"
    );
    let none = find("0c").await.expect_err("none");
    assert_eq!(exit(&none), Exit::NotFound);
    assert!(
        none.to_string().contains("`ingot deployments list`"),
        "{none}"
    );
}

#[test]
fn at_most_five_are_named() {
    let many = (0..7).map(|n| candidate(format!("tok_0{n}"))).collect();
    let said = TOKEN.only("tok_0", many).expect_err("many").to_string();
    assert!(
        said.contains("tok_04  ") && said.ends_with("and more") && !said.contains("tok_05"),
        "{said}"
    );
}
