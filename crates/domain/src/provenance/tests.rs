//! Tables of the rule; `world` plays with copies of our objects and holds that none of them becomes ours.

mod copies;
mod world;

use super::*;
use crate::ids::{DeploymentId, EffectId};
use crate::image::{DEPLOYMENT_TAG, EFFECT_TAG, INSTALL_TAG, KAMIWAZA_MANAGED_BY};

const LAUNCH: &str = "eff_launch";

fn home() -> Home {
    Home {
        account: "123456789012".to_owned(),
        install: "us".to_owned(),
    }
}

fn deployment() -> DeploymentId {
    DeploymentId::new(uuid::Uuid::from_u128(7))
}

fn create() -> String {
    EffectId::of(&deployment(), 1, "create_image", 1).to_string()
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

fn instance() -> Facts {
    Facts {
        region: Some("us-east-1".to_owned()),
        client_token: Some(LAUNCH.to_owned()),
        tags: tags(&[
            ("ManagedBy", KAMIWAZA_MANAGED_BY),
            ("KamiwazaVersion", "v1.0.0"),
            ("Mode", "full"),
            (DEPLOYMENT_TAG, deployment().as_str()),
            (EFFECT_TAG, LAUNCH),
            (INSTALL_TAG, "us"),
        ]),
        ..Facts::of(Kind::Instance, "i-1")
    }
}

fn image() -> Facts {
    Facts {
        owner: Some(home().account),
        name: Some("golden".to_owned()),
        source_instance: Some("i-1".to_owned()),
        tags: tags(&[
            ("Name", "golden"),
            ("ManagedBy", KAMIWAZA_MANAGED_BY),
            ("KamiwazaVersion", "v1.0.0"),
            ("Mode", "full"),
            ("AutoCreated", "true"),
            ("CreatedFrom", "i-1"),
            ("CreatedFromJob", deployment().as_str()),
            (EFFECT_TAG, &create()),
            (INSTALL_TAG, "us"),
        ]),
        ..Facts::of(Kind::Image, "ami-1")
    }
}

fn snapshot() -> Facts {
    Facts {
        owner: Some(home().account),
        description: Some("Created by CreateImage(i-1) for ami-1".to_owned()),
        volume: Some("vol-1".to_owned()),
        tags: image().tags,
        ..Facts::of(Kind::Snapshot, "snap-1")
    }
}

fn group() -> Facts {
    Facts {
        owner: Some(home().account),
        name: Some("ingot-dep_1".to_owned()),
        vpc: Some("vpc-1".to_owned()),
        ..Facts::of(Kind::SecurityGroup, "sg-1")
    }
}

fn launch() -> Known {
    knows(LAUNCH, Intended::Instance, None)
}

fn capture(made: Option<&str>) -> Known {
    let (name, instance) = ("golden".to_owned(), "i-1".to_owned());
    knows(&create(), Intended::Image { name, instance }, made)
}

fn own_group(vpc: Option<&str>, made: Option<&str>) -> Known {
    let (name, vpc) = ("ingot-dep_1".to_owned(), vpc.map(str::to_owned));
    knows(LAUNCH, Intended::Group { name, vpc }, made)
}

fn knows(id: &str, intended: Intended, made: Option<&str>) -> Known {
    let effect = Effect {
        id: id.to_owned(),
        region: "us-east-1".to_owned(),
        intended,
        made: made.map(str::to_owned),
        snapshots: Vec::new(),
    };
    Known {
        effect: Some(effect),
        ..Known::default()
    }
}

fn class(facts: &Facts, known: &Known) -> Class {
    judge(&home(), facts, known).class
}

fn changed(mut facts: Facts, change: impl FnOnce(&mut Facts)) -> Facts {
    change(&mut facts);
    facts
}

#[test]
fn only_ours_are_changed_unasked_and_only_what_is_known_is_launched_unasked() {
    for &class in Class::ALL {
        assert_eq!(class.allows(Use::Change), class == Class::Ours, "{class}");
        assert!(class.allows(Use::LaunchAsked), "{class}");
        let foreign = class == Class::Foreign;
        assert_eq!(class.allows(Use::Exists), !foreign, "{class}");
        assert_eq!(class.allows(Use::ChangeAsked), !foreign, "{class}");
        let unasked = !foreign && class != Class::Kamiwaza;
        assert_eq!(class.allows(Use::Launch), unasked, "{class}");
        assert_eq!(Class::parse(class.as_str()), Some(class));
        assert!(!class.said().is_empty());
    }
}

#[test]
fn an_instance_is_ours_by_its_client_token() {
    let none = Known::default();
    assert_eq!(class(&instance(), &launch()), Class::Ours);
    assert_eq!(class(&instance(), &none), Class::Unrecorded);
    let more_like_this = changed(instance(), |one| {
        one.client_token = Some("fresh".to_owned())
    });
    assert_eq!(class(&more_like_this, &launch()), Class::Foreign);
    assert_eq!(class(&more_like_this, &none), Class::Foreign);
    let tokenless = changed(instance(), |one| one.client_token = None);
    assert_eq!(class(&tokenless, &launch()), Class::Foreign);
    let wrong_kind = changed(instance(), |one| one.client_token = Some(create()));
    assert_eq!(class(&wrong_kind, &capture(None)), Class::Foreign);
    // EC2 takes a token again in another region, and in this one once it has forgotten it.
    let elsewhere = changed(instance(), |one| one.region = Some("eu-west-1".to_owned()));
    assert_eq!(class(&elsewhere, &launch()), Class::Foreign);
    let made = |id: &str| knows(LAUNCH, Intended::Instance, Some(id));
    assert_eq!(class(&instance(), &made(&instance().id)), Class::Ours);
    assert_eq!(class(&instance(), &made("i-before")), Class::Foreign);
    let untagged = changed(instance(), |one| one.tags.clear());
    assert_eq!(class(&untagged, &launch()), Class::Ours);
    assert_eq!(class(&untagged, &none), Class::Foreign);
}

#[test]
fn an_image_is_ours_by_effect_name_and_source() {
    for made in [None, Some("ami-1")] {
        let known = capture(made);
        assert_eq!(class(&image(), &known), Class::Ours);
        type Spoil = fn(&mut Facts);
        let table: [(&str, Spoil); 8] = [
            ("a copy", |one| one.source_instance = None),
            ("of another instance", |one| {
                one.source_instance = Some("i-2".to_owned());
            }),
            ("another name", |one| one.name = Some("backup".to_owned())),
            ("AWS Backup", |one| {
                one.tags
                    .insert("aws:backup:source-resource".to_owned(), "i-1".to_owned());
            }),
            ("DLM", |one| {
                one.tags
                    .insert("aws:dlm:managed".to_owned(), "true".to_owned());
            }),
            ("an instance's tags", |one| {
                one.tags
                    .insert(DEPLOYMENT_TAG.to_owned(), "dep_1".to_owned());
            }),
            ("another account", |one| one.owner = Some("2".to_owned())),
            ("the vault", |one| {
                one.owner_alias = Some("aws-backup-vault".to_owned());
            }),
        ];
        for (what, change) in table {
            let other = changed(image(), change);
            assert_eq!(class(&other, &known), Class::Foreign, "{what}");
            assert_eq!(class(&other, &Known::default()), Class::Foreign, "{what}");
        }
    }
    assert_eq!(class(&image(), &capture(Some("ami-2"))), Class::Foreign);
    let untagged = changed(image(), |one| one.tags.clear());
    assert_eq!(class(&untagged, &capture(None)), Class::Foreign);
    assert_eq!(class(&untagged, &capture(Some("ami-1"))), Class::Ours);
}

#[test]
fn without_a_record_an_image_is_known_by_its_facts_and_never_changed() {
    let none = Known::default();
    let found = judge(&home(), &image(), &none);
    assert_eq!(found.class, Class::Unrecorded);
    assert!(found.allows(Use::Launch) && !found.allows(Use::Change));
    let retag = |name: &str, value: &str| {
        let value = value.to_owned();
        changed(image(), |one| {
            one.tags.insert(name.to_owned(), value);
        })
    };
    for (name, value) in [
        (EFFECT_TAG, LAUNCH),
        (EFFECT_TAG, "eff_00000000000000000000000000000000"),
        ("CreatedFromJob", "dep_00000000000000000000000000000000"),
        ("CreatedFrom", "i-2"),
        ("Name", "another"),
        ("AutoCreated", "false"),
        (INSTALL_TAG, "them"),
    ] {
        assert_eq!(
            class(&retag(name, value), &none),
            Class::Foreign,
            "{name}={value}"
        );
    }
    let backup = changed(image(), |one| one.tags = instance().tags);
    assert_eq!(class(&backup, &none), Class::Foreign);
}

#[test]
fn what_was_removed_and_is_back_is_restored_and_what_a_person_took_is_adopted() {
    let gone = Known {
        was_gone: true,
        ..capture(Some("ami-1"))
    };
    assert_eq!(class(&image(), &gone), Class::Restored);
    let adopted = Known {
        adopted: true,
        ..Known::default()
    };
    let copy = changed(image(), |one| one.source_instance = None);
    assert_eq!(class(&copy, &adopted), Class::Adopted);
}

#[test]
fn the_scripts_images_are_known_by_their_five_tags_and_their_instance() {
    let scripted = changed(image(), |one| {
        one.tags = tags(&[
            ("KamiwazaVersion", "v1.0.0"),
            ("CreatedFrom", "i-1"),
            ("CreatedFromJob", "a-job-of-theirs"),
            ("ManagedBy", KAMIWAZA_MANAGED_BY),
            ("AutoCreated", "true"),
        ]);
    });
    let none = Known::default();
    assert_eq!(class(&scripted, &none), Class::Kamiwaza);
    for tag in [
        "KamiwazaVersion",
        "CreatedFrom",
        "CreatedFromJob",
        "ManagedBy",
        "AutoCreated",
    ] {
        let lacking = changed(scripted.clone(), |one| {
            one.tags.remove(tag);
        });
        assert_eq!(class(&lacking, &none), Class::Foreign, "{tag}");
    }
    let copy = changed(scripted.clone(), |one| one.source_instance = None);
    assert_eq!(class(&copy, &none), Class::Foreign);
    let ingots = changed(scripted, |one| {
        one.tags.insert(EFFECT_TAG.to_owned(), create());
    });
    assert_eq!(class(&ingots, &none), Class::Foreign);
}

#[test]
fn a_snapshot_is_ours_by_its_recorded_id_or_by_what_ec2_wrote_on_it() {
    let recorded = |ids: &[&str]| {
        let mut known = capture(Some("ami-1"));
        let effect = known.effect.as_mut().expect("there");
        effect.snapshots = ids.iter().map(|id| (*id).to_owned()).collect();
        known
    };
    assert_eq!(class(&snapshot(), &recorded(&["snap-1"])), Class::Ours);
    assert_eq!(class(&snapshot(), &recorded(&["snap-2"])), Class::Foreign);
    assert_eq!(class(&snapshot(), &recorded(&[])), Class::Ours);
    assert_eq!(class(&snapshot(), &capture(None)), Class::Foreign);
    assert_eq!(class(&snapshot(), &Known::default()), Class::Foreign);
    let described = |text: &str| changed(snapshot(), |one| one.description = Some(text.to_owned()));
    for (text, expected) in [
        (
            "Created by CreateImage(i-1) for ami-1 from vol-1",
            Class::Ours,
        ),
        ("Created by CreateImage(i-1) for ami-12", Class::Foreign),
        ("Created by CreateImage(i-2) for ami-1", Class::Foreign),
        (
            "[Copied snap-1 from us-east-1] Created by CreateImage(i-1) for ami-1",
            Class::Foreign,
        ),
        (
            "This snapshot is created by the AWS Backup service.",
            Class::Foreign,
        ),
    ] {
        assert_eq!(class(&described(text), &recorded(&[])), expected, "{text}");
    }
    let copy = changed(snapshot(), |one| {
        one.volume = Some("vol-ffffffff".to_owned())
    });
    assert_eq!(class(&copy, &recorded(&[])), Class::Foreign);
}

#[test]
fn a_group_is_ours_by_name_and_network_or_by_its_recorded_id() {
    for (vpc, made, expected) in [
        (Some("vpc-1"), None, Class::Ours),
        (Some("vpc-1"), Some("sg-1"), Class::Ours),
        (None, Some("sg-1"), Class::Ours),
        (Some("vpc-2"), None, Class::Foreign),
        (Some("vpc-1"), Some("sg-2"), Class::Foreign),
        (None, None, Class::Foreign),
    ] {
        assert_eq!(
            class(&group(), &own_group(vpc, made)),
            expected,
            "{vpc:?} {made:?}"
        );
    }
    let named = changed(group(), |one| one.name = Some("copied".to_owned()));
    assert_eq!(
        class(&named, &own_group(Some("vpc-1"), None)),
        Class::Foreign
    );
}

#[test]
fn an_id_says_its_kind() {
    for (id, kind) in [
        ("i-1", Kind::Instance),
        ("ami-1", Kind::Image),
        ("snap-1", Kind::Snapshot),
        ("sg-1", Kind::SecurityGroup),
    ] {
        assert_eq!(Kind::of(id), Some(kind));
    }
    assert_eq!(Kind::of("vpc-1"), None);
}
