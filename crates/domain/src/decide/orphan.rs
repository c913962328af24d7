//! What becomes of a cloud object that carries our installation's tag and serves nobody (FAULTS I1, F29, F41): left alone,
//! told, or removed. Removing needs everything at once: our installation, an identity this ledger gave out, two sightings,
//! and a grace period both since EC2 made it and since we first saw it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deployment::words;

/// Longest a builder may take to write down what it made, with a wide margin (FAULTS F41).
pub const GRACE: Duration = Duration::from_secs(30 * 60);

words! {
    /// A kind of cloud object.
    Kind {
        /// `i-…`
        Instance = "instance",
        /// `ami-…`
        Image = "image",
        /// `snap-…`
        Snapshot = "snapshot",
        /// `sg-…`
        SecurityGroup = "security_group",
    }
}

impl Kind {
    /// As people say it.
    pub fn said(self) -> &'static str {
        match self {
            Kind::Instance => "instance",
            Kind::Image => "AMI",
            Kind::Snapshot => "snapshot",
            Kind::SecurityGroup => "security group",
        }
    }

    /// The kind of an EC2 id.
    pub fn of(id: &str) -> Option<Self> {
        let prefixes = [
            ("i-", Kind::Instance),
            ("ami-", Kind::Image),
            ("snap-", Kind::Snapshot),
            ("sg-", Kind::SecurityGroup),
        ];
        prefixes
            .iter()
            .find(|(prefix, _)| id.starts_with(prefix))
            .map(|(_, kind)| *kind)
    }
}

words! {
    /// What the reaper may remove (INGOT_REAP).
    Reap {
        /// Nothing: orphans are only told.
        Off = "off",
        /// Orphans whose deployment or effect this ledger knows. What it has never heard of may belong to a copy of it.
        On = "on",
        /// Whatever carries our installation and an identity of ours, known or not: after restoring an old backup.
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
    /// It carries our installation and an identity, of which this ledger knows nothing.
    Unheard,
    /// It carries our installation and no identity (no deployment, no effect): somebody copied tags.
    Nameless,
    /// It may be of use again: an image the next deployment of its key adopts, a snapshot of an image that was
    /// deregistered outside of Ingot.
    Kept,
}

/// What the ledger knows of an object that carries our installation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// It carries the id of a deployment or of an effect.
    pub identity: bool,
    /// A row names it: an instance or a group of its deployment, an image that is not given up.
    pub named: bool,
    /// Its deployment is not finished, or a live task works for it: whoever it is may be about to adopt or end it.
    pub at_work: bool,
    /// The ledger has its deployment or its effect.
    pub known: bool,
    /// It may be of use again.
    pub useful: bool,
}

impl Owner {
    /// Who stands behind it.
    pub fn behind(self) -> Behind {
        match self {
            Owner { named: true, .. } => Behind::Wanted,
            Owner {
                identity: false, ..
            } => Behind::Nameless,
            Owner { at_work: true, .. } => Behind::Wanted,
            Owner { useful: true, .. } => Behind::Kept,
            Owner { known: true, .. } => Behind::Done,
            _ => Behind::Unheard,
        }
    }
}

/// The sentence for people about an object of `kind` that nobody wants.
pub fn said(kind: Kind, id: &str, behind: Behind, owner: &str) -> String {
    let thing = kind.said();
    match behind {
        Behind::Wanted => format!("{thing} {id} is wanted"),
        Behind::Done => format!("{thing} {id} was made for {owner}, which needs it no more"),
        Behind::Unheard => format!(
            "{thing} {id} carries our installation and {owner}, of which this ledger has never heard"
        ),
        Behind::Nameless => format!(
            "{thing} {id} carries our installation, but neither a deployment nor an effect: it is not touched"
        ),
        Behind::Kept => format!(
            "{thing} {id} of {owner} has no row of its own any more, and is kept because it may be of use again"
        ),
    }
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
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is fine.
    Leave,
    /// Tell it.
    Tell,
    /// Tell it and remove it.
    Remove,
}

/// Decides.
pub fn judge(view: View) -> Verdict {
    let removable = match view.behind {
        Behind::Wanted => return Verdict::Leave,
        Behind::Done => view.reap != Reap::Off,
        Behind::Unheard => view.reap == Reap::All,
        Behind::Nameless | Behind::Kept => false,
    };
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

    const BEHIND: [Behind; 5] = [
        Behind::Wanted,
        Behind::Done,
        Behind::Unheard,
        Behind::Nameless,
        Behind::Kept,
    ];

    fn removes(behind: Behind, reap: Reap) -> bool {
        let seen = Some((GRACE, 1));
        judge(View {
            behind,
            age: Some(GRACE),
            seen,
            reap,
        }) == Verdict::Remove
    }

    #[test]
    fn only_what_this_ledger_made_is_removed_unless_told_otherwise() {
        for behind in BEHIND {
            assert!(!removes(behind, Reap::Off), "{behind:?}");
            assert_eq!(
                removes(behind, Reap::On),
                behind == Behind::Done,
                "{behind:?}"
            );
            let all = matches!(behind, Behind::Done | Behind::Unheard);
            assert_eq!(removes(behind, Reap::All), all, "{behind:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_young_new_or_wanted_is_ever_removed(
            behind in 0..BEHIND.len(), age in proptest::option::of(0u64..7200), since in 0u64..7200, sightings in 0u32..5, stored: bool, all: bool,
        ) {
            let reap = if all { Reap::All } else { Reap::On };
            let seen = stored.then_some((Duration::from_secs(since), sightings));
            let view = View { behind: BEHIND[behind], age: age.map(Duration::from_secs), seen, reap };
            let verdict = judge(view);
            prop_assert_eq!(verdict == Verdict::Leave, view.behind == Behind::Wanted);
            if verdict == Verdict::Remove {
                prop_assert!(view.age.is_none_or(|age| age >= GRACE));
                prop_assert!(stored && sightings >= 1 && since >= GRACE.as_secs());
                prop_assert!(matches!(view.behind, Behind::Done | Behind::Unheard));
            }
        }
    }

    #[test]
    fn a_row_or_a_live_task_protects_and_nobody_is_guessed() {
        let owner = Owner {
            identity: true,
            ..Owner::default()
        };
        let behind = |change: fn(&mut Owner)| {
            let mut owner = owner;
            change(&mut owner);
            owner.behind()
        };
        assert_eq!(owner.behind(), Behind::Unheard);
        assert_eq!(behind(|o| o.known = true), Behind::Done);
        assert_eq!(
            behind(|o| (o.known, o.at_work) = (true, true)),
            Behind::Wanted
        );
        assert_eq!(
            behind(|o| (o.known, o.named) = (true, true)),
            Behind::Wanted
        );
        assert_eq!(behind(|o| (o.known, o.useful) = (true, true)), Behind::Kept);
        assert_eq!(
            behind(|o| (o.identity, o.known) = (false, true)),
            Behind::Nameless
        );
        assert_eq!(Owner::default().behind(), Behind::Nameless);
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
}
