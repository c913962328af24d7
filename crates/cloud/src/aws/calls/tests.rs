//! The list against the adapter's own sources, and against the page.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every call names itself in a `Call`, without which it could not be made (`AwsCloud::at`, `asked`, `page`).
fn sent() -> BTreeSet<(String, String)> {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws"),
        &mut files,
    );
    let mut sent = BTreeSet::new();
    for file in files
        .iter()
        .filter(|file| !file.ends_with("calls/tests.rs"))
    {
        let text = std::fs::read_to_string(file).expect("a source");
        for block in text.split("Call {").skip(1) {
            let block = block.split('}').next().unwrap_or_default();
            if let (Some(service), Some(operation)) =
                (word(block, "service: "), word(block, "operation: "))
            {
                sent.insert((service, operation));
            }
        }
        // The dry runs share one block.
        for call in text.split("self.call(").skip(1) {
            sent.extend(word(call, "").map(|operation| ("ec2".to_owned(), operation)));
        }
    }
    sent
}

/// The quoted word right after `name`; nothing for a constant, whose own place tells it.
fn word(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(name)?;
    let rest = rest.strip_prefix('"')?;
    rest.split('"').next().map(str::to_owned)
}

#[test]
fn every_call_of_the_adapter_is_in_the_list_once() {
    let ours = |(service, _): &(String, String)| service != "tls" && service != "aws";
    let sent: BTreeSet<_> = sent().into_iter().filter(ours).collect();
    assert!(sent.len() > 15, "{sent:?}");
    let listed: Vec<_> = CALLS
        .iter()
        .map(|call| (call.service.to_owned(), call.operation.to_owned()))
        .collect();
    let once: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), once.len(), "a call stands in the list twice");
    let unlisted: Vec<_> = sent.difference(&once).collect();
    assert!(
        unlisted.is_empty(),
        "{unlisted:?}: add it to crates/cloud/src/aws/calls/list.rs with what it needs, then `ingot aws calls --markdown > docs/aws-permissions.md`"
    );
    let unsent: Vec<_> = once.difference(&sent).collect();
    assert!(
        unsent.is_empty(),
        "{unsent:?} is in the list, and no source sends it"
    );
}

#[test]
fn no_call_is_sent_past_the_list() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws"),
        &mut files,
    );
    let mut sends = 0;
    for file in files
        .iter()
        .filter(|file| !file.ends_with("calls/tests.rs"))
    {
        let text = std::fs::read_to_string(file).expect("a source");
        let requests = text.matches(".send()").count();
        let told = [".asked(", ".page(", "self.would("];
        let told: usize = told.iter().map(|how| text.matches(how).count()).sum();
        assert!(
            requests <= told,
            "{}: {requests} calls, {told} told",
            file.display()
        );
        sends += requests;
    }
    assert!(sends > 10);
}

#[test]
fn the_page_is_what_the_list_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/aws-permissions.md");
    let page = std::fs::read_to_string(page).unwrap_or_default();
    assert!(
        page == markdown(),
        "run `ingot aws calls --markdown > docs/aws-permissions.md`"
    );
}

#[test]
fn a_call_that_changes_something_needs_more_than_reading() {
    for call in CALLS {
        let changes = !["Get", "Describe"]
            .iter()
            .any(|verb| call.operation.starts_with(verb));
        assert_eq!(call.reads(), !changes, "{}", call.operation);
        assert_eq!(call.asked == Asked::Really, !changes, "{}", call.operation);
    }
}
