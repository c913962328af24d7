//! Keys, names and tags of images, by tables and properties.

use super::*;
use chrono::TimeZone;
use proptest::prelude::*;

fn key(template: &str) -> ImageKey {
    ImageKey {
        template: template.to_owned(),
        version: "v0.9.2".parse().expect("version"),
        mode: "full".to_owned(),
        arch: Arch::X86_64,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        base: BaseIdentity::Named {
            owner: "099720109477".to_owned(),
            name: "noble-1".to_owned(),
        },
        base_image: "ami-base".to_owned(),
        fingerprint: "f".repeat(64),
    }
}

fn at() -> Instant {
    chrono::Utc
        .with_ymd_and_hms(2026, 1, 21, 18, 0, 0)
        .single()
        .expect("time")
}

#[test]
fn the_documents_name_is_kept_word_for_word() {
    assert_eq!(
        name(&key("kamiwaza"), at(), 1, 1),
        "kamiwaza-golden-v0.9.2-20260121-180000"
    );
    assert_eq!(
        name(&key("kamiwaza"), at(), 1, 2),
        "kamiwaza-golden-v0.9.2-20260121-180000-2"
    );
}

#[test]
fn other_names_come_from_the_key() {
    let one = name(&key("web"), at(), 1, 1);
    assert!(
        one.starts_with("web-v0.9.2-x86_64-") && one.ends_with("-g1"),
        "{one}"
    );
    let other = ImageKey {
        mode: "lite".to_owned(),
        ..key("web")
    };
    assert_ne!(one, name(&other, at(), 1, 1));
}

#[test]
fn tags_are_the_documents_and_ours() {
    let key = key("kamiwaza");
    let deployment = DeploymentId::new(uuid::Uuid::nil());
    let effect = EffectId::new(uuid::Uuid::nil());
    let extra = BTreeMap::from([("Team".to_owned(), "web".to_owned())]);
    let tags = Provenance {
        key: &key,
        name: "n",
        instance_id: "i-1",
        deployment: &deployment,
        trigger: "security",
        effect: &effect,
        install: "in",
        created_at: at(),
        extra: &extra,
    }
    .tags();
    for (name, value) in [
        ("KamiwazaVersion", "v0.9.2"),
        ("CreatedFrom", "i-1"),
        ("CreatedFromJob", deployment.as_str()),
        ("ManagedBy", "KamiwazaDeploymentManager"),
        ("AutoCreated", "true"),
        ("Mode", "full"),
        ("CreatedAt", "2026-01-21T18:00:00Z"),
        ("Team", "web"),
        ("Trigger", "security"),
    ] {
        assert_eq!(tags.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(is_of_key(&key, &tags));
    assert_eq!(
        tags.len() - extra.len(),
        crate::limits::OWN_TAGS,
        "what the check of a request leaves room for"
    );
}

#[test]
fn the_documents_tags_stay_with_its_template() {
    let (theirs, ours) = (key("kamiwaza"), key("hello-web"));
    let (deployment, effect) = (
        DeploymentId::new(uuid::Uuid::nil()),
        EffectId::new(uuid::Uuid::nil()),
    );
    let tags = Provenance {
        key: &ours,
        name: "n",
        instance_id: "i-1",
        deployment: &deployment,
        trigger: "security",
        effect: &effect,
        install: "in",
        created_at: at(),
        extra: &BTreeMap::new(),
    }
    .tags();
    assert_eq!(tags.get("Version").map(String::as_str), Some("v0.9.2"));
    assert_eq!(tags.get("ManagedBy").map(String::as_str), Some("Ingot"));
    let said = format!("{tags:?}").to_lowercase();
    assert!(!said.contains("kamiwaza"), "{said}");
    assert!(search_tags(&theirs).contains_key("KamiwazaVersion"));
    // Images of before say `ManagedBy` in the document's word, whatever their template.
    let mut before = tags.clone();
    before.insert("ManagedBy".to_owned(), KAMIWAZA_MANAGED_BY.to_owned());
    for tags in [tags, before] {
        let found = search_tags(&ours)
            .iter()
            .all(|(name, value)| tags.get(name) == Some(value));
        assert!(found && is_of_key(&ours, &tags), "{tags:?}");
    }
}

#[test]
fn an_image_of_another_mode_or_recipe_is_another_image() {
    let key = key("kamiwaza");
    let tags = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    assert!(is_of_key(&key, &tags(&[("Mode", "full")])));
    assert!(!is_of_key(&key, &tags(&[("Mode", "lite")])));
    assert!(!is_of_key(&key, &tags(&[])));
    assert!(!is_of_key(
        &key,
        &tags(&[("Mode", "full"), ("Fingerprint", "other")])
    ));
}

#[test]
fn only_living_rows_hold_their_key() {
    for &status in ImageStatus::ALL {
        assert_eq!(ImageStatus::parse(status.as_str()), Some(status));
        assert!(!status.may_become(status));
    }
    assert_eq!(ImageStatus::Failed.next(), [ImageStatus::Available]);
    assert_eq!(ImageStatus::Deleted.next(), [ImageStatus::Available]);
    assert!(!ImageStatus::Missing.holds_key());
    assert!(ImageStatus::Available.holds_key() && !ImageStatus::Available.is_in_the_making());
}

#[test]
fn the_content_is_the_same_in_every_region_and_changes_with_each_part() {
    let here = key("web");
    let there = ImageKey {
        region: "eu-west-1".to_owned(),
        account: "210987654321".to_owned(),
        base_image: "ami-elsewhere".to_owned(),
        ..here.clone()
    };
    assert_eq!(here.content(), there.content());
    assert_ne!(here.digest_by_id(), there.digest_by_id());
    let named = |owner: &str, name: &str| BaseIdentity::Named {
        owner: owner.to_owned(),
        name: name.to_owned(),
    };
    let fixed = |id: &str, region: &str| BaseIdentity::Fixed {
        id: id.to_owned(),
        region: region.to_owned(),
    };
    let with = |change: &dyn Fn(&mut ImageKey)| {
        let mut key = here.clone();
        change(&mut key);
        key
    };
    let others = [
        with(&|key| key.template = "shop".to_owned()),
        with(&|key| key.version = "v0.9.3".parse().expect("version")),
        with(&|key| key.mode = "lite".to_owned()),
        with(&|key| key.arch = Arch::Arm64),
        with(&|key| key.fingerprint = "e".repeat(64)),
        with(&|key| key.base = named("099720109477", "noble-2")),
        with(&|key| key.base = named("137112412989", "noble-1")),
        with(&|key| key.base = fixed("ami-base", "us-east-1")),
        with(&|key| key.base = fixed("ami-base", "eu-west-1")),
        // Where one part ends and the next begins is part of it.
        with(&|key| key.base = named("099720109477n", "oble-1")),
    ];
    let mut seen = vec![here.content()];
    for other in &others {
        assert!(!seen.contains(&other.content()), "{other:?}");
        seen.push(other.content());
    }
}

/// Rows, tags and binaries of before know this digest: it must never change.
#[test]
fn the_digest_of_before_is_kept_digit_for_digit() {
    let text = "kamiwaza\nv0.9.2\nfull\nx86_64\n123456789012\nus-east-1\nami-base\n";
    let text = format!("{text}{}\n", "f".repeat(64));
    let wanted = crate::fingerprint::hex_sha256(text.bytes());
    assert_eq!(key("kamiwaza").digest_by_id(), wanted);
}

#[test]
fn an_image_is_of_a_key_by_its_build_or_else_by_its_bases_id() {
    let named = key("web");
    let fixed = ImageKey {
        base: BaseIdentity::Fixed {
            id: "ami-base".to_owned(),
            region: "us-east-1".to_owned(),
        },
        ..named.clone()
    };
    let (own, build) = (
        ("BaseImage", "ami-base"),
        [(BASE_OWNER_TAG, "099720109477"), (BASE_NAME_TAG, "noble-1")],
    );
    let other_id = ("BaseImage", "ami-of-another-region");
    let other_build = [(BASE_OWNER_TAG, "099720109477"), (BASE_NAME_TAG, "noble-2")];
    for (key, tags, wanted) in [
        (&named, vec![own], true),
        (&named, vec![other_id], false),
        (&named, [vec![own], build.to_vec()].concat(), true),
        (&named, [vec![other_id], build.to_vec()].concat(), true),
        (&named, [vec![own], other_build.to_vec()].concat(), false),
        (&named, vec![own, build[1]], true),
        (&fixed, [vec![own], other_build.to_vec()].concat(), true),
        (&fixed, [vec![other_id], build.to_vec()].concat(), false),
    ] {
        let mut all: BTreeMap<String, String> = tags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.insert("Mode".to_owned(), "full".to_owned());
        assert_eq!(is_of_key(key, &all), wanted, "{:?}: {tags:?}", key.base);
    }
}

proptest! {
    #[test]
    fn names_are_legal_and_different_parts_make_different_digests(template in "[a-z][a-z0-9-]{0,39}", mode in "[a-z]{1,20}", generation in 1u32..1000, suffix in 1u32..100) {
        let key = ImageKey { template: template.clone(), mode: mode.clone(), ..key("x") };
        let made = name(&key, at(), generation, suffix);
        prop_assert!((3..=LONGEST_NAME).contains(&made.len()));
        let legal = made.chars().all(|c| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c));
        prop_assert!(legal, "{}", made);
        let moved = ImageKey { template: format!("{template}{mode}"), mode: String::new(), ..key.clone() };
        prop_assert_ne!(key.content(), moved.content());
        prop_assert_ne!(key.digest_by_id(), moved.digest_by_id());
    }
}
