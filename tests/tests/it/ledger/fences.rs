//! The end of a visit is written whole or not at all: not after the lease went to another worker, not over another
//! transaction's change, and never against the transition tables.

use ingot_domain::deployment::AmiStatus;
use ingot_domain::event::{Line, Source};
use ingot_domain::ids::EffectId;
use ingot_domain::image::ImageStatus;
use ingot_domain::task::TaskKind;
use ingot_entity::store::{
    Change, Claim, Committed, EffectKind, Held, ImageQuery, Intention, Move, Moved, New, NewTask,
    Outcome, Then,
};
use ingot_entity::{Ledger, LedgerError, deployment, effect, image};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::on_both;
use super::rows::{base, claimed, create, key, lapse, now, task_now, tasks_of};

on_both!(
    a_commit_writes_everything,
    a_visit_that_does_not_hold_takes_no_other_with_it,
    a_bare_end_is_written_for_the_holder_of_the_task,
    a_fenced_commit_writes_nothing,
    an_overtaken_commit_writes_nothing,
    an_effect_is_intended_once_and_settled,
    a_step_the_tables_do_not_know_is_refused,
);

fn moved(before: deployment::Model, after: deployment::Model, lines: Vec<Line>) -> Vec<Moved> {
    vec![Moved::Deployment(Box::new(Move {
        before,
        after,
        lines,
    }))]
}

/// A change that touches every table a visit can touch.
fn everything(ledger: &Ledger, row: &deployment::Model) -> Change {
    let mut after = row.clone();
    after.status = "deploying".to_owned();
    let id = EffectId::of(&row.id.parse().expect("an id"), row.run, "launch", 1);
    let (region, params) = (&row.region, serde_json::json!({"a": 1}));
    let at = ledger.now();
    Change {
        moved: moved(
            row.clone(),
            after,
            vec![
                Line::info("test.one", Source::Deploy, "one"),
                Line::info("test.two", Source::Deploy, "two"),
            ],
        ),
        intend: Some(effect::Model::intention(
            &id,
            Intention {
                deployment_id: &row.id,
                run: row.run,
                kind: EffectKind::Launch,
                generation: 1,
                region,
                params,
            },
            at,
        )),
        new: vec![New::Image(Box::new(image::Model::claim(
            &key("v1.0.0"),
            &base("noble-1", "ami-base"),
            1,
            "a name".to_owned(),
            &row.id,
            "i-1",
            at,
        )))],
        tasks: vec![NewTask::of_deployment(
            TaskKind::Readiness,
            &row.id,
            row.run,
            at,
        )],
        ..Change::default()
    }
}

async fn images(ledger: &Ledger) -> Vec<image::Model> {
    let all = ImageQuery::default();
    ledger.list_images(&all, 100).await.expect("a list")
}

/// Nothing of `everything` is there.
async fn nothing_written(ledger: &Ledger, before: &deployment::Model) {
    assert_eq!(&now(ledger, before).await, before);
    let events = ledger.events(&before.id, before.event_seq, 100).await;
    assert!(events.expect("events").is_empty());
    assert!(
        ledger
            .effects(&before.id)
            .await
            .expect("effects")
            .is_empty()
    );
    assert!(images(ledger).await.is_empty());
    assert_eq!(tasks_of(ledger, &before.id).await.len(), 1);
}

async fn commit(ledger: &Ledger, claim: &Claim, change: &Change) -> Committed {
    let ended = ledger.end(claim, change, &Then::Done).await;
    ended.expect("an answer")
}

async fn a_commit_writes_everything(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, claim) = claimed(ledger, "w").await;
    let change = everything(ledger, &row);
    assert_eq!(commit(ledger, &claim, &change).await, Committed::Yes);
    let after = now(ledger, &row).await;
    assert_eq!(after.status, "deploying");
    assert_eq!(after.row_version, row.row_version + 1);
    assert_eq!(after.event_seq, row.event_seq + 2);
    let events = ledger
        .events(&row.id, row.event_seq, 10)
        .await
        .expect("events");
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["test.one", "test.two"]);
    assert_eq!(ledger.effects(&row.id).await.expect("effects").len(), 1);
    assert_eq!(images(ledger).await.len(), 1);
    assert_eq!(tasks_of(ledger, &row.id).await.len(), 2);
    assert_eq!(task_now(ledger, &claim.task.id).await.state, "completed");
}

/// Visits that end together share a transaction, and none of them pays for another.
async fn a_visit_that_does_not_hold_takes_no_other_with_it(ledgers: Ledgers) {
    const FENCED: usize = 3;
    const OVERTAKEN: usize = 5;
    const REFUSED: usize = 7;
    let ledger = ledgers.ledger();
    let mut visits = Vec::new();
    for place in 0..12 {
        let (row, mut claim) = claimed(ledger, "w").await;
        let (mut before, mut after) = (row.clone(), row.clone());
        after.status = "deploying".to_owned();
        match place {
            FENCED => std::sync::Arc::make_mut(&mut claim.task).epoch -= 1,
            OVERTAKEN => before.row_version += 1,
            // No transition table knows this step.
            REFUSED => after.status = "success".to_owned(),
            _ => {}
        }
        let change = Change {
            moved: moved(
                before,
                after,
                vec![Line::info(
                    "test.one",
                    Source::Deploy,
                    format!("visit {place}"),
                )],
            ),
            ..Change::default()
        };
        visits.push((row, Outcome::of(&claim, change, Then::Done)));
    }
    let ended = visits.iter().map(|(_, outcome)| ledger.commit(outcome));
    let ended = futures::future::join_all(ended).await;
    for (place, (ended, (row, outcome))) in ended.into_iter().zip(&visits).enumerate() {
        let wanted = match place {
            FENCED => Some(Committed::Fenced),
            OVERTAKEN => Some(Committed::Overtaken),
            REFUSED => None,
            _ => Some(Committed::Yes),
        };
        assert_eq!(ended.ok(), wanted, "visit {place}");
        let (row, held) = (now(ledger, row).await, wanted == Some(Committed::Yes));
        assert_eq!(row.status == "deploying", held, "visit {place}");
        let events = ledger.events(&row.id, 0, 10).await.expect("events");
        assert_eq!(events.len(), if held { 2 } else { 1 }, "visit {place}");
        let task = task_now(ledger, &outcome.task.id).await;
        assert_eq!(task.state == "completed", held, "visit {place}");
    }
}

/// Bare ends travel in a form of their own, and in another when several workers' share a batch.
async fn a_bare_end_is_written_for_the_holder_of_the_task(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let bare = |claim: &Claim| Outcome::of(claim, Change::default(), Then::Done);
    let other = |claim: &Claim, change: fn(&mut Held)| {
        let mut claim = claim.clone();
        change(std::sync::Arc::make_mut(&mut claim.task));
        bare(&claim)
    };
    let (_, mine) = claimed(ledger, "w").await;
    // Another worker claimed it again after a crash of Postgres had lost this claim: the epoch is the same.
    let elsewhere = other(&mine, |held| held.worker = "another".into());
    let before = other(&mine, |held| held.epoch -= 1);
    let fenced = [&elsewhere, &before];
    for outcome in fenced {
        let committed = ledger.commit(outcome).await;
        assert_eq!(committed.ok(), Some(Committed::Fenced));
    }
    assert_eq!(task_now(ledger, &mine.task.id).await.state, "running");
    let (_, theirs) = claimed(ledger, "v").await;
    // Two ends of one task in a batch: it was lost, and claimed again.
    let all = [bare(&mine), before, bare(&theirs)];
    let ended = futures::future::join_all(all.iter().map(|outcome| ledger.commit(outcome)));
    let ended: Vec<_> = ended.await.into_iter().map(Result::ok).collect();
    let (yes, fenced) = (Some(Committed::Yes), Some(Committed::Fenced));
    assert_eq!(ended, [yes, fenced, yes]);
    for claim in [&mine, &theirs] {
        assert_eq!(task_now(ledger, &claim.task.id).await.state, "completed");
        let again = ledger.commit(&bare(claim)).await;
        assert_eq!(again.ok(), fenced, "it is over");
    }
}

async fn a_fenced_commit_writes_nothing(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, first) = claimed(ledger, "w1").await;
    lapse(ledger, &first.task.id).await;
    let second = ledger.claim(&first.task.id, "w2").await.expect("an answer");
    let second = second.expect("lapsed");
    let change = everything(ledger, &row);
    assert_eq!(commit(ledger, &first, &change).await, Committed::Fenced);
    nothing_written(ledger, &row).await;
    assert_eq!(
        task_now(ledger, &first.task.id).await.worker.as_deref(),
        Some("w2")
    );
    assert_eq!(commit(ledger, &second, &change).await, Committed::Yes);
    // And the same end a second time, as after a lost answer of the database.
    assert_eq!(commit(ledger, &second, &change).await, Committed::Fenced);
}

async fn an_overtaken_commit_writes_nothing(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, claim) = claimed(ledger, "w").await;
    let change = everything(ledger, &row);
    let mut other = row.clone();
    other.checks = 7;
    assert!(ledger.amend(&row, &other, &[]).await.expect("an answer"));
    let overtaken = now(ledger, &row).await;
    assert_eq!(commit(ledger, &claim, &change).await, Committed::Overtaken);
    nothing_written(ledger, &overtaken).await;
    assert!(!ledger.amend(&row, &other, &[]).await.expect("an answer"));
    // The claim still holds: a worker that was overtaken looks again and ends the same visit.
    assert_eq!(task_now(ledger, &claim.task.id).await.state, "running");
    let change = everything(ledger, &overtaken);
    assert_eq!(commit(ledger, &claim, &change).await, Committed::Yes);
    assert_eq!(now(ledger, &row).await.checks, 7);
}

async fn an_effect_is_intended_once_and_settled(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, claim) = claimed(ledger, "w").await;
    assert_eq!(
        commit(ledger, &claim, &everything(ledger, &row)).await,
        Committed::Yes
    );
    let intended = ledger.effect(&row.id, row.run, EffectKind::Launch).await;
    let intended = intended.expect("a look").expect("an effect");
    assert!(intended.is_open());
    let other = ledger
        .effect(&row.id, row.run, EffectKind::CreateImage)
        .await;
    assert!(other.expect("a look").is_none());

    let readiness = tasks_of(ledger, &row.id).await;
    let readiness = readiness
        .iter()
        .find(|task| task.kind == "readiness")
        .expect("a task");
    let claim = ledger
        .claim(&readiness.id, "w")
        .await
        .expect("an answer")
        .expect("due");
    // A second intention of the same kind and generation is a defect the database refuses.
    let twice = Change {
        intend: everything(ledger, &row).intend,
        ..Change::default()
    };
    let refused = ledger.end(&claim, &twice, &Then::Done).await;
    assert!(
        matches!(refused, Err(LedgerError::Database(_))),
        "{refused:?}"
    );
    assert_eq!(task_now(ledger, &claim.task.id).await.state, "running");

    let settled = Change {
        outcome: Some(intended.done("i-0123", ledger.now())),
        ..Change::default()
    };
    assert_eq!(commit(ledger, &claim, &settled).await, Committed::Yes);
    let done = ledger.effects(&row.id).await.expect("effects").remove(0);
    assert!(!done.is_open());
    assert_eq!(done.cloud_id.as_deref(), Some("i-0123"));
}

async fn a_step_the_tables_do_not_know_is_refused(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, claim) = claimed(ledger, "w").await;
    let mut leap = row.clone();
    leap.status = "success".to_owned();
    let change = Change {
        moved: moved(
            row.clone(),
            leap.clone(),
            vec![Line::info("test.leap", Source::Deploy, "leap")],
        ),
        ..Change::default()
    };
    let refused = ledger.end(&claim, &change, &Then::Done).await;
    assert!(
        matches!(refused, Err(LedgerError::Transition { .. })),
        "{refused:?}"
    );
    let refused = ledger.amend(&row, &leap, &[]).await;
    assert!(
        matches!(refused, Err(LedgerError::Transition { .. })),
        "{refused:?}"
    );
    let mut strange = row.clone();
    strange.status = "ready".to_owned();
    let refused = ledger.amend(&row, &strange, &[]).await;
    assert!(
        matches!(refused, Err(LedgerError::Unknown { .. })),
        "{refused:?}"
    );
    let mut made = row.clone();
    made.ami_status = Some(AmiStatus::Completed.as_str().to_owned());
    let refused = ledger.amend(&row, &made, &[]).await;
    assert!(
        matches!(refused, Err(LedgerError::Transition { .. })),
        "{refused:?}"
    );
    nothing_written(ledger, &row).await;
    assert_eq!(task_now(ledger, &claim.task.id).await.state, "running");

    let (other, _) = create(ledger, false).await;
    let claim = image::Model::claim(
        &key("v1.0.0"),
        &base("noble-1", "ami-base"),
        1,
        "n".to_owned(),
        &other.id,
        "i",
        ledger.now(),
    );
    let made = claim
        .become_status(ImageStatus::Available)
        .expect("allowed");
    let deleted = made.become_status(ImageStatus::Deleted).expect("allowed");
    let unmade = deleted.become_status(ImageStatus::Pending);
    assert!(
        matches!(unmade, Err(LedgerError::Transition { .. })),
        "{unmade:?}"
    );
}
