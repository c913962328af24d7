//! An account with objects of ours in it, in which other people and services make copies of everything: whatever they do,
//! nothing they make is ours. The ledger is asked as the worker asks it: for the effect of the client token, of the tag, or
//! of the row with the id.

use proptest::prelude::*;

use super::*;

/// What other hands do. Numbers choose among the objects that are there.
#[derive(Debug, Clone)]
enum Act {
    /// CreateImage of an instance, with the tags of an object or none; perhaps under its name.
    CreateImage { of: usize, tags: Option<usize> },
    /// CopyImage: a copy may have the name of what it copies.
    CopyImage {
        of: usize,
        with_tags: bool,
        same_name: bool,
    },
    /// A backup of an instance: by a service of AWS, which marks it, or by a script, which does not.
    Backup { of: usize, marked: bool },
    /// An instance from an image, with the tags of another instance or none.
    Restore { from: usize, tags: Option<usize> },
    /// "Launch more like this": everything but the token.
    MoreLikeThis { of: usize },
    /// A launch with everything and the token, in another region.
    SameToken { of: usize },
    /// CopySnapshot, with the description of what it copies.
    CopySnapshot { of: usize },
    /// A group with the rules, tags and name of another; in one network the name is taken.
    CopyGroup { of: usize, other_vpc: bool },
    /// All tags of one object onto another.
    Retag { of: usize, like: usize },
    /// The `Name` tag of one onto another.
    Rename { of: usize, like: usize },
}

fn act() -> impl Strategy<Value = Act> {
    let one = || 0..64usize;
    let tags = || proptest::option::of(one());
    prop_oneof![
        (one(), tags()).prop_map(|(of, tags)| Act::CreateImage { of, tags }),
        (one(), any::<bool>(), any::<bool>()).prop_map(|(of, with_tags, same_name)| {
            Act::CopyImage {
                of,
                with_tags,
                same_name,
            }
        }),
        (one(), any::<bool>()).prop_map(|(of, marked)| Act::Backup { of, marked }),
        (one(), tags()).prop_map(|(from, tags)| Act::Restore { from, tags }),
        one().prop_map(|of| Act::MoreLikeThis { of }),
        one().prop_map(|of| Act::SameToken { of }),
        one().prop_map(|of| Act::CopySnapshot { of }),
        (one(), any::<bool>()).prop_map(|(of, other_vpc)| Act::CopyGroup { of, other_vpc }),
        (one(), one()).prop_map(|(of, like)| Act::Retag { of, like }),
        (one(), one()).prop_map(|(of, like)| Act::Rename { of, like }),
    ]
}

struct World {
    objects: Vec<Facts>,
    /// How many of them are ours: the first ones.
    ours: usize,
    effects: Vec<Effect>,
    fresh: usize,
}

impl World {
    /// Our instance, two images of it (the second's id not written down yet) with a snapshot each, and a group.
    fn new(recorded: bool) -> Self {
        let second = EffectId::of(&deployment(), 1, "create_image", 2).to_string();
        let other = changed(image(), |one| {
            one.id = "ami-2".to_owned();
            one.name = Some("golden-2".to_owned());
            one.tags.insert(EFFECT_TAG.to_owned(), second.clone());
            one.tags.insert("Name".to_owned(), "golden-2".to_owned());
        });
        let effect = |known: Known| known.effect.expect("there");
        let mut first = effect(capture(Some("ami-1")));
        if recorded {
            first.snapshots = vec!["snap-1".to_owned()];
        }
        let second = Effect {
            id: second,
            region: "us-east-1".to_owned(),
            intended: Intended::Image {
                name: "golden-2".to_owned(),
                instance: "i-1".to_owned(),
            },
            made: None,
            snapshots: Vec::new(),
        };
        let objects = vec![instance(), image(), other, snapshot(), group()];
        Self {
            ours: objects.len(),
            objects,
            effects: vec![effect(launch()), first, second],
            fresh: 0,
        }
    }

    fn pick(&self, kind: Kind, number: usize) -> Facts {
        let all: Vec<&Facts> = self.objects.iter().filter(|one| one.kind == kind).collect();
        all[number % all.len()].clone()
    }

    fn tags_of(&self, number: Option<usize>) -> BTreeMap<String, String> {
        number.map_or_else(BTreeMap::new, |number| {
            self.objects[number % self.objects.len()].tags.clone()
        })
    }

    fn add(&mut self, prefix: &str, facts: Facts) -> String {
        self.fresh += 1;
        let id = format!("{prefix}-fresh{}", self.fresh);
        self.objects.push(Facts {
            id: id.clone(),
            client_token: (facts.kind == Kind::Instance).then(|| format!("token{}", self.fresh)),
            ..facts
        });
        id
    }

    /// CreateImage makes the image and its snapshot, which says so.
    fn capture(&mut self, of: &Facts, tags: BTreeMap<String, String>) {
        let image = Facts {
            owner: Some(home().account),
            name: Some(format!("theirs-{}", self.fresh)),
            source_instance: Some(of.id.clone()),
            tags: tags.clone(),
            ..Facts::of(Kind::Image, "")
        };
        let id = self.add("ami", image);
        let snapshot = Facts {
            owner: Some(home().account),
            description: Some(format!("Created by CreateImage({}) for {id}", of.id)),
            volume: Some("vol-1".to_owned()),
            tags,
            ..Facts::of(Kind::Snapshot, "")
        };
        self.add("snap", snapshot);
    }

    fn play(&mut self, act: &Act) {
        match *act {
            Act::CreateImage { of, tags } => {
                let (of, tags) = (self.pick(Kind::Instance, of), self.tags_of(tags));
                self.capture(&of, tags);
            }
            Act::CopyImage {
                of,
                with_tags,
                same_name,
            } => {
                let mut copy = self.pick(Kind::Image, of);
                copy.source_instance = None;
                if !with_tags {
                    copy.tags.clear();
                }
                if !same_name {
                    copy.name = Some(format!("copy-{}", self.fresh));
                }
                self.add("ami", copy);
            }
            Act::Backup { of, marked } => {
                let of = self.pick(Kind::Instance, of);
                let mut tags = of.tags.clone();
                if marked {
                    tags.insert("aws:backup:source-resource".to_owned(), of.id.clone());
                }
                self.capture(&of, tags);
            }
            Act::Restore { from, tags } => {
                let _ = self.pick(Kind::Image, from);
                let tags = self.tags_of(tags);
                let instance = Facts {
                    tags,
                    ..Facts::of(Kind::Instance, "")
                };
                self.add("i", instance);
            }
            Act::MoreLikeThis { of } => {
                let like = self.pick(Kind::Instance, of);
                self.add("i", like);
            }
            Act::SameToken { of } => {
                let like = self.pick(Kind::Instance, of);
                self.fresh += 1;
                self.objects.push(Facts {
                    id: format!("i-fresh{}", self.fresh),
                    region: Some("eu-west-1".to_owned()),
                    ..like
                });
            }
            Act::CopySnapshot { of } => {
                let mut copy = self.pick(Kind::Snapshot, of);
                copy.volume = Some("vol-ffffffff".to_owned());
                self.add("snap", copy);
            }
            Act::CopyGroup { of, other_vpc } => {
                let mut copy = self.pick(Kind::SecurityGroup, of);
                if other_vpc {
                    copy.vpc = Some("vpc-other".to_owned());
                } else {
                    copy.name = Some(format!("copy-{}", self.fresh));
                }
                self.add("sg", copy);
            }
            Act::Retag { of, like } => {
                let tags = self.tags_of(Some(like));
                // AWS's own tags can neither be set nor taken away.
                let of = of % self.objects.len();
                let one = &mut self.objects[of];
                one.tags.retain(|name, _| name.starts_with("aws:"));
                one.tags.extend(
                    tags.into_iter()
                        .filter(|(name, _)| !name.starts_with("aws:")),
                );
            }
            Act::Rename { of, like } => {
                let name = self.tags_of(Some(like)).get("Name").cloned();
                let of = of % self.objects.len();
                self.objects[of]
                    .tags
                    .extend(name.map(|name| ("Name".to_owned(), name)));
            }
        }
    }

    /// Every effect by which the worker might come to think of the object.
    fn known(&self, facts: &Facts) -> Vec<Known> {
        let group = match facts.kind {
            Kind::SecurityGroup => vec![
                own_group(Some("vpc-1"), None),
                own_group(Some("vpc-1"), Some("sg-1")),
                own_group(None, Some("sg-1")),
            ],
            _ => Vec::new(),
        };
        let by_effect = self.effects.iter().map(|effect| Known {
            effect: Some(effect.clone()),
            ..Known::default()
        });
        by_effect.chain(group).chain([Known::default()]).collect()
    }
}

proptest! {
    #[test]
    fn nothing_others_make_of_our_objects_is_ours(recorded: bool, acts in proptest::collection::vec(act(), 1..24)) {
        let mut world = World::new(recorded);
        for act in &acts {
            world.play(act);
        }
        for theirs in &world.objects[world.ours..] {
            for known in world.known(theirs) {
                let found = judge(&home(), theirs, &known);
                prop_assert!(
                    found.class != Class::Ours && !found.allows(Use::Change),
                    "{} is {} ({}) after {:?}", theirs.id, found.class, found.why, acts
                );
            }
        }
    }

    /// Whatever is done to its tags, what we made stays ours by the id that was written down, or is left alone.
    #[test]
    fn what_is_ours_is_never_taken_for_another_of_ours(acts in proptest::collection::vec(act(), 1..24)) {
        let mut world = World::new(true);
        for act in &acts {
            world.play(act);
        }
        let first = &world.objects[1];
        for effect in world.effects.iter().filter(|effect| effect.made.as_ref() != Some(&first.id)) {
            let known = Known { effect: Some(effect.clone()), ..Known::default() };
            prop_assert_ne!(judge(&home(), first, &known).class, Class::Ours);
        }
    }
}
