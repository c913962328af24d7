//! Why a build does not start now, and when it does; where it is; how it ended.

use ingot_client::build::Build;

use crate::output::clean;
use crate::output::moment::moment;

/// The answer for people.
pub(super) fn told(build: &Build) -> String {
    let (id, what, cause) = (
        clean(&build.id),
        clean(&build.what()),
        clean(&build.cause()),
    );
    let mut lines = vec![format!("{id} ({what}, {cause}) {}", state(build))];
    for why in &build.why {
        lines.push(format!("  {:<11} {}", clean(&why.on), clean(&why.said)));
    }
    if let Some(start) = build.scheduled_for.filter(|_| build.waits()) {
        let purse = build.budget_source.as_deref().unwrap_or("-");
        let cost = build.estimated_cost.as_deref().unwrap_or("?");
        let start = moment(start, build.at);
        lines.push(format!(
            "  starts      {start}, paid by the {} purse, at most {} USD",
            clean(purse),
            clean(cost)
        ));
    }
    if let Some(deadline) = build.deadline.filter(|_| !build.is_over()) {
        let late = if build.late { ", which is at risk" } else { "" };
        lines.push(format!(
            "  deadline    {}{late}",
            moment(deadline, build.at)
        ));
    }
    if let Some(bound) = build
        .bound_at
        .filter(|_| !build.waits() && !build.is_over())
    {
        let bound = moment(bound, build.at);
        lines.push(format!("  ends by     {bound} whatever happens"));
    }
    if let (Some(by), Some(why)) = (&build.decided_by, &build.decided_reason) {
        lines.push(format!("  decided by  {}: {}", clean(by), clean(why)));
    }
    if let Some(way) = way_out(build) {
        lines.push(format!("  what to do  {way}"));
    }
    lines.join("\n")
}

fn state(build: &Build) -> String {
    let at = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or(String::new(), |at| format!(" {}", moment(at, build.at)))
    };
    match build.status.as_str() {
        "queued" if build.why.is_empty() => match &build.why_not_now {
            Some(why) => format!("waits: {}", clean(why)),
            None => "waits for its start".to_owned(),
        },
        "queued" if build.scheduled_for.is_none() => "is blocked".to_owned(),
        "queued" => "does not start now".to_owned(),
        "awaiting_approval" => "waits for a person's approval".to_owned(),
        "building" | "testing" | "publishing" => {
            let progress = build.progress.as_deref().map(clean);
            let progress = progress.map_or(String::new(), |is| format!(": {is}"));
            format!(
                "is {}{progress}; expected to be over{}",
                build.status,
                at(build.expected_end)
            )
        }
        status => {
            let error = build.error.as_deref().map(clean);
            let error = error.map_or(String::new(), |error| format!(": {error}"));
            format!("is {}{}{error}", clean(status), at(build.ended_at))
        }
    }
}

fn way_out(build: &Build) -> Option<String> {
    let (id, template) = (clean(&build.id), clean(&build.template));
    let again = clean(&build.ask_again());
    let lifted = build.lift_max_cost();
    let on = |word: &str| build.why.iter().any(|why| why.on == word);
    if let Some([reject, again]) = &lifted {
        return Some(format!("{}; then {}", clean(reject), clean(again)));
    }
    Some(match build.status.as_str() {
        "awaiting_approval" => format!(
            "ingot builds approve {id} --reason TEXT; or ingot builds reject {id} --reason TEXT"
        ),
        "queued" if on("price") => {
            "add the price of its instance type: ingot prices load FILE".to_owned()
        }
        "queued" if build.scheduled_for.is_none() && on("purse") => {
            "raise the budget, or ingot budget allow".to_owned()
        }
        "queued" => format!("to have it at once: {again} --urgent --reason TEXT"),
        "building" | "testing" | "publishing" => {
            let builder = build.deployment_id.as_deref().map(clean)?;
            format!("ingot watch {builder}; or ingot builds cancel {id} --reason TEXT")
        }
        "failed" => {
            format!("ingot builds logs {id}; then {again}")
        }
        "skipped" => format!("ingot templates auto-ami enable {template}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::builds::tests::waiting;

    #[test]
    fn a_build_that_waits_says_on_what_until_when_and_what_to_do() {
        assert_eq!(
            told(&waiting()),
            "bld_1 (web v1.2.0 in us-east-1, security medium) does not start now\n  \
             window      its window is closed until 2026-11-28T02:00:00Z\n  \
             starts      in 14 h (2026-11-28 02:00 UTC), paid by the daily purse, at most 8.50 USD\n  \
             deadline    in 6 days (2026-12-04 11:00 UTC)\n  \
             what to do  to have it at once: ingot templates auto-ami build web --version v1.2.0 --mode full \
             --architecture x86_64 --region us-east-1 --urgent --reason TEXT"
        );
        let mut asks = waiting();
        asks.status = "awaiting_approval".to_owned();
        assert!(told(&asks).contains("ingot builds approve bld_1"));
    }

    #[test]
    fn a_build_over_its_limit_is_rejected_and_asked_for_with_a_larger_one() {
        let mut build = waiting();
        build.scheduled_for = None;
        build.why[0].on = "max_cost".to_owned();
        let text = told(&build);
        assert!(
            text.contains(
                "what to do  ingot builds reject bld_1 --reason TEXT; then ingot templates auto-ami build web \
                 --version v1.2.0 --mode full --architecture x86_64 --region us-east-1 --max-cost 8.50"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_build_that_runs_says_where_it_is_and_one_that_failed_why() {
        let mut build = waiting();
        build.status = "building".to_owned();
        build.why.clear();
        build.progress = Some("installing: step 2 of 4: nginx".to_owned());
        build.expected_end = Some(build.at + chrono::TimeDelta::minutes(20));
        build.deployment_id = Some("dep_1".to_owned());
        let text = told(&build);
        assert!(
            text.contains(
                "is building: installing: step 2 of 4: nginx; expected to be over in 20 min"
            ),
            "{text}"
        );
        assert!(text.contains("ingot watch dep_1"), "{text}");
        build.status = "failed".to_owned();
        build.error = Some("step 2 failed".to_owned());
        build.ended_at = Some(build.at);
        let text = told(&build);
        assert!(
            text.contains("is failed just now (2026-11-27 12:00 UTC): step 2 failed"),
            "{text}"
        );
        assert!(text.contains("ingot builds logs bld_1"), "{text}");
    }
}
