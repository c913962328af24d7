//! Failpoints in a build that has them: the register the linker fills, the plan of this process, and what reaching a point
//! does.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::plan::{Action, Malformed, Plan, Rule};
use crate::{FIVE, THREE};

/// An entry of the register.
#[doc(hidden)]
#[derive(Debug)]
pub enum Registered {
    /// A point of its own.
    Point(&'static str),
    /// An act, which has five.
    Act(&'static str),
    /// A step, which has three.
    Step(&'static str),
}

inventory::collect!(Registered);

static PLAN: OnceLock<Plan> = OnceLock::new();
static ALONE: Mutex<()> = Mutex::new(());

/// Every point linked into this binary, in order of their names.
pub fn points() -> Vec<String> {
    let mut names: Vec<String> = inventory::iter::<Registered>
        .into_iter()
        .flat_map(|entry| match entry {
            Registered::Point(name) => vec![(*name).to_owned()],
            Registered::Act(act) => FIVE.map(|point| format!("{act}.{point}")).to_vec(),
            Registered::Step(step) => THREE.map(|point| format!("{step}.{point}")).to_vec(),
        })
        .collect();
    names.sort();
    names
}

/// Sets what happens at the points of this process; a name that no point has is refused.
pub fn set(text: &str) -> Result<(), Malformed> {
    let plan = Plan::parse(text)?;
    let known = points();
    for rule in &plan.rules {
        if !known.iter().any(|name| rule.fits(name)) {
            return Err(Malformed::Point(rule.pattern.clone()));
        }
    }
    PLAN.set(plan).map_err(|_| Malformed::Again)
}

/// Does what the plan says of a point; nothing without a plan.
pub async fn reach(point: &str) {
    let Some(plan) = PLAN.get() else { return };
    let Some(rule) = plan.rules.iter().find(|rule| rule.fits(point)) else {
        return;
    };
    if !takes_turn(plan, rule, point) {
        return;
    }
    match rule.action {
        // Said and done within the turn.
        Action::Abort => {}
        Action::Sleep(time) => tokio::time::sleep(time).await,
        Action::Panic => std::panic::panic_any(format!("failpoint {point}")),
    }
}

/// Takes the point's turn, if it has one, and says so; an abort happens here. One point at a time, because a process dies
/// once: the second of two that are reached together would use up its turn for a death it does not cause.
fn takes_turn(plan: &Plan, rule: &Rule, point: &str) -> bool {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !turn(plan, rule, point) {
        return false;
    }
    // The last word of a process that dies here; a stderr without a reader is no reason to live.
    let _ = writeln!(std::io::stderr(), "failpoint {point}: {:?}", rule.action);
    if rule.action == Action::Abort {
        std::process::abort();
    }
    true
}

/// Whether it is this point's turn once more; with a shared folder the process that makes the file has the turn.
fn turn(plan: &Plan, rule: &Rule, point: &str) -> bool {
    match &plan.shared {
        Some(folder) if rule.times > 0 => (1..=rule.times).any(|n| first(folder, point, n)),
        _ => rule.times == 0 || rule.done.fetch_add(1, Ordering::Relaxed) < rule.times,
    }
}

fn first(folder: &Path, point: &str, n: u32) -> bool {
    let file = folder.join(format!("{point}.{n}"));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_folder_counts_for_every_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("a.*=abort*2;b=panic*1;shared={}", folder.path().display());
        let (one, other) = (Plan::parse(&text), Plan::parse(&text));
        let (one, other) = (one.expect("a plan"), other.expect("a plan"));
        assert!(turn(&one, &one.rules[0], "a.x"));
        assert!(turn(&other, &other.rules[0], "a.x"));
        assert!(!turn(&other, &other.rules[0], "a.x"), "twice for all");
        assert!(turn(&one, &one.rules[0], "a.y"), "each point by itself");
        assert!(turn(&one, &one.rules[1], "b") && !turn(&other, &other.rules[1], "b"));
        assert!(folder.path().join("a.x.2").exists());
    }

    #[test]
    fn without_a_folder_each_process_counts() {
        let plan = Plan::parse("a=abort*2;b=abort").expect("a plan");
        let turns = |rule: usize| {
            (0..4)
                .filter(|_| turn(&plan, &plan.rules[rule], "a"))
                .count()
        };
        assert_eq!((turns(0), turns(1)), (2, 4));
    }
}
