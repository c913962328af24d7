//! Copies of images of ours in other regions.

use super::*;
use crate::ids::ImageId;

/// A copy is ours by its effect, its name and the image it was copied of; another hand's copy of either is not.
#[test]
fn a_copy_of_ours_is_ours_by_its_effect_and_its_source() {
    let id = EffectId::of_copy(&ImageId::new(uuid::Uuid::from_u128(9))).to_string();
    let effect = |made: Option<&str>| Known {
        effect: Some(Effect {
            id: id.clone(),
            region: "eu-west-1".to_owned(),
            intended: Intended::Copy {
                name: "golden".to_owned(),
                source: "ami-1".to_owned(),
            },
            made: made.map(str::to_owned),
            snapshots: Vec::new(),
        }),
        ..Known::default()
    };
    let copy = changed(image(), |one| {
        one.id = "ami-c".to_owned();
        one.source_instance = None;
        one.source_image = Some("ami-1".to_owned());
        one.tags.insert(EFFECT_TAG.to_owned(), id.clone());
    });
    for made in [None, Some("ami-c")] {
        let found = judge(&home(), &copy, &effect(made));
        assert_eq!(found.class, Class::Ours, "{found:?}");
    }
    let theirs = [
        changed(copy.clone(), |one| {
            one.source_image = Some("ami-c".to_owned())
        }),
        changed(copy.clone(), |one| one.source_image = None),
        changed(copy.clone(), |one| one.name = Some("copy".to_owned())),
        changed(copy.clone(), |one| {
            one.source_instance = Some("i-1".to_owned())
        }),
        changed(copy.clone(), |one| {
            one.tags.remove(EFFECT_TAG);
        }),
        changed(copy.clone(), |one| {
            one.region = Some("us-east-1".to_owned())
        }),
    ];
    for one in theirs {
        let found = judge(&home(), &one, &effect(None));
        assert_eq!(found.class, Class::Foreign, "{one:?} {found:?}");
    }
    let twin = changed(copy, |one| one.id = "ami-t".to_owned());
    assert_eq!(
        judge(&home(), &twin, &effect(Some("ami-c"))).class,
        Class::Foreign
    );
    let said = "Copied for DestinationAmi ami-c from SourceAmi ami-1 for SourceSnapshot snap-1.";
    let piece = changed(snapshot(), |one| {
        one.volume = Some("vol-ffffffff".to_owned());
        one.description = Some(said.to_owned());
    });
    assert_eq!(
        judge(&home(), &piece, &effect(Some("ami-c"))).class,
        Class::Ours
    );
    assert_eq!(
        judge(&home(), &piece, &effect(Some("ami-t"))).class,
        Class::Foreign
    );
    assert_eq!(judge(&home(), &piece, &effect(None)).class, Class::Foreign);
}
