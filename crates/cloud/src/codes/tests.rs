//! The list is sound, and what it does not know is told.

use super::*;

#[test]
fn no_code_stands_twice_and_every_sentence_says_something() {
    let mut codes: Vec<_> = KNOWN.iter().flat_map(|(.., codes)| *codes).collect();
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
    for code in codes {
        let told = sentence(code, "RunInstances", "eu-north-1");
        assert!(!told.is_empty() && !told.ends_with('.'), "{code}: {told}");
        assert!(!told.contains('{'), "{told}");
    }
}

#[test]
fn what_ingot_does_not_know_is_told_and_classed_by_its_status() {
    let told = sentence("BrandNewRefusal", "RunInstances", "eu-north-1");
    assert_eq!(
        told,
        "AWS answered `BrandNewRefusal`, which Ingot does not know"
    );
    for (status, kind) in [
        (400, Invalid),
        (401, Denied),
        (403, Denied),
        (429, Throttled),
        (500, Unknown),
        (503, Unknown),
        (200, Unknown),
    ] {
        assert_eq!(kind_of_code("BrandNewRefusal", status), kind, "{status}");
        assert_eq!(kind_of_code("FancyLimitExceeded", status), kind, "{status}");
    }
    assert_eq!(kind_of_code("InvalidThing.NotFound", 400), NotFound);
    assert_eq!(kind_of_code("InvalidThing.Malformed", 400), Invalid);
}

#[test]
fn sentences_name_the_way_out() {
    let say = |code| sentence(code, "RunInstances", "eu-north-1");
    assert_eq!(
        say("VPCIdNotSpecified"),
        "there is no default VPC in eu-north-1: name a subnet"
    );
    assert!(say("UnauthorizedOperation").contains("`ec2:RunInstances`"));
    assert!(sentence("AccessDeniedException", "SendCommand", "x").contains("`ssm:SendCommand`"));
    assert!(say("ExpiredToken").contains("renew"));
}
