//! The copies of a build's image: to which regions they go, and what follows from how each of them stands. One region's
//! failure does not take the others along.

/// Copies of one image into one region that are tried by themselves, when EC2 took the order and failed it.
pub const TRIES: usize = 3;

/// The regions that a build's image is copied to, in this order: those of the policy's `region_priority`, else those that the
/// template names; of them those in which the template may run and the installation works, but not the build's own. A template
/// that names no region under a policy that names none is built where it is asked for, and copied nowhere.
pub fn regions(
    own: &str,
    template: &[String],
    priority: Option<&[String]>,
    installation: Option<&[String]>,
) -> Vec<String> {
    let mut wanted: Vec<String> = Vec::new();
    for region in priority.unwrap_or(template) {
        let runs = template.is_empty() || template.contains(region);
        let works = installation.is_none_or(|all| all.contains(region));
        if runs && works && region != own && !wanted.contains(region) {
            wanted.push(region.clone());
        }
    }
    wanted
}

/// How a region stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// Nothing was begun.
    Not,
    /// Its copy is being made; `ours`: for this image, not another one of the key.
    Making {
        /// Whether it is a copy of the build's image.
        ours: bool,
    },
    /// It has the image.
    There,
    /// The last copy failed.
    Failed {
        /// Why.
        why: String,
        /// EC2 took the order.
        taken: bool,
        /// Copies of this image that failed there.
        times: usize,
    },
}

impl Copied {
    /// Whether nothing more comes of it by itself.
    fn is_over(&self) -> bool {
        match self {
            Copied::There => true,
            Copied::Not | Copied::Making { .. } => false,
            Copied::Failed { taken, times, .. } => !taken || *times >= TRIES,
        }
    }
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// These copies are begun, by the place of their region.
    Begin(Vec<usize>),
    /// These copies are given up, by the place of their region.
    GiveUp(Vec<usize>),
    /// Copies are in the making.
    Watch,
    /// Every region has its image, or none will come.
    Over,
}

/// Decides. A person's cancellation begins nothing and gives up what is in the making.
pub fn step(regions: &[Copied], cancelled: bool) -> Step {
    let places = |wanted: &dyn Fn(&Copied) -> bool| -> Vec<usize> {
        let all = regions.iter().enumerate();
        all.filter(|(_, one)| wanted(one))
            .map(|(at, _)| at)
            .collect()
    };
    let making = places(&|one| *one == Copied::Making { ours: true });
    if cancelled {
        return match making.is_empty() {
            true => Step::Over,
            false => Step::GiveUp(making),
        };
    }
    let due = places(&|one| !one.is_over() && !matches!(one, Copied::Making { .. }));
    if !due.is_empty() {
        return Step::Begin(due);
    }
    match regions.iter().all(Copied::is_over) {
        true => Step::Over,
        false => Step::Watch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn copies_go_where_the_policy_or_the_template_says() {
        // own, template, priority, installation → copies
        let table = [
            ("a", "", None, None, ""),
            ("a", "a b c", None, None, "b c"),
            ("b", "a b c", None, Some("a b"), "a"),
            ("a", "", Some("c a b"), None, "c b"),
            ("a", "a b", Some("c b a"), None, "b"),
            ("a", "a b", Some("c"), None, ""),
            ("a", "", Some("b c"), Some("a c"), "c"),
            ("a", "", None, Some("a b c"), ""),
            ("a", "", Some("b b"), None, "b"),
        ];
        for (own, template, priority, installation, expected) in table {
            let (priority, installation) = (priority.map(names), installation.map(names));
            let found = regions(
                own,
                &names(template),
                priority.as_deref(),
                installation.as_deref(),
            );
            assert_eq!(found, names(expected), "{own} {template} {priority:?}");
        }
    }

    fn failed(taken: bool, times: usize) -> Copied {
        Copied::Failed {
            why: "EC2 says no".to_owned(),
            taken,
            times,
        }
    }

    #[test]
    fn each_region_is_tried_by_itself() {
        use Copied::{Making, Not, There};
        let (ours, other) = (Making { ours: true }, Making { ours: false });
        let table = [
            (vec![], false, Step::Over),
            (vec![Not, There, Not], false, Step::Begin(vec![0, 2])),
            (
                vec![ours.clone(), failed(true, 1)],
                false,
                Step::Begin(vec![1]),
            ),
            (vec![ours.clone(), There], false, Step::Watch),
            (vec![other.clone(), There], false, Step::Watch),
            (vec![failed(false, 1), There], false, Step::Over),
            (
                vec![failed(true, TRIES), failed(false, 1)],
                false,
                Step::Over,
            ),
            (vec![Not, ours, There], true, Step::GiveUp(vec![1])),
            (vec![Not, other, failed(true, 1)], true, Step::Over),
        ];
        for (regions, cancelled, expected) in table {
            assert_eq!(step(&regions, cancelled), expected, "{regions:?}");
        }
    }

    proptest! {
        /// However the copies of an image end, a build that does what is said comes to its end.
        #[test]
        fn publishing_ends(ends in proptest::collection::vec(proptest::collection::vec(0..3u8, 4), 1..6)) {
            let mut regions = vec![Copied::Not; ends.len()];
            let mut tries = vec![0; ends.len()];
            for _ in 0..(ends.len() * TRIES + 1) {
                match step(&regions, false) {
                    Step::Over => return Ok(()),
                    Step::Begin(places) => for at in places {
                        tries[at] += 1;
                        prop_assert!(tries[at] <= TRIES);
                        regions[at] = match ends[at][tries[at]] {
                            0 => Copied::There,
                            1 => failed(true, tries[at]),
                            _ => failed(false, tries[at]),
                        };
                    },
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!(step(&regions, false), Step::Over);
        }
    }
}
