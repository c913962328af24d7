//! Every step of every row: triggers note what a row was and became, from every writer and however short it was so. The
//! transition tables judge it afterwards (FAULTS I4).

use anyhow::Result;
use ingot_domain::build::BuildStatus;
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::image::ImageStatus;
use ingot_domain::task::TaskState;
use ingot_migration::sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::Value;

use super::{json, text};

/// A schema of its own, so that a comparison of shapes does not see it.
const START: &str = "
    CREATE SCHEMA checker;
    CREATE TABLE checker.step (n bigserial PRIMARY KEY, of text, before jsonb, after jsonb);
    CREATE FUNCTION checker.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO checker.step (of, before, after) VALUES (TG_TABLE_NAME,
            to_jsonb(OLD) - 'order' - 'recipe' - 'params', to_jsonb(NEW) - 'order' - 'recipe' - 'params');
        RETURN NULL;
    END $$;
    CREATE TRIGGER checker AFTER UPDATE OR DELETE ON deployment FOR EACH ROW EXECUTE FUNCTION checker.note();
    CREATE TRIGGER checker AFTER UPDATE OR DELETE ON image FOR EACH ROW EXECUTE FUNCTION checker.note();
    CREATE TRIGGER checker AFTER UPDATE OR DELETE ON effect FOR EACH ROW EXECUTE FUNCTION checker.note();
    CREATE TRIGGER checker AFTER UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION checker.note();
    CREATE TRIGGER checker AFTER UPDATE OR DELETE ON build FOR EACH ROW EXECUTE FUNCTION checker.note();
    CREATE TRIGGER checker AFTER UPDATE OR DELETE ON purse FOR EACH ROW EXECUTE FUNCTION checker.note();
    CREATE TRIGGER checker AFTER UPDATE OR DELETE ON purse_entry FOR EACH ROW EXECUTE FUNCTION checker.note();
    CREATE TRIGGER checker AFTER UPDATE ON task FOR EACH ROW
        WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.epoch IS DISTINCT FROM NEW.epoch)
        EXECUTE FUNCTION checker.note();";

pub(super) async fn start(db: &DatabaseConnection) -> Result<()> {
    db.execute_unprepared(START).await?;
    Ok(())
}

pub(super) async fn violations(db: &DatabaseConnection) -> Result<Vec<String>> {
    let steps = json(
        db,
        "SELECT jsonb_build_object('of', of, 'before', before, 'after', after) FROM checker.step ORDER BY n",
    )
    .await?;
    Ok(steps.iter().filter_map(illegal).collect())
}

/// What is wrong with a step.
fn illegal(step: &Value) -> Option<String> {
    let (of, before, after) = (text(&step["of"]), &step["before"], &step["after"]);
    if after.is_null() {
        return Some(format!("I4: a row of `{of}` was deleted: {before}"));
    }
    let why = match of.as_str() {
        "deployment" => deployment(before, after),
        "task" => task(before, after),
        "image" => image(before, after),
        "effect" => effect(before, after),
        "build" => build(before, after),
        "purse" => purse(after),
        "purse_entry" => entry(before, after),
        _ => Some("an event never changes".to_owned()),
    };
    let invariant = if of.starts_with("purse") { "I5" } else { "I4" };
    why.map(|why| format!("{invariant}: {of} {}: {why}", text(&before["id"])))
}

fn changed(before: &Value, after: &Value, column: &str) -> Option<(String, String)> {
    let (from, to) = (text(&before[column]), text(&after[column]));
    (from != to).then_some((from, to))
}

/// A move that the table of the column's states does not have.
fn leap<S>(
    moved: Option<(String, String)>,
    parse: impl Fn(&str) -> Option<S>,
    may: impl Fn(S, S) -> bool,
) -> Option<String> {
    let (from, to) = moved?;
    let legal = parse(&from)
        .zip(parse(&to))
        .is_some_and(|(from, to)| may(from, to));
    (!legal).then(|| format!("it went from `{from}` to `{to}`"))
}

/// A count of starts goes on by one.
fn run(before: &Value, after: &Value) -> Option<String> {
    let (old, new) = (number(before, "run"), number(after, "run"));
    (new != old && new != old + 1).then(|| format!("its run went from {old} to {new}"))
}

/// Each write counts a row's version on.
fn version(before: &Value, after: &Value) -> Option<String> {
    let (old, new) = (number(before, "row_version"), number(after, "row_version"));
    (new != old + 1).then(|| format!("its version went from {old} to {new}"))
}

fn number(row: &Value, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_default()
}

fn deployment(before: &Value, after: &Value) -> Option<String> {
    let moved = changed(before, after, "status");
    let shorter = number(after, "event_seq") < number(before, "event_seq");
    leap(moved, Status::parse, Status::may_become)
        .or_else(|| run(before, after))
        .or_else(|| {
            // A new run begins its AMI anew.
            let same = number(before, "run") == number(after, "run");
            let (from, to) = changed(before, after, "ami_status").filter(|_| same)?;
            let legal = AmiStatus::parse(&to);
            let legal = legal.is_some_and(|to| to.may_follow(AmiStatus::parse(&from)));
            (!legal).then(|| format!("its AMI went from `{from}` to `{to}`"))
        })
        .or_else(|| version(before, after))
        .or_else(|| shorter.then(|| "its story became shorter".to_owned()))
}

fn task(before: &Value, after: &Value) -> Option<String> {
    let (from, to) = (text(&before["state"]), text(&after["state"]));
    let legal = TaskState::parse(&from)
        .zip(TaskState::parse(&to))
        .is_some_and(|(from, to)| from.next().contains(&to));
    if from != to && !legal {
        return Some(format!("it went from `{from}` to `{to}`"));
    }
    let (old, new) = (number(before, "epoch"), number(after, "epoch"));
    if new < old {
        return Some(format!("its epoch went from {old} back to {new}"));
    }
    // The worker that holds a task holds an epoch that no worker held before.
    (to == "running" && from != to && new <= old)
        .then(|| format!("it was claimed without a new epoch, at {old}"))
}

fn image(before: &Value, after: &Value) -> Option<String> {
    let moved = changed(before, after, "status");
    leap(moved, ImageStatus::parse, ImageStatus::may_become)
}

fn effect(before: &Value, after: &Value) -> Option<String> {
    let (from, to) = changed(before, after, "state")?;
    (from != "intent").then(|| format!("it was settled twice, from `{from}` to `{to}`"))
}

fn build(before: &Value, after: &Value) -> Option<String> {
    let moved = changed(before, after, "status");
    leap(moved, BuildStatus::parse, BuildStatus::may_become)
        .or_else(|| run(before, after))
        .or_else(|| version(before, after))
}

/// After every step no more is committed than the limit.
fn purse(after: &Value) -> Option<String> {
    let [reserved, spent, limit] =
        ["reserved_micros", "spent_micros", "limit_micros"].map(|column| number(after, column));
    (reserved < 0 || spent < 0 || reserved + spent > limit)
        .then(|| format!("{reserved} reserved and {spent} spent micro-dollars of {limit}"))
}

/// What was entered stays; an allowance alone may grow.
fn entry(before: &Value, after: &Value) -> Option<String> {
    let (old, new) = (number(before, "micros"), number(after, "micros"));
    let kind = text(&before["kind"]);
    (old != new && (kind != "allowance" || new < old)).then(|| {
        let build = text(&before["build"]);
        format!("`{kind}` of {build} went from {old} to {new}")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A checker that finds nothing proves nothing.
    #[test]
    fn each_kind_of_illegal_step_is_found() {
        let legal = json!({ "of": "deployment",
            "before": { "id": "dep_1", "status": "queued", "run": 1, "row_version": 1, "event_seq": 2 },
            "after": { "id": "dep_1", "status": "deploying", "run": 1, "row_version": 2, "event_seq": 3 } });
        assert_eq!(illegal(&legal), None);
        let with = |of: &str, before: Value, after: Value| {
            let mut step = legal.clone();
            step["of"] = json!(of);
            for (side, change) in [("before", before), ("after", after)] {
                for (name, value) in change.as_object().unwrap() {
                    step[side][name] = value.clone();
                }
            }
            step
        };
        let running = json!({ "state": "running", "epoch": 3 });
        let table = [
            with("deployment", json!({}), json!({ "status": "success" })),
            with("deployment", json!({}), json!({ "run": 3 })),
            with(
                "deployment",
                json!({}),
                json!({ "ami_status": "completed" }),
            ),
            with("deployment", json!({}), json!({ "row_version": 3 })),
            with("deployment", json!({}), json!({ "event_seq": 1 })),
            with("task", json!({ "state": "completed" }), running.clone()),
            with(
                "task",
                running.clone(),
                json!({ "state": "scheduled", "epoch": 2 }),
            ),
            with("task", json!({ "state": "scheduled", "epoch": 3 }), running),
            with(
                "image",
                json!({ "status": "deleted" }),
                json!({ "status": "pending" }),
            ),
            with(
                "effect",
                json!({ "state": "done" }),
                json!({ "state": "not_done" }),
            ),
            with("event", json!({}), json!({})),
            with(
                "build",
                json!({ "status": "completed" }),
                json!({ "status": "building" }),
            ),
            with(
                "build",
                json!({ "status": "queued" }),
                json!({ "status": "building", "run": 3 }),
            ),
            with(
                "purse",
                json!({}),
                json!({ "reserved_micros": 2, "spent_micros": 2, "limit_micros": 3 }),
            ),
            with(
                "purse_entry",
                json!({ "kind": "settled", "micros": 2 }),
                json!({ "micros": 3 }),
            ),
            json!({ "of": "event", "before": { "id": "e" }, "after": null }),
        ];
        for step in table {
            assert!(illegal(&step).is_some(), "{step}");
        }
    }
}
