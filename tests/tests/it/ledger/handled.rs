//! What people do to queues and tasks, in one change each: pauses, the verbs' table over real rows, and operations over
//! thousands of tasks.

use ingot_domain::task::{Queue, TaskKind};
use ingot_domain::verb::Verb;
use ingot_entity::Ledger;
use ingot_entity::store::{Acted, Decided, NewTask, OperationFilter, TaskOrder};
use ingot_migration::sea_orm::ConnectionTrait;
use ingot_tests::Ledgers;
use uuid::Uuid;

use super::builds::decision;
use super::on_both;
use super::rows::{claimed, create, enqueue, lapse, now, task_now, tasks_of};

on_both!(
    from_a_paused_queue_nothing_is_claimed_nor_taken_over,
    a_queue_that_ends_instances_is_paused_on_purpose_only,
    a_dead_launch_is_retried_with_its_deployment_once,
    a_cancelled_stage_fails_its_deployment_and_removes_what_it_made,
    what_removes_things_is_kept_and_revived,
    thousands_of_dead_tasks_are_revived_in_steps,
    a_stopped_operation_makes_no_further_step,
);

fn order(verb: Verb) -> TaskOrder {
    TaskOrder {
        verb,
        at: None,
        decision: decision(),
    }
}

async fn act(ledger: &Ledger, verb: Verb, id: &str) -> Acted {
    let ids = [id.to_owned()];
    let acted = ledger.act_on_tasks(&ids, &order(verb)).await;
    acted.expect("an answer")
}

async fn sql(ledger: &Ledger, statement: &str) {
    let done = ledger.database().execute_unprepared(statement).await;
    done.expect(statement);
}

async fn dead(ledger: &Ledger, which: &str) {
    let set = "state = 'discarded', attempt = 20, last_error = 'it was in vain', finished_at = created_at";
    sql(ledger, &format!("UPDATE task SET {set} WHERE {which}")).await;
}

async fn claims(ledger: &Ledger) -> usize {
    let due = ledger.claim_due("monitor", "w", 10).await.expect("a claim");
    let lapsed = ledger.claim_lapsed("monitor", "w", 10).await;
    due.len() + lapsed.expect("a claim").len()
}

async fn from_a_paused_queue_nothing_is_claimed_nor_taken_over(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    enqueue(ledger, TaskKind::Monitor, -5).await;
    let held = ledger.claim_due("monitor", "dead", 10).await;
    let held = held.expect("a claim").remove(0);
    lapse(ledger, &held.task.id).await;
    let waits = enqueue(ledger, TaskKind::Monitor, -5).await;
    let pause = ledger.pause_queue(Queue::Monitor, false, &decision()).await;
    let Decided::Done(paused) = pause.expect("an answer") else {
        panic!("refused");
    };
    assert_eq!(paused.paused_by.as_deref(), Some("ana"));
    let again = ledger.pause_queue(Queue::Monitor, false, &decision()).await;
    assert!(matches!(again, Ok(Decided::Refused(_))), "it is paused");
    assert_eq!(claims(ledger).await, 0);
    assert!(ledger.lapsed().await.expect("a look").is_empty());
    assert!(ledger.scan().await.expect("a look").seen.is_empty());
    let pauses = ledger.pauses().await.expect("a look");
    let waiting = pauses.waiting(&task_now(ledger, &waits).await);
    assert_eq!(waiting.map(|one| one.on.on()), Some("paused"));
    let resume = ledger.resume_queue(Queue::Monitor, &decision()).await;
    assert!(matches!(resume, Ok(Decided::Done(_))));
    assert_eq!(claims(ledger).await, 2);
    assert_eq!(task_now(ledger, &waits).await.attempt, 1);
    let story = ledger.events("que_monitor", 0, 10).await.expect("a story");
    let kinds: Vec<&str> = story.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["queue.paused", "queue.resumed"]);
}

async fn a_queue_that_ends_instances_is_paused_on_purpose_only(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    for &queue in Queue::ALL {
        for on_purpose in [false, true] {
            let done = ledger.pause_queue(queue, on_purpose, &decision()).await;
            let refused = matches!(done.expect("an answer"), Decided::Refused(_));
            // The second asks for what is so already, where the first was not refused.
            assert_eq!(refused, queue.cleans_up() != on_purpose, "{queue}");
        }
    }
}

async fn a_dead_launch_is_retried_with_its_deployment_once(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, task) = create(ledger, true).await;
    let task = task.expect("a task").id.to_string();
    dead(ledger, &format!("id = '{task}'")).await;
    let acted = act(ledger, Verb::Retry, &task).await;
    let (_, why) = &acted.refused[0];
    assert!(why.contains("not failed"), "{why}");
    let failed = format!(
        "UPDATE deployment SET status = 'failed' WHERE id = '{}'",
        row.id
    );
    sql(ledger, &failed).await;
    let acted = act(ledger, Verb::Retry, &task).await;
    assert_eq!(acted.done, std::slice::from_ref(&task), "{acted:#?}");
    let after = now(ledger, &row).await;
    assert_eq!((after.status.as_str(), after.run), ("queued", 2));
    let live = tasks_of(ledger, &row.id).await;
    let states: Vec<&str> = live.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, ["available", "cancelled"], "the newest first");
    assert_eq!(acted.due, [(Queue::Launch, live[0].id.clone())]);
    assert!(act(ledger, Verb::Retry, &task).await.done.is_empty());
    let story = ledger.events(&row.id, 0, 10).await.expect("a story");
    let last = story.last().expect("a line");
    assert!(last.message.contains("by ana (because)"), "{last:#?}");
}

async fn a_cancelled_stage_fails_its_deployment_and_removes_what_it_made(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    // Also while a worker visits it: its end is fenced.
    let (row, claim) = claimed(ledger, "w").await;
    let acted = act(ledger, Verb::Cancel, &claim.task.id).await;
    assert_eq!(acted.done.len(), 1, "{acted:#?}");
    let after = now(ledger, &row).await;
    let seen = (after.status.as_str(), after.ami_status.as_deref());
    assert_eq!(seen, ("failed", Some("skipped")));
    assert_eq!(
        after.error_message.as_deref(),
        Some("cancelled by ana (because)")
    );
    let tasks = tasks_of(ledger, &row.id).await;
    let of = |kind: &str| tasks.iter().find(|one| one.kind == kind).expect("a task");
    assert_eq!(of("launch").state, "cancelled");
    assert_eq!(of("destroy").scope.as_deref(), Some("cancel:1"));
    ledger.release(&claim).await.expect("no error");
    assert_eq!(task_now(ledger, &claim.task.id).await.state, "cancelled");
}

async fn what_removes_things_is_kept_and_revived(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Destroy, 600).await;
    for verb in [Verb::Cancel, Verb::Discard, Verb::Reschedule] {
        assert_eq!(act(ledger, verb, &id).await.refused.len(), 1, "{verb}");
    }
    assert_eq!(act(ledger, Verb::RunNow, &id).await.done.len(), 1);
    assert_eq!(task_now(ledger, &id).await.state, "available");
    dead(ledger, &format!("id = '{id}'")).await;
    assert_eq!(act(ledger, Verb::Discard, &id).await.refused.len(), 1);
    assert_eq!(act(ledger, Verb::Retry, &id).await.done.len(), 1);
    let revived = task_now(ledger, &id).await;
    let seen = (
        revived.state.as_str(),
        revived.attempt,
        revived.max_attempts,
    );
    assert_eq!(seen, ("available", 20, 40), "it has as many again");
    assert_eq!(revived.finished_at, None);
    let story = ledger.events("que_launch", 0, 10).await.expect("a story");
    assert_eq!(story.len(), 2, "{story:#?}");
}

/// So many dead tasks of the monitor.
async fn thousands(ledger: &Ledger, number: usize) {
    let due = ledger.now() - chrono::TimeDelta::seconds(1);
    let task = |_| {
        let key = Uuid::new_v4().to_string();
        NewTask::about(TaskKind::Monitor, "nothing", key, due)
    };
    let tasks: Vec<NewTask> = (0..number).map(task).collect();
    ledger.enqueue(&tasks).await.expect("rows");
    dead(ledger, "kind = 'monitor'").await;
}

fn filter() -> OperationFilter {
    OperationFilter {
        queue: Some(Queue::Monitor),
        state: Some(ingot_domain::task::TaskState::Discarded),
        deployment_id: None,
    }
}

async fn thousands_of_dead_tasks_are_revived_in_steps(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    thousands(ledger, 2_500).await;
    let (matching, sample) = ledger.matching(&filter(), 10).await.expect("a look");
    assert_eq!((matching, sample.len()), (2_500, 10));
    let begun = ledger
        .begin_operation(&filter(), &order(Verb::Retry), 2_500, matching)
        .await;
    let (row, step) = begun.expect("an operation");
    assert_eq!(step.kind.queue(), Queue::Operations);
    // What is given up after its beginning is not meant.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let later = enqueue(ledger, TaskKind::Monitor, 0).await;
    dead(ledger, &format!("id = '{later}'")).await;
    for done in [1_000, 2_000, 2_500] {
        let stepped = ledger.step_operation(&row.id).await.expect("a step");
        let stepped = stepped.expect("it runs");
        assert_eq!((stepped.row.done, stepped.row.refused), (done, 0));
    }
    let row = ledger
        .operation(&row.id)
        .await
        .expect("a look")
        .expect("it");
    assert_eq!(row.state, "done");
    assert!(
        ledger
            .step_operation(&row.id)
            .await
            .expect("none")
            .is_none()
    );
    let (left, _) = ledger.matching(&filter(), 1).await.expect("a look");
    assert_eq!(left, 1);
    let story = ledger.events(&row.id, 0, 10).await.expect("a story");
    assert_eq!(story.len(), 2, "{story:#?}");
}

async fn a_stopped_operation_makes_no_further_step(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    thousands(ledger, 1_200).await;
    let begun = ledger
        .begin_operation(&filter(), &order(Verb::RunNow), 1_200, 1_200)
        .await;
    let (row, _) = begun.expect("an operation");
    ledger.step_operation(&row.id).await.expect("a step");
    let stopped = ledger.stop_operation(&row.id, &decision()).await;
    assert!(matches!(stopped, Ok(Decided::Done(_))));
    assert!(
        ledger
            .step_operation(&row.id)
            .await
            .expect("none")
            .is_none()
    );
    let (left, _) = ledger.matching(&filter(), 1).await.expect("a look");
    assert_eq!(left, 200);
}
