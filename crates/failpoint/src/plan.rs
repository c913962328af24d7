//! What shall happen at which point, as a text: `launch.after_effect=abort*1;create_image.*=sleep(500);shared=DIR`.
#![cfg_attr(
    not(feature = "enabled"),
    expect(dead_code, reason = "only a build with failpoints follows a plan")
)]

use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The process dies where it stands, as by kill -9: nothing is flushed, nothing is dropped.
    Abort,
    /// The visit stands still for this long; others go on.
    Sleep(Duration),
    /// The visit panics, which is how an error ends that the code does not foresee.
    Panic,
}

/// A point (or a beginning of names, with `*` at its end), what happens there, and how often.
#[derive(Debug)]
pub struct Rule {
    pub(crate) pattern: String,
    pub(crate) action: Action,
    /// How often; 0 for always.
    pub(crate) times: u32,
    /// How often it happened in this process.
    pub(crate) done: AtomicU32,
}

impl Rule {
    /// Whether it is about this point.
    pub(crate) fn fits(&self, point: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(beginning) => point.starts_with(beginning),
            None => point == self.pattern,
        }
    }
}

/// A drill: rules, the first that fits counts, divided by `;`.
///
/// `abort`, `panic`, `sleep(MILLISECONDS)`, each with `*TIMES` or always. `TIMES` count for every point by itself and in this
/// process; with `shared=DIR` they count for all processes that share the folder, restarted ones too: each time leaves a
/// file `<point>.<n>` there, which is also how a test learns what happened.
#[derive(Debug, Default)]
pub struct Plan {
    pub(crate) rules: Vec<Rule>,
    pub(crate) shared: Option<PathBuf>,
}

/// A text that is no plan.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Malformed {
    /// Not `point=action`.
    #[error(
        "`{0}` is not POINT=ACTION, where ACTION is abort, panic or sleep(MS), with *TIMES or without"
    )]
    Rule(String),
    /// No point is called so.
    #[error("there is no failpoint `{0}`")]
    Point(String),
    /// There is a plan already.
    #[error("the failpoints of this process are set already")]
    Again,
    /// This build has none.
    #[error("this build of ingot has no failpoints")]
    NoPoints,
}

impl Plan {
    /// Reads a plan; names are not checked here.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut plan = Self::default();
        for part in text
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let malformed = || Malformed::Rule(part.to_owned());
            let (name, act) = part.split_once('=').ok_or_else(malformed)?;
            if name == "shared" {
                plan.shared = Some(PathBuf::from(act));
                continue;
            }
            let (act, times) = match act.rsplit_once('*') {
                Some((act, times)) => (act, times.parse().map_err(|_| malformed())?),
                None => (act, 0),
            };
            plan.rules.push(Rule {
                pattern: name.to_owned(),
                action: action(act).ok_or_else(malformed)?,
                times,
                done: AtomicU32::new(0),
            });
        }
        Ok(plan)
    }
}

fn action(text: &str) -> Option<Action> {
    match text {
        "abort" => Some(Action::Abort),
        "panic" => Some(Action::Panic),
        _ => {
            let millis = text.strip_prefix("sleep(")?.strip_suffix(')')?;
            Some(Action::Sleep(Duration::from_millis(millis.parse().ok()?)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read() {
        let plan = Plan::parse("a.b=abort*1; c.*=sleep(500);d=panic;shared=x/y;").expect("a plan");
        let told: Vec<_> = plan
            .rules
            .iter()
            .map(|rule| (rule.pattern.as_str(), rule.action, rule.times))
            .collect();
        assert_eq!(
            told,
            [
                ("a.b", Action::Abort, 1),
                ("c.*", Action::Sleep(Duration::from_millis(500)), 0),
                ("d", Action::Panic, 0),
            ]
        );
        assert_eq!(plan.shared, Some(PathBuf::from("x/y")));
        assert!(plan.rules[1].fits("c.d") && !plan.rules[1].fits("a.b"));
        assert!(plan.rules[0].fits("a.b") && !plan.rules[0].fits("a.bc"));
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        for text in ["a", "a=b", "a=abort*x", "a=sleep(1s)", "a=sleep(1", "=*"] {
            assert_eq!(
                Plan::parse(text).map(|_| ()),
                Err(Malformed::Rule(text.to_owned())),
                "{text}"
            );
        }
    }
}
