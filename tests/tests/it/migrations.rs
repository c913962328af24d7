//! The ledger's migrations, up and down on Postgres and SQLite: each down restores what was before its up, and a fresh
//! ledger equals one that was migrated step by step.

use ingot_entity::Ledger;
use ingot_migration::{MigrationStatus, Migrator, MigratorTrait, is_current};
use ingot_tests::{Database, dump};
use tempfile::TempDir;

async fn postgres() -> Ledger {
    let database = Database::new().await.expect("a database");
    Ledger::connect(&database.url, 2).await.expect("a ledger")
}

async fn sqlite(folder: &TempDir, name: &str) -> Ledger {
    let url = format!("sqlite://{}", folder.path().join(name).display());
    Ledger::connect(&url, 1).await.expect("a ledger")
}

#[tokio::test]
async fn up_down_up_on_postgres() {
    up_down_up(postgres().await, postgres().await).await;
}

#[tokio::test]
async fn up_down_up_on_sqlite() {
    let folder = TempDir::new().expect("a folder");
    up_down_up(sqlite(&folder, "a").await, sqlite(&folder, "b").await).await;
}

async fn shape(ledger: &Ledger) -> Vec<String> {
    dump(ledger.database()).await.expect("the shape")
}

async fn current(ledger: &Ledger) -> bool {
    is_current(ledger.database()).await.expect("a status")
}

async fn up_down_up(fresh: Ledger, stepped: Ledger) {
    let db = stepped.database();
    let steps = Migrator::migrations().len();
    assert!(!current(&fresh).await, "an empty database is not current");
    let mut shapes = vec![shape(&stepped).await];
    assert!(shapes[0].is_empty(), "{:?}", shapes[0]);
    for step in 0..steps {
        let before = shapes[step].clone();
        Migrator::up(db, Some(1)).await.expect("up");
        let after = shape(&stepped).await;
        assert_ne!(before, after, "step {step} changes something");
        assert_eq!(
            current(&stepped).await,
            step + 1 == steps,
            "after step {step}"
        );
        Migrator::down(db, Some(1)).await.expect("down");
        assert_eq!(shape(&stepped).await, before, "down of step {step}");
        Migrator::up(db, Some(1)).await.expect("up again");
        assert_eq!(shape(&stepped).await, after, "up, down, up of step {step}");
        shapes.push(after);
    }

    Migrator::up(fresh.database(), None).await.expect("all up");
    assert_eq!(shape(&fresh).await, shapes[steps], "fresh equals migrated");
    assert!(current(&fresh).await);
    Migrator::up(fresh.database(), None)
        .await
        .expect("up again");
    assert_eq!(
        shape(&fresh).await,
        shapes[steps],
        "a second up changes nothing"
    );

    Migrator::down(db, None).await.expect("all down");
    assert_eq!(shape(&stepped).await, shapes[0], "all down");
    assert!(!current(&stepped).await);
    Migrator::up(db, None).await.expect("all up");
    assert_eq!(
        shape(&stepped).await,
        shapes[steps],
        "down to nothing and up"
    );
}

/// As many steps, but not these: a ledger of another branch or of a version that was withdrawn.
#[tokio::test]
async fn a_ledger_with_a_step_of_another_name_is_not_current() {
    let folder = TempDir::new().expect("a folder");
    for ledger in [postgres().await, sqlite(&folder, "d").await] {
        let db = ledger.database();
        Migrator::up(db, None).await.expect("up");
        let last = Migrator::migrations();
        let last = last.last().expect("a step").name().to_owned();
        let rename = format!(
            "UPDATE seaql_migrations SET version = 'm20991231_000009_other' WHERE version = '{last}'"
        );
        ingot_migration::sea_orm::ConnectionTrait::execute_unprepared(db, &rename)
            .await
            .expect("renamed");
        assert!(!current(&ledger).await);
    }
}

#[tokio::test]
async fn a_ledger_with_a_step_missing_is_not_current() {
    let folder = TempDir::new().expect("a folder");
    for ledger in [postgres().await, sqlite(&folder, "c").await] {
        let db = ledger.database();
        Migrator::up(db, None).await.expect("up");
        Migrator::down(db, Some(1)).await.expect("down");
        assert!(!current(&ledger).await);
        let pending: Vec<String> = Migrator::get_migration_with_status(db)
            .await
            .expect("a status")
            .iter()
            .filter(|step| step.status() == MigrationStatus::Pending)
            .map(|step| step.name().to_owned())
            .collect();
        assert_eq!(pending.len(), 1, "{pending:?}");
    }
}
