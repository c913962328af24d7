//! Judging one update of a base image from the feeds in the ledger: the judgement is a row of its own, and whether the
//! update's level becomes it is decided by `ingot_domain::advisory::standing`. What newest images lack is judged in `fixes`.

pub(super) mod fixes;

use chrono::TimeDelta;
use ingot_domain::advisory::apply::Images;
use ingot_domain::advisory::assess::{Assessment, Confidence, Known, RULESET, assess};
use ingot_domain::advisory::base::{Base, Build};
use ingot_domain::advisory::level::SecurityLevel;
use ingot_domain::advisory::packages::{BaseSet, PackageList};
use ingot_domain::advisory::standing::{Follow, Said, follow, is_due};
use ingot_domain::event::{Line, Source};
use ingot_domain::notice::{Notice, Severity, Topic};
use ingot_domain::task::TaskKind;
use ingot_engine::Visit;
use ingot_entity::store::{Claim, Move, Moved, New, NewTask, Then, UpdateCase};
use ingot_entity::{assessment, base_update};
use serde_json::{Value, json};

use crate::case::VisitError;
use crate::tools::Tools;

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    if let Some(visit) = fixes::visit(tools, id).await? {
        return Ok(visit);
    }
    let Some(case) = tools.ledger.update_case(id).await? else {
        return Err(VisitError::Nonsense(format!(
            "there is no update `{id}` of a base image"
        )));
    };
    let mut visit = Visit::only(Then::Done);
    if case.update.kind != "update" {
        return Ok(visit);
    }
    let judged = judged(tools, &case).await?;
    write_down(tools, &case, judged, &mut visit);
    Ok(visit)
}

/// How long ago an update may have come that a changed feed still asks a new judgement of.
const WATCHED: TimeDelta = TimeDelta::days(90);

/// Asks for the judgements that are due: by the clock, or because a feed has changed since the last one.
pub(super) async fn spread(tools: &Tools) -> Result<Visit, VisitError> {
    let mut visit = Visit::only(Then::Done);
    let (real, now) = (tools.ledger.now(), tools.ledger.calendar_now());
    let feeds = tools.ledger.feeds().await?;
    for row in tools.ledger.updates_since(now - WATCHED).await? {
        let read = row.judged_feeds.as_ref().and_then(Value::as_object);
        let changed = read.is_some_and(|read| {
            feeds.iter().any(|feed| {
                let rested_on = read.get(&feed.name).and_then(Value::as_i64);
                feed.generation > 0 && rested_on.unwrap_or(0) != feed.generation
            })
        });
        if is_due(row.detected_at, row.judged_at, changed, now) {
            let key = format!("{}:{}", TaskKind::Judge, row.id);
            let task = NewTask::about(TaskKind::Judge, &row.id, key, real);
            visit.change.tasks.push(task);
        }
    }
    visit.change.tasks.extend(fixes::due(tools, None).await?);
    Ok(visit)
}

/// A judgement as it is stored.
struct Judged {
    update_type: String,
    level: SecurityLevel,
    confidence: Confidence,
    upper_bound: SecurityLevel,
    headline: Option<String>,
    feeds: Value,
    body: Value,
}

async fn judged(tools: &Tools, case: &UpdateCase) -> Result<Judged, VisitError> {
    let (Some(old), Some(new)) = (&case.old, &case.new) else {
        return Ok(unknown(case, "the builds are not on record"));
    };
    let Some(base) = case.track.base() else {
        return Ok(unknown(
            case,
            "no advisories are known for this track: its definition has no `like`",
        ));
    };
    let (Ok(from), Ok(to)) = (Build::parse(&old.build), Build::parse(&new.build)) else {
        return Ok(unknown(case, "its builds have no day in their names"));
    };
    // Only a simulated vendor publishes a build of a day to come: it is judged as of when it was made.
    let made = case.appeared.unwrap_or_default();
    let at = tools.ledger.calendar_now().max(made);
    let mut told = tools.ledger.known_for(base.os, &base.release, at).await?;
    if let Some(feed) = &mut told.feed {
        // A feed ages in real time, however fast the calendar runs: what a vendor said an hour ago is not a month old
        // because a simulated month passed meanwhile.
        let now = tools.ledger.now();
        feed.fetched = feed.fetched.map(|fetched| at - (now - fetched));
    }
    let set = BaseSet::of(&base);
    let (old_list, new_list) = (
        own_list(tools, old, &set).await?,
        own_list(tools, new, &set).await?,
    );
    let images = Images {
        created: case.appeared.unwrap_or_else(|| to.end()),
        set,
        old: from,
        new: to,
        old_list,
        new_list,
        repositories: None,
        base,
    };
    let known = Known {
        images: &images,
        advisories: &told.advisories,
        listed: None,
        signals: &told.signals,
        feed: told.feed.as_ref(),
        earlier: Some(&case.earlier),
    };
    let mut said = assess(&known, at);
    let sides = [
        (&images.old_list, OWN_LISTS[0]),
        (&images.new_list, OWN_LISTS[1]),
    ];
    let listed = sides.into_iter().filter(|(list, _)| list.is_some());
    said.tags.extend(listed.map(|(_, tag)| tag.to_owned()));
    stored(case, &said, json!(told.generations), &images.base)
}

/// Tags of a judgement by the list that an install took of the old base, and of the new one.
const OWN_LISTS: [&str; 2] = ["list:old", "list:new"];

/// What a build carries, once an install on it has listed that.
async fn own_list(
    tools: &Tools,
    base: &ingot_entity::base::Model,
    set: &BaseSet,
) -> Result<Option<PackageList>, VisitError> {
    let listed = tools
        .ledger
        .packages_of_base(&base.owner, &base.name)
        .await?;
    Ok(listed.map(|listed| listed.list(set)))
}

fn stored(
    case: &UpdateCase,
    said: &Assessment,
    feeds: Value,
    base: &Base,
) -> Result<Judged, VisitError> {
    let body = serde_json::to_value(said).map_err(|source| {
        VisitError::Nonsense(format!(
            "the judgement of {base} cannot be stored: {source}"
        ))
    })?;
    let headline = said.headline.as_ref().map(|row| {
        let names = [row.advisory.as_deref(), row.cve.as_deref()];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        let rules: Vec<String> = row.rules.iter().map(|rule| format!("{rule:?}")).collect();
        let rules = match rules.len() {
            0 => String::new(),
            1 => format!(", rule {}", rules[0]),
            _ => format!(", rules {}", rules.join(" ")),
        };
        format!("{} in {}{rules}", names.join(", "), row.package)
    });
    let update_type = body.get("update_type").and_then(Value::as_str);
    Ok(Judged {
        update_type: update_type.unwrap_or("unknown").to_owned(),
        level: said.security_level,
        confidence: said.confidence,
        upper_bound: said.upper_bound,
        headline: headline.or_else(|| said.reasons.first().cloned()),
        feeds,
        body: bounded(with_tags(body, case)),
    })
}

/// Rows of evidence that are kept of a judgement, the gravest ones: a window that is years wide has hundreds of thousands,
/// and each reader of the update would pay for them.
const KEPT: usize = 500;

fn bounded(mut body: Value) -> Value {
    let mut left_off = 0;
    for part in ["evidence", "outside"] {
        if let Some(rows) = body.get_mut(part).and_then(Value::as_array_mut) {
            left_off += rows.len().saturating_sub(KEPT);
            rows.truncate(KEPT);
        }
    }
    if left_off > 0
        && let Some(reasons) = body.get_mut("reasons").and_then(Value::as_array_mut)
    {
        let said = format!("{left_off} more items are not kept: these are the gravest {KEPT}");
        reasons.push(said.into());
    }
    body
}

/// The facts that the scan saw beside the rules' own.
fn with_tags(mut body: Value, case: &UpdateCase) -> Value {
    let seen: Vec<String> = serde_json::from_value(case.update.tags.clone()).unwrap_or_default();
    if let Some(tags) = body.get_mut("tags").and_then(Value::as_array_mut) {
        for tag in seen {
            if !tags.iter().any(|known| known.as_str() == Some(&tag)) {
                tags.push(tag.into());
            }
        }
    }
    body
}

/// What cannot be judged is unknown, with the reason, and never low.
fn unknown(case: &UpdateCase, why: &str) -> Judged {
    let tags: Vec<String> = serde_json::from_value(case.update.tags.clone()).unwrap_or_default();
    let feature = tags.iter().any(|tag| tag.starts_with("feature:"));
    let update_type = if feature { "feature" } else { "unknown" };
    let level = SecurityLevel::Unknown;
    Judged {
        update_type: update_type.to_owned(),
        level,
        confidence: Confidence::None,
        upper_bound: level,
        headline: Some(why.to_owned()),
        feeds: json!({}),
        body: json!({
            "update_type": update_type, "security_level": level, "upper_bound": level, "confidence": "none",
            "headline": null, "reasons": [why], "tags": tags, "changelog_url": null, "outside": [], "evidence": [],
        }),
    }
}

fn write_down(tools: &Tools, case: &UpdateCase, judged: Judged, visit: &mut Visit) {
    let before = &case.update;
    let at = tools.ledger.calendar_now();
    let said = Said {
        level: judged.level,
        confidence: judged.confidence,
    };
    let followed = follow(case.standing, said);
    let mut after = base_update::Model {
        judged_at: Some(at),
        judged_feeds: Some(judged.feeds.clone()),
        ..before.clone()
    };
    let mut lines = Vec::new();
    let known = case.last.as_ref().and_then(|last| last.body.as_ref());
    if known.is_none_or(|known| !same(known, &judged.body)) {
        let seq = before.assessed + 1;
        after.assessed = seq;
        after.judged = Some(seq);
        let confidence = serde_json::to_value(judged.confidence).unwrap_or_default();
        // The same level from better evidence stands for it from now on, unless a person set it.
        let by_person = case.standing.is_some_and(|standing| standing.by_person);
        let stands = followed.stands() || (followed == Follow::Same && !by_person);
        if stands {
            after.standing = Some(seq);
            after.level = Some(judged.level.to_string());
            after.update_type = Some(judged.update_type.clone());
        }
        lines.extend(line(case, &judged, followed));
        visit
            .change
            .new
            .push(New::Assessment(Box::new(assessment::Model {
                update_id: before.id.clone(),
                seq,
                at,
                ruleset: RULESET.to_owned(),
                update_type: judged.update_type,
                level: judged.level.to_string(),
                confidence: confidence.as_str().unwrap_or("none").to_owned(),
                upper_bound: judged.upper_bound.to_string(),
                stands,
                feeds: judged.feeds,
                summary: Some(summary(&judged.body)),
                body: Some(judged.body),
                decided_by: None,
                decided_reason: None,
            })));
    }
    visit.change.moved.push(Moved::Update(Box::new(Move {
        before: before.clone(),
        after,
        lines,
    })));
}

/// What lists show of a judgement.
fn summary(body: &Value) -> Value {
    let keys = ["headline", "reasons", "tags", "changelog_url"];
    let part = |key: &str| (key.to_owned(), body.get(key).cloned().unwrap_or_default());
    Value::Object(keys.map(part).into_iter().collect())
}

/// Whether two judgements say the same, whenever they were made.
fn same(one: &Value, other: &Value) -> bool {
    let without = |value: &Value| {
        let mut value = value.clone();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("at");
        }
        value
    };
    without(one) == without(other)
}

/// Whether a list of packages took part that did not in the last judgement.
fn by_new_list(case: &UpdateCase, judged: &Judged) -> bool {
    let has = |body: Option<&Value>, tag: &str| {
        let tags = body
            .and_then(|body| body.get("tags"))
            .and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|known| known.as_str() == Some(tag)))
    };
    let last = case.last.as_ref().and_then(|last| last.body.as_ref());
    OWN_LISTS
        .into_iter()
        .any(|tag| has(Some(&judged.body), tag) && !has(last, tag))
}

fn line(case: &UpdateCase, judged: &Judged, followed: Follow) -> Option<Line> {
    let name = |base: &Option<ingot_entity::base::Model>| {
        base.as_ref()
            .map_or("?".to_owned(), |base| base.build.clone())
    };
    let what = format!(
        "{} {} → {}",
        case.track.name,
        name(&case.old),
        name(&case.new)
    );
    let why = judged.headline.as_deref();
    let why = why.map_or(String::new(), |why| format!(": {why}"));
    let (kind, level) = (&judged.update_type, judged.level);
    let (word, said) = match followed {
        Follow::First => (
            "update.judged",
            format!("{what} is judged {kind}, {level}{why}"),
        ),
        Follow::Raised => ("update.raised", format!("{what} is {level} by now{why}")),
        Follow::Lowered => (
            "update.lowered",
            format!("{what} is {level} by exact evidence{why}"),
        ),
        Follow::Noted => (
            "update.noted",
            format!("{what} would be {level} by now{why}; what stands is not lowered by that"),
        ),
        // Better evidence for the same is told once.
        Follow::Same if by_new_list(case, judged) => (
            "update.exact",
            format!(
                "{what} stays {level}, by the lists of packages that installs took of its builds{why}"
            ),
        ),
        Follow::Same => return None,
    };
    let mut line = Line::info(word, Source::Monitor, said);
    if followed.stands() && kind == "security" {
        let notice = Notice::of(Topic::SecurityUpdateAvailable)
            .as_grave_as(match level {
                SecurityLevel::Critical => Severity::Critical,
                SecurityLevel::High | SecurityLevel::Unknown => Severity::Warning,
                _ => Severity::Info,
            })
            .once(level.to_string())
            .with("base_image", case.track.name.to_string())
            .with("security_level", level.to_string())
            .with("previous_build", name(&case.old))
            .with("build", name(&case.new));
        line = line.telling(notice);
    }
    let grave = matches!(
        level,
        SecurityLevel::Critical | SecurityLevel::High | SecurityLevel::Unknown
    );
    Some(match followed.stands() && grave {
        true => line.warn(),
        false => line,
    })
}
