//! Fixes of the archive that newest images lack by lists of their own: `ingot_domain::build::fixes` says which ask for a build,
//! and each is asked for once. One visit judges the images of one system, which it reads the advisories of once; what does not
//! fit into it is the next visit's.

use std::time::{Duration, Instant as Moment};

use ingot_domain::advisory::base::{Base, Os};
use ingot_domain::build::fixes::{MOST, wanted};
use ingot_domain::task::TaskKind;
use ingot_engine::Visit;
use ingot_entity::store::{Ask, NewTask, Then};

use crate::case::VisitError;
use crate::tools::Tools;

/// How long a visit takes up further images. One takes far less than a second, and a visit has 30 s.
const WORK: Duration = Duration::from_secs(10);
/// What the scope of such a task begins with; behind it stand the system and the image to go on behind.
const SCOPE: &str = "fixes:";

/// A task for each system of which there are newest images with lists; of one operating system alone where one is named.
pub(in crate::visits) async fn due(
    tools: &Tools,
    of: Option<Os>,
) -> Result<Vec<NewTask>, VisitError> {
    let listed = tools.ledger.listed_newest().await?;
    let ours =
        |name: &&String| Base::parse(name).is_ok_and(|base| of.is_none_or(|os| base.os == os));
    Ok(listed
        .keys()
        .filter(ours)
        .map(|name| task(tools, name, None))
        .collect())
}

fn task(tools: &Tools, base: &str, behind: Option<&str>) -> NewTask {
    let scope = match behind {
        Some(image) => format!("{SCOPE}{base}:{image}"),
        None => format!("{SCOPE}{base}"),
    };
    let key = format!("{}:{scope}", TaskKind::Judge);
    NewTask::about(TaskKind::Judge, &scope, key, tools.ledger.now())
}

/// The visit, if the scope is of one.
pub(super) async fn visit(tools: &Tools, scope: &str) -> Result<Option<Visit>, VisitError> {
    let Some(rest) = scope.strip_prefix(SCOPE) else {
        return Ok(None);
    };
    let (name, behind) = match rest.split_once(':') {
        Some((name, image)) => (name, Some(image)),
        None => (rest, None),
    };
    let Ok(base) = Base::parse(name) else {
        return Err(VisitError::Nonsense(format!("there is no system `{name}`")));
    };
    let mut visit = Visit::only(Then::Done);
    let begun = Moment::now();
    let mut listed = tools.ledger.listed_newest().await?;
    let mut images = listed.remove(name).unwrap_or_default();
    images.retain(|one| behind.is_none_or(|image| one.row.id.as_str() > image));
    if images.is_empty() {
        return Ok(Some(visit));
    }
    let now = tools.ledger.calendar_now();
    let known = tools.ledger.known_for(base.os, &base.release, now).await?;
    for (at, here) in images.iter().enumerate() {
        if begun.elapsed() > WORK && at > 0 {
            let task = task(
                tools,
                name,
                images.get(at - 1).map(|one| one.row.id.as_str()),
            );
            visit.change.tasks.push(task);
            break;
        }
        let Some(facts) = tools.ledger.fix_facts(&base, here).await? else {
            continue;
        };
        let mut wants = wanted(
            &facts.imaged,
            &facts.head,
            &known.advisories,
            &known.signals,
            now,
        );
        let keys: Vec<&str> = wants.iter().map(|want| want.key.as_str()).collect();
        let asked = tools.ledger.asked_before(&keys).await?;
        wants.retain(|want| !asked.contains(&want.key));
        for want in wants.into_iter().take(MOST) {
            let ask = Ask {
                want,
                by: None,
                max_cost: None,
            };
            tools.ledger.ask(&ask).await?;
        }
    }
    Ok(Some(visit))
}
