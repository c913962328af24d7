//! What becomes of a cloud object that carries our installation's tag and serves no deployment (FAULTS I1, F29, F41):
//! left alone, told, or removed. Removing needs everything at once: provenance (`crate::provenance`), two sightings,
//! and a grace period both since EC2 made it and since we first saw it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deployment::words;
use crate::provenance::{Class, Kind, Use};

/// Longest a builder may take to write down what it made, with a wide margin (FAULTS F41).
pub const GRACE: Duration = Duration::from_secs(30 * 60);

words! {
    /// What the reaper may remove (INGOT_REAP).
    Reap {
        /// Nothing: orphans are only told.
        Off = "off",
        /// Orphans that this ledger recorded and whose own facts agree.
        On = "on",
        /// The same: without a record in this ledger facts never suffice to remove (REAL-AWS C2). The word is kept for
        /// command lines from before.
        All = "all",
    }
}

/// Who stands behind an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// A row names it, or a task is about to: an open effect of it, a deployment still at work.
    Wanted,
    /// This ledger made it and needs it no more.
    Done,
    /// Its own facts say that this installation made it, and this ledger has no record of it.
    Unheard,
    /// It carries our installation's tag and is not ours: no business of Ingot's.
    Foreign,
    /// It was removed and is back from the Recycle Bin: a person wanted it.
    Restored,
    /// A snapshot whose image was deregistered outside of Ingot: it may be of use again.
    Kept,
}

/// What the ledger knows of an object that carries our installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Whose it is.
    pub class: Class,
    /// A row names it: an instance or a group of its deployment, an image that is not given up.
    pub named: bool,
    /// Its deployment is not finished, or a live task works for it, which may be about to adopt or end it.
    pub at_work: bool,
    /// It may be of use again.
    pub useful: bool,
}

impl Owner {
    /// Who stands behind it.
    pub fn behind(self) -> Behind {
        match self {
            Owner { named: true, .. } => Behind::Wanted,
            Owner {
                class: Class::Foreign | Class::Kamiwaza,
                ..
            } => Behind::Foreign,
            Owner {
                class: Class::Adopted,
                ..
            }
            | Owner { at_work: true, .. } => Behind::Wanted,
            Owner {
                class: Class::Restored,
                ..
            } => Behind::Restored,
            Owner { useful: true, .. } => Behind::Kept,
            Owner {
                class: Class::Unrecorded,
                ..
            } => Behind::Unheard,
            Owner {
                class: Class::Ours, ..
            } => Behind::Done,
        }
    }
}

impl Behind {
    /// The reaper may remove it once it is old enough and was seen often enough.
    fn removable(self) -> bool {
        self == Behind::Done && Class::Ours.allows(Use::Change)
    }
}

/// The sentence for people about an object of `kind` that no row wants. What to do is said beside it, once.
pub fn said(kind: Kind, id: &str, behind: Behind, owner: &str, reap: Reap) -> String {
    let thing = kind.said();
    match behind {
        Behind::Wanted => format!("{thing} {id} is wanted"),
        Behind::Done if reap == Reap::Off => {
            format!(
                "{thing} {id} was made for {owner}, which needs it no more; INGOT_REAP=off keeps it"
            )
        }
        Behind::Done => format!(
            "{thing} {id} was made for {owner}, which needs it no more; Ingot removes it 30 minutes after it was first seen"
        ),
        Behind::Unheard => format!(
            "{thing} {id} was made by this installation for {owner}, of which this ledger has no record; it is kept"
        ),
        Behind::Foreign => {
            format!("{thing} {id} carries our tags and is not ours; it is left alone")
        }
        Behind::Restored => {
            format!(
                "{thing} {id} of {owner} was removed and is back from the Recycle Bin; it is kept"
            )
        }
        Behind::Kept => {
            format!("{thing} {id} of {owner} lost its AMI outside of Ingot; it is kept")
        }
    }
}

/// What a person decided about an object that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It stays, and is told no more.
    Keep,
    /// It is removed now.
    Remove,
}

/// The facts about one object.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Who stands behind it.
    pub behind: Behind,
    /// Felt time since EC2 made it; unknown for security groups.
    pub age: Option<Duration>,
    /// Felt time since its first sighting, and how often it was seen; none yet before the first.
    pub seen: Option<(Duration, u32)>,
    /// What may be removed.
    pub reap: Reap,
    /// What a person decided about it.
    pub settled: Option<Settled>,
    /// EC2 refused to remove it, for good: once asked is enough.
    pub refused: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is fine, or none of our business.
    Leave,
    /// Tell it.
    Tell,
    /// Tell it and remove it.
    Remove,
}

/// Decides.
pub fn judge(view: View) -> Verdict {
    if matches!(view.behind, Behind::Wanted | Behind::Foreign) {
        return Verdict::Leave;
    }
    match view.settled {
        _ if view.refused => return Verdict::Tell,
        Some(Settled::Keep) => return Verdict::Tell,
        Some(Settled::Remove) => return Verdict::Remove,
        None => {}
    }
    let removable = view.behind.removable() && view.reap != Reap::Off;
    let old = view.age.is_none_or(|age| age >= GRACE);
    // The sighting of this very visit is the one after those that are stored.
    let known = view
        .seen
        .is_some_and(|(since, sightings)| since >= GRACE && sightings >= 1);
    if removable && old && known {
        Verdict::Remove
    } else {
        Verdict::Tell
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEHIND: [Behind; 6] = [
        Behind::Wanted,
        Behind::Done,
        Behind::Unheard,
        Behind::Foreign,
        Behind::Restored,
        Behind::Kept,
    ];

    fn old(behind: Behind, reap: Reap) -> View {
        View {
            behind,
            age: Some(GRACE),
            seen: Some((GRACE, 1)),
            reap,
            settled: None,
            refused: false,
        }
    }

    #[test]
    fn only_what_this_ledger_made_is_removed_unasked() {
        for behind in BEHIND {
            let removes = |reap| judge(old(behind, reap)) == Verdict::Remove;
            assert!(!removes(Reap::Off), "{behind:?}");
            assert_eq!(removes(Reap::On), behind == Behind::Done, "{behind:?}");
            assert_eq!(removes(Reap::All), removes(Reap::On), "{behind:?}");
        }
    }

    #[test]
    fn a_person_settles_what_was_told_and_a_strangers_is_never_removed() {
        for behind in BEHIND {
            let settled = |settled| {
                let settled = Some(settled);
                judge(View {
                    settled,
                    ..old(behind, Reap::On)
                })
            };
            let ours = !matches!(behind, Behind::Wanted | Behind::Foreign);
            assert_eq!(
                settled(Settled::Remove) == Verdict::Remove,
                ours,
                "{behind:?}"
            );
            assert_ne!(settled(Settled::Keep), Verdict::Remove, "{behind:?}");
            let refused = View {
                refused: true,
                ..old(behind, Reap::On)
            };
            assert_ne!(judge(refused), Verdict::Remove, "{behind:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_young_new_or_wanted_is_ever_removed(
            behind in 0..BEHIND.len(), age in proptest::option::of(0u64..7200), since in 0u64..7200, sightings in 0u32..5, stored: bool, all: bool,
        ) {
            let reap = if all { Reap::All } else { Reap::On };
            let seen = stored.then_some((Duration::from_secs(since), sightings));
            let view = View {
                behind: BEHIND[behind],
                age: age.map(Duration::from_secs),
                seen,
                reap,
                settled: None,
                refused: false,
            };
            let verdict = judge(view);
            let fine = matches!(view.behind, Behind::Wanted | Behind::Foreign);
            prop_assert_eq!(verdict == Verdict::Leave, fine);
            if verdict == Verdict::Remove {
                prop_assert!(view.age.is_none_or(|age| age >= GRACE));
                prop_assert!(stored && sightings >= 1 && since >= GRACE.as_secs());
                prop_assert!(view.behind == Behind::Done);
            }
        }
    }

    #[test]
    fn a_row_or_a_live_task_protects_and_provenance_decides_the_rest() {
        let owner = |class| Owner {
            class,
            named: false,
            at_work: false,
            useful: false,
        };
        for &class in Class::ALL {
            let named = Owner {
                named: true,
                ..owner(class)
            };
            assert_eq!(named.behind(), Behind::Wanted, "{class}");
            let expected = match class {
                Class::Ours => Behind::Done,
                Class::Restored => Behind::Restored,
                Class::Unrecorded => Behind::Unheard,
                Class::Adopted => Behind::Wanted,
                Class::Kamiwaza | Class::Foreign => Behind::Foreign,
            };
            assert_eq!(owner(class).behind(), expected, "{class}");
            let at_work = Owner {
                at_work: true,
                ..owner(class)
            };
            let foreign = expected == Behind::Foreign;
            assert_eq!(at_work.behind() == Behind::Wanted, !foreign, "{class}");
        }
        let useful = Owner {
            useful: true,
            ..owner(Class::Ours)
        };
        assert_eq!(useful.behind(), Behind::Kept);
    }

    #[test]
    fn each_sentence_names_the_object_and_says_one_thing() {
        for behind in BEHIND {
            for reap in [Reap::Off, Reap::On] {
                let text = said(Kind::Snapshot, "snap-1", behind, "deployment dep_1", reap);
                assert!(text.contains("snapshot snap-1"), "{text}");
                assert!(
                    !(text.contains("kept") && text.contains("removes")),
                    "{text}"
                );
            }
        }
    }
}
