//! Tables of how EC2 writes things.

use super::*;

#[test]
fn regions_are_told_from_slips() {
    for good in [
        "us-east-1",
        "eu-west-3",
        "us-gov-west-1",
        "eusc-de-east-1",
        "ap-southeast-9",
        "us-iso-east-1",
        "cn-northwest-1",
    ] {
        assert_eq!(region("regions[0]", good), Ok(()), "{good}");
    }
    for (bad, meant) in [
        ("us-est-1", "us-east-1"),
        ("us_east_1", "us-east-1"),
        ("us-east1", "us-east-1"),
        ("eu-wst-1", "eu-west-1"),
        ("US-EAST-1", "us-east-1"),
        ("us-east-1a", "us-east-1"),
        ("frankfurt", "as AWS does"),
        ("", "as AWS does"),
    ] {
        let error = region("regions[0]", bad).expect_err(bad);
        assert!(error.message.contains(meant), "{bad}: {error}");
    }
}

#[test]
fn zones_have_a_region_and_a_letter() {
    for (good, of) in [
        ("us-east-1a", "us-east-1"),
        ("us-gov-west-1b", "us-gov-west-1"),
        ("us-west-2-lax-1a", "us-west-2"),
    ] {
        assert_eq!(zone("zones[0]", good), Ok(()), "{good}");
        assert_eq!(zone_region(good), Some(of), "{good}");
    }
    for bad in ["us-east-1", "a", "", "us-est-1a", "us-east-1A", "use1-az1"] {
        assert!(zone("zones[0]", bad).is_err(), "{bad}");
    }
}

#[test]
fn profiles_are_names() {
    for good in ["ingot-ssm", "a", "Team_1+x=y,z.@"] {
        assert_eq!(profile_name("instance_profile", good), Ok(()), "{good}");
    }
    for (bad, told) in [
        (
            "arn:aws:iam::123456789012:instance-profile/ingot-ssm",
            "`ingot-ssm`",
        ),
        (
            "arn:aws:iam::123456789012:instance-profile/a/b/c",
            "name, `c`",
        ),
        ("arn:aws:iam::123456789012:role/x", "something else"),
        ("a b", "1 to 128"),
        ("", "1 to 128"),
    ] {
        let error = profile_name("instance_profile", bad).expect_err(bad);
        assert!(error.message.contains(told), "{bad}: {error}");
    }
}

#[test]
fn kms_keys_have_four_forms() {
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    for good in [
        id,
        "mrk-1234abcd12ab34cd56ef1234567890ab",
        "alias/ingot",
        "alias/aws/ebs",
        &format!("arn:aws:kms:us-east-1:123456789012:key/{id}"),
        "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/ingot",
    ] {
        assert_eq!(kms_key("volume.kms_key_id", good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "ingot",
        "key/x",
        "alias/",
        "arn:aws:iam::123456789012:role/x",
        "arn:aws:kms:us-east-1:1:key/x",
    ] {
        assert!(kms_key("volume.kms_key_id", bad).is_err(), "{bad}");
    }
}
