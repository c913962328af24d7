//! What the story says of an installation, and what it says when it fails.

use ingot_domain::event::{Line, Source};
use ingot_domain::guest::progress::{LAST, MOST_LINES, News};
use ingot_domain::guest::tail;
use ingot_domain::render;

use crate::case::Case;
use crate::tools::Tools;

/// Characters of a failing step's last lines in the deployment's error.
const LONGEST_TAIL: usize = 900;

/// The kind of event that a step begins with.
pub(super) const STEP: &str = "install.step";

/// The names of the installation's steps; a script under `user_data` is one.
pub(super) fn steps(case: &Case) -> Vec<String> {
    if case.recipe.user_data.is_some() {
        return vec!["user_data".to_owned()];
    }
    let values = case.values();
    let names = case.recipe.steps_run().into_iter();
    names
        .map(|step| render::fill(&step.name, &values))
        .collect()
}

/// `step 2 of 4 "install nginx"`.
pub(super) fn named(step: u32, steps: &[String]) -> String {
    let at = usize::try_from(step).unwrap_or(0).checked_sub(1);
    match at.and_then(|at| steps.get(at)) {
        Some(name) => format!("step {step} of {} \"{name}\"", steps.len()),
        None => "the installation, before its first step,".to_owned(),
    }
}

pub(super) fn told(news: News, steps: &[String]) -> Line {
    let line = |kind, said| Line::info(kind, Source::Install, said);
    match news {
        News::Step(step) => {
            let at = usize::try_from(step).unwrap_or(0).saturating_sub(1);
            let name = steps.get(at).map_or("", String::as_str);
            line(STEP, format!("step {step} of {}: {name}", steps.len()))
        }
        News::Line(text) => line("install.output", text),
        News::LeftOut(bytes) => line(
            "install.left_out",
            format!("… {bytes} bytes of output are left out here; the instance's console has them"),
        ),
        News::Gone(lines) => line(
            "install.left_out",
            format!("… {lines} lines of output were gone from the console before they were read"),
        ),
        News::Full => line(
            "install.left_out",
            format!(
                "… {MOST_LINES} lines of output are told; of the rest only the steps, and the last {LAST} lines if one fails"
            ),
        ),
    }
}

/// The deployment fails at once, and the story says what to do.
pub(super) fn failed(tools: &Tools, case: &mut Case, what: &str, code: i32, last: &[String]) {
    let why = format!("{what} failed with exit code {code}");
    let printed = tail(&last.join("\n"), LONGEST_TAIL);
    let why = if printed.is_empty() {
        why
    } else {
        format!("{why}: {printed}")
    };
    case.fail(tools, &why, Source::Install);
    let (id, template) = (&case.row.id, &case.row.template);
    // That the instance runs on, and what that costs, every failure says (`lifetime`).
    let said = format!(
        "Look at the instance while it is there; then mend template `{template}`, `ingot templates apply` it, and `ingot deployments retry {id} --latest`"
    );
    case.say(Line::info("install.way_out", Source::Install, said).warn());
}
