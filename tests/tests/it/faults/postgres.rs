//! A Postgres that crashes, is full, is locked or aborts transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ingot_migration::sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use ingot_tests::Options;

use super::Site;

async fn site(pace: u32) -> Site {
    Site::start(Options {
        workers: 2,
        pace,
        own_postgres: true,
        ..Options::default()
    })
    .await
}

async fn sql(db: &DatabaseConnection, statement: &str) {
    db.execute_unprepared(statement).await.unwrap();
}

/// Asks the api over and over; everything but success must be 503 with Retry-After and tell nothing of the inside (F15).
async fn customer(base: String, token: String, stop: Arc<AtomicBool>) -> (usize, usize) {
    let http = reqwest::Client::new();
    let (mut served, mut later) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let ask = http
            .get(format!("{base}/v1/deployments"))
            .bearer_auth(&token);
        let answer = ask.send().await.expect("the api itself is up");
        let status = answer.status().as_u16();
        let retry = answer.headers().contains_key("retry-after");
        let body = answer.text().await.expect("a whole answer");
        match status {
            200 => served += 1,
            503 if retry => later += 1,
            _ => panic!("{status}, Retry-After: {retry}: {body}"),
        }
        for inside in [
            "sqlx",
            "postgres://",
            "SELECT",
            "Connection refused",
            "127.0.0.1",
        ] {
            assert!(status == 200 || !body.contains(inside), "{body}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (served, later)
}

/// FAULTS F15: Postgres crashes and recovers every few seconds, and once stays away.
#[tokio::test(flavor = "multi_thread")]
async fn f15_a_postgres_that_crashes_under_load() {
    let mut site = site(300).await;
    let stop = Arc::new(AtomicBool::new(false));
    let base = site.stack.client.base().to_owned();
    let asking = tokio::spawn(customer(base, site.stack.token.clone(), Arc::clone(&stop)));
    let mut ids = Vec::new();
    for mode in ["immediate", "fast", "immediate", "immediate"] {
        ids.extend(site.load(2).await);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let postgres = site.stack.postgres.as_ref().unwrap();
        postgres.restart(mode).await.unwrap();
    }
    let postgres = site.stack.postgres.as_ref().unwrap();
    postgres.pause("immediate").await.unwrap();
    site.until_ready(0, false, Duration::from_secs(30)).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let postgres = site.stack.postgres.as_ref().unwrap();
    postgres.restart("fast").await.unwrap();
    ids.push(site.deploy().await);
    site.succeed(&ids).await;
    stop.store(true, Ordering::Relaxed);
    let (served, later) = asking.await.unwrap();
    assert!(
        served > 20 && later > 0,
        "{served} answers, {later} times later"
    );
    site.holds().await;
}

/// Every sixth claim or end of a task is aborted, as serialization failure, deadlock or statement timeout in turn.
const ABORT: &str = "
    CREATE SEQUENCE checker.turn;
    CREATE FUNCTION checker.abort() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE turn bigint := nextval('checker.turn');
    BEGIN
        IF turn % 6 = 0 THEN
            RAISE EXCEPTION 'injected' USING ERRCODE = (ARRAY['40001', '40P01', '57014'])[1 + (turn / 6) % 3];
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER checker_abort BEFORE UPDATE ON task FOR EACH ROW
        WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION checker.abort();";

/// FAULTS F16 and F17: fewer connections than the processes want, tables locked for longer than anybody waits for a
/// connection, and transactions aborted by the database.
#[tokio::test(flavor = "multi_thread")]
async fn f16_f17_a_postgres_that_is_full_locked_or_aborts() {
    // Seconds of real trouble must not be hours to a deployment that has a limit.
    let mut site = site(100).await;
    let db = site.checker.db().clone();

    sql(&db, "ALTER SYSTEM SET max_connections = 10").await;
    let postgres = site.stack.postgres.as_ref().unwrap();
    postgres.restart("fast").await.unwrap();
    let ids = site.load(4).await;
    site.succeed(&ids).await;
    sql(&db, "ALTER SYSTEM RESET max_connections").await;
    let postgres = site.stack.postgres.as_ref().unwrap();
    postgres.restart("fast").await.unwrap();

    let mut ids = site.load(2).await;
    let lock = db.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE task, deployment IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    lock.rollback().await.unwrap();
    site.succeed(&ids).await;

    sql(&db, ABORT).await;
    ids.extend(site.load(3).await);
    site.succeed(&ids).await;
    let turns = site
        .one("SELECT to_jsonb(last_value) FROM checker.turn")
        .await;
    assert!(turns.as_i64().is_some_and(|turns| turns > 40), "{turns}");
    sql(&db, "DROP TRIGGER checker_abort ON task").await;
    site.holds().await;
}
