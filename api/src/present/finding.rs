//! A finding as the API shows it: what it means, and the one way out.

use ingot_client::Finding;
use ingot_domain::invariant::{BASE, Invariant, PROVENANCE, is_violation};
use ingot_domain::provenance::Kind;
use ingot_entity::finding;

use super::count;

/// A finding, with what its invariant means and what to do.
pub(crate) fn finding(row: finding::Model) -> Finding {
    let sightings = count(row.sightings);
    let invariant = Invariant::parse(&row.invariant);
    let (meaning, advice) = finding_words(&row, invariant);
    let verdicts = row.verdicts().iter().map(|&word| word.to_owned());
    let verdicts = verdicts.collect();
    let kept = row.settled.as_deref() == Some("keep");
    Finding {
        meaning,
        advice,
        violated: invariant.is_some()
            && !kept
            && row.cleared_at.is_none()
            && is_violation(sightings),
        verdicts,
        settled: row.settled,
        settled_by: row.settled_by,
        settled_reason: row.settled_reason,
        sightings,
        id: row.id,
        invariant: row.invariant,
        scope: row.scope,
        subject: row.subject,
        deployment_id: row.deployment_id,
        what: row.what,
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
        outcome: row.outcome,
        cleared_at: row.cleared_at,
    }
}

/// What a finding means, and the one way out.
fn finding_words(row: &finding::Model, invariant: Option<Invariant>) -> (String, String) {
    let (id, subject) = (&row.id, &row.subject);
    let kind = Kind::of(subject);
    match invariant {
        Some(Invariant::I1) if row.scope.contains('/') && kind.is_some() => (
            Invariant::I1.meaning().to_owned(),
            format!("`ingot findings settle {id} --keep` or `--remove` settles it."),
        ),
        Some(invariant) => (invariant.meaning().to_owned(), invariant.todo().to_owned()),
        None if row.invariant == BASE => {
            let track = subject.split('/').next().unwrap_or_default();
            (
                "Nothing is rebuilt for it, and launches go on with what the track's rule still finds.".to_owned(),
                format!("`ingot base-images show {track}` says how it stands; `pause` stops looks at it."),
            )
        }
        None if row.invariant == PROVENANCE && kind == Some(Kind::Image) => (
            "Ingot neither launches from it nor changes it.".to_owned(),
            format!(
                "`ingot images adopt {subject} --reason …` uses it, `ingot images drop {subject}` forgets it; the AMI stays either way."
            ),
        ),
        None if row.invariant == PROVENANCE => (
            "Ingot leaves them alone: copied tags make nothing ours.".to_owned(),
            "Nothing, unless they should not be there.".to_owned(),
        ),
        None => (
            "AWS refuses or throttles calls, or is not ready yet; what waits goes on as soon as AWS lets it."
                .to_owned(),
            "Nothing is lost. If it stays, `ingot why` of a deployment that waits says what to do about this code."
                .to_owned(),
        ),
    }
}
