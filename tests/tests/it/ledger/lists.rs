//! Lists: every filter alone and with others answers what it says, newest first, page by page; and a filter that matches
//! nothing is not looked for row by row.

use std::time::Duration;

use ingot_domain::task::{Queue, TaskKind, TaskState};
use ingot_entity::store::{DeploymentQuery, Purpose, TaskQuery};
use ingot_entity::{Ledger, deployment, task};
use ingot_migration::sea_orm::sea_query::Expr;
use ingot_migration::sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Statement,
};
use ingot_tests::{Ledgers, until};

use super::on_both;
use super::rows::{create, enqueue, task_now};

on_both!(
    tasks_are_listed_by_every_filter,
    deployments_are_listed_by_every_filter,
    given_up_tasks_are_counted,
);

/// Tasks in every queue and state, of two deployments and of none, in a mixed order.
async fn mixed(ledger: &Ledger) -> Vec<task::Model> {
    let first = enqueue(ledger, TaskKind::Monitor, 0).await;
    let first = task_now(ledger, &first).await;
    task::Entity::delete_many()
        .exec(ledger.database())
        .await
        .expect("no rows");
    let mut rows = Vec::new();
    for number in 0..Queue::ALL.len() * TaskState::ALL.len() * 6 {
        let queue = Queue::ALL[number % Queue::ALL.len()];
        let state = TaskState::ALL[number / Queue::ALL.len() % TaskState::ALL.len()];
        rows.push(task::Model {
            id: format!("tsk_{number:032x}"),
            queue: queue.to_string(),
            state: state.to_string(),
            deployment_id: (number % 3 > 0).then(|| format!("dep_{:032x}", number % 3)),
            unique_key: None,
            finished_at: state.is_final().then_some(first.run_at),
            ..first.clone()
        });
    }
    let new = rows.iter().map(|row| row.clone().into_active_model());
    task::Entity::insert_many(new)
        .exec_without_returning(ledger.database())
        .await
        .expect("rows");
    rows.reverse();
    rows
}

async fn tasks_are_listed_by_every_filter(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let rows = mixed(ledger).await;
    let queues = Queue::ALL.iter().copied().map(Some).chain([None]);
    let states = || TaskState::ALL.iter().copied().map(Some).chain([None]);
    let deployments = [
        None,
        Some(format!("dep_{:032x}", 1)),
        Some("dep_no".to_owned()),
    ];
    let cases = queues.flat_map(|q| deployments.clone().map(|d| (q, d)));
    for (queue, deployment_id) in cases.collect::<Vec<_>>() {
        for (state, work_only) in states().flat_map(|s| [(s, false), (s, true)]) {
            let hidden = work_only && queue.is_none() && deployment_id.is_none();
            let clockwork = ["monitor", "scheduler", "bases", "feeds", "builds"];
            let wanted: Vec<&str> = rows
                .iter()
                .filter(|row| queue.is_none_or(|queue| row.queue == queue.as_str()))
                .filter(|row| state.is_none_or(|state| row.state == state.as_str()))
                .filter(|row| deployment_id.is_none() || row.deployment_id == deployment_id)
                .filter(|row| !(hidden && clockwork.contains(&row.queue.as_str())))
                .map(|row| row.id.as_str())
                .collect();
            let mut query = TaskQuery {
                queue,
                state,
                deployment_id: deployment_id.clone(),
                work_only,
                before: None,
            };
            let mut seen: Vec<String> = Vec::new();
            loop {
                let page = ledger.list_tasks(&query, 5).await.expect("a list");
                seen.extend(page.iter().map(|row| row.id.clone()));
                query.before = seen.last().cloned();
                if page.len() < 5 {
                    break;
                }
            }
            assert_eq!(seen, wanted, "{query:?}");
        }
    }
}

async fn deployments_are_listed_by_every_filter(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut ids = Vec::new();
    for number in 0..24 {
        let (row, _) = create(ledger, false).await;
        let of = |values: [&str; 2], by: usize| values[number / by % 2].to_owned();
        let changed = deployment::Entity::update_many()
            .col_expr(
                deployment::Column::Status,
                Expr::value(of(["failed", "pending"], 1)),
            )
            .col_expr(
                deployment::Column::Template,
                Expr::value(of(["gitea", "kamiwaza"], 2)),
            )
            .col_expr(
                deployment::Column::Version,
                Expr::value(of(["v1", "v2"], 4)),
            )
            .col_expr(
                deployment::Column::Region,
                Expr::value(of(["here", "there"], 8)),
            )
            .filter(deployment::Column::Id.eq(&row.id))
            .exec(ledger.database());
        changed.await.expect("a change");
        ids.push(row.id);
    }
    let all = DeploymentQuery::default();
    let all = ledger.list_deployments(&all, 100).await.expect("a list");
    ids.sort();
    ids.reverse();
    assert_eq!(
        all.iter().map(|row| row.id.clone()).collect::<Vec<_>>(),
        ids
    );
    for choice in 0..16 {
        let asked = |bit: usize, word: &str| ((choice >> bit) & 1 == 1).then(|| word.to_owned());
        let mut query = DeploymentQuery {
            status: asked(0, "failed"),
            template: asked(1, "kamiwaza"),
            version: asked(2, "v2"),
            region: asked(3, "there"),
            purpose: Purpose::All,
            before: None,
        };
        let fits =
            |value: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|w| w == value);
        let wanted: Vec<&str> = all
            .iter()
            .filter(|row| fits(&row.status, &query.status) && fits(&row.template, &query.template))
            .filter(|row| fits(&row.version, &query.version) && fits(&row.region, &query.region))
            .map(|row| row.id.as_str())
            .collect();
        let page = ledger.list_deployments(&query, 100).await.expect("a list");
        let seen: Vec<&str> = page.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(seen, wanted, "{query:?}");
        if let Some(first) = wanted.first() {
            query.before = Some((*first).to_owned());
            let rest = ledger.list_deployments(&query, 100).await.expect("a list");
            assert_eq!(rest.len(), wanted.len() - 1, "{query:?}");
        }
    }
}

async fn given_up_tasks_are_counted(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    mixed(ledger).await;
    let depths = ledger.queue_depths().await.expect("depths");
    assert_eq!(depths.len(), Queue::ALL.len());
    for depth in depths {
        // Six tasks in each queue and state; what is completed or cancelled is not counted.
        assert!(
            depth.states.iter().all(|(_, count)| *count == 6),
            "{depth:?}"
        );
        assert_eq!(depth.states.len(), 5, "{depth:?}");
    }
}

/// Rows and index entries of `task` that Postgres has read so far, as its statistics tell.
async fn read(ledger: &Ledger) -> i64 {
    let db = ledger.database();
    // A connection tells what it did when it is asked to, at the end of the statement.
    let sql = "SELECT pg_stat_force_next_flush()";
    db.execute_unprepared(sql).await.expect("statistics");
    let sql = "SELECT (seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'task'))::bigint \
        FROM pg_stat_user_tables WHERE relname = 'task'";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.expect("statistics");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

/// 20,000 finished tasks and one that lives, in a ledger whose statistics say that it is empty.
#[tokio::test(flavor = "multi_thread")]
async fn what_matches_nothing_is_not_looked_for_row_by_row() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let ledger = ledgers.ledger();
    enqueue(ledger, TaskKind::Monitor, 0).await;
    let filler = "INSERT INTO task (id, queue, kind, state, attempt, max_attempts, crashes, visits, epoch, run_at, created_at, finished_at) \
        SELECT 'tsk_f' || (1000000 + i), 'launch', 'launch', 'completed', 1, 20, 0, 1, 1, now(), now(), now() FROM generate_series(1, 20000) i";
    let db = ledger.database();
    db.execute_unprepared(filler).await.expect("rows");
    let before = read(ledger).await;
    let mut lists = 0;
    for queue in Queue::ALL.iter().copied().map(Some).chain([None]) {
        for state in TaskState::ALL.iter().copied().map(Some).chain([None]) {
            let query = TaskQuery {
                queue,
                state,
                ..TaskQuery::default()
            };
            ledger.list_tasks(&query, 10).await.expect("a list");
            lists += 1;
        }
    }
    let read = until("statistics", Duration::from_secs(10), || async {
        let read = read(ledger).await - before;
        Ok((read > 0).then_some(read))
    });
    let (read, most) = (read.await.expect("statistics"), lists * 10 * 8);
    assert!(read < most, "{lists} lists of 10 tasks read {read} entries");
}
