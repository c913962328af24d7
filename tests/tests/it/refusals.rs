//! What a process refuses to start with: it ends soon, not with success, with one line that names the variable and the way
//! out. Every case is run against `ingot api` and `ingot worker`.

use std::time::Duration;

use ingot_tests::{Database, Ledgers, Process, Redis, Region, ingot};

/// Everything a start needs is checked within this, also on a busy machine.
const WITHIN: Duration = Duration::from_secs(15);

/// No server listens on this port of this machine: it is reserved and needs no privilege to be refused.
const NOBODY: &str = "127.0.0.1:1";

type Environment = Vec<(String, String)>;

/// What both processes start with when nothing is wrong.
async fn sound(ledgers: &Ledgers) -> Environment {
    let redis = Redis::shared().await.expect("a Redis");
    [
        ("DATABASE_URL", ledgers.url()),
        ("REDIS_URL", &redis),
        ("AWS_ENDPOINT_URL", &format!("http://{NOBODY}")),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The same with one variable otherwise; none takes it away.
fn but(sound: &Environment, name: &str, value: Option<&str>) -> Environment {
    let mut environment = sound.clone();
    environment.retain(|(known, _)| known != name);
    environment.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    environment
}

const API: &[&str] = &["api", "--listen", "127.0.0.1:0"];
const WORKER: &[&str] = &["worker", "--metrics-listen", "127.0.0.1:0"];

async fn refused(arguments: &[&str], environment: &Environment, names: &[&str]) {
    let run = ingot(arguments, environment, WITHIN)
        .await
        .expect("it ends");
    let said = String::from_utf8_lossy(&run.stderr);
    // What is logged while everything is still well is another matter; trouble is told once, in one line for people.
    let logged = |line: &&str| {
        let level = |word| line.contains(&format!("\"level\":\"{word}\""));
        line.starts_with('{') && (level("INFO") || level("WARN"))
    };
    let lines: Vec<&str> = said.lines().filter(|line| !logged(line)).collect();
    let what = format!("`ingot {}` said:\n{said}", arguments.join(" "));
    assert!(!run.status.success(), "{what}");
    assert!(run.stdout.is_empty(), "nothing on stdout: it is not up");
    assert_eq!(lines.len(), 1, "exactly one line; {what}");
    for name in names {
        assert!(said.contains(name), "`{name}` is not named; {what}");
    }
    assert!(!said.contains("secret-word"), "passwords stay out; {what}");
}

async fn both_refuse(environment: &Environment, names: &[&str]) {
    for arguments in [API, WORKER] {
        refused(arguments, environment, names).await;
    }
}

#[tokio::test]
async fn a_missing_database_url() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    for value in [None, Some("")] {
        both_refuse(&but(&sound, "DATABASE_URL", value), &["DATABASE_URL"]).await;
    }
}

#[tokio::test]
async fn a_database_url_of_another_kind() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let wrong = but(&sound, "DATABASE_URL", Some("mysql://u:secret-word@h/db"));
    both_refuse(&wrong, &["DATABASE_URL", "postgres://"]).await;
}

#[tokio::test]
async fn a_database_that_no_server_serves() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let url = format!("postgres://ingot:secret-word@{NOBODY}/ingot");
    both_refuse(&but(&sound, "DATABASE_URL", Some(&url)), &["DATABASE_URL"]).await;
}

#[tokio::test]
async fn a_database_that_is_not_there() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let (server, _) = ledgers.url().rsplit_once('/').expect("a name");
    let url = format!("{server}/not_made_yet");
    let names = ["DATABASE_URL", "not_made_yet"];
    both_refuse(&but(&sound, "DATABASE_URL", Some(&url)), &names).await;
}

#[tokio::test]
async fn an_unmigrated_schema() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let empty = Database::new().await.expect("a database");
    let names = ["DATABASE_URL", "ingot migrate up"];
    both_refuse(&but(&sound, "DATABASE_URL", Some(&empty.url)), &names).await;
}

#[tokio::test]
async fn a_missing_redis_url() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    for value in [None, Some("")] {
        both_refuse(&but(&sound, "REDIS_URL", value), &["REDIS_URL"]).await;
    }
}

#[tokio::test]
async fn a_redis_url_that_is_none_or_that_no_server_serves() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let nobody = format!("redis://:secret-word@{NOBODY}/0");
    let names = ["REDIS_URL", "redis://"];
    for url in ["http://example.org", "localhost:6379"] {
        both_refuse(&but(&sound, "REDIS_URL", Some(url)), &names).await;
    }
    // The API starts without a Redis that may come (`it::listeners`); a worker has nothing to do without one.
    refused(WORKER, &but(&sound, "REDIS_URL", Some(&nobody)), &names).await;
}

#[tokio::test]
async fn a_redis_that_evicts() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let evicting = Redis::start_with(&["--maxmemory-policy", "allkeys-lru"]).await;
    let evicting = evicting.expect("a Redis");
    let names = ["REDIS_URL", "allkeys-lru", "noeviction"];
    both_refuse(&but(&sound, "REDIS_URL", Some(&evicting.url())), &names).await;
}

#[tokio::test]
async fn a_worker_without_credentials() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let none = but(&sound, "AWS_ACCESS_KEY_ID", None);
    let none = but(&none, "AWS_SECRET_ACCESS_KEY", None);
    refused(WORKER, &none, &["AWS_ACCESS_KEY_ID"]).await;
}

#[tokio::test]
async fn a_worker_told_to_assume_no_role() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let role = but(&sound, "AWS_AUTH_METHOD", Some("assume_role"));
    refused(WORKER, &role, &["AWS_ASSUME_ROLE_ARN"]).await;
    let strange = but(&sound, "AWS_AUTH_METHOD", Some("magic"));
    refused(WORKER, &strange, &["AWS_AUTH_METHOD", "magic"]).await;
}

/// AWS itself says no, in each of its ways: to a wrong secret, an ended session, a deleted key.
#[tokio::test]
async fn a_worker_whose_credentials_aws_denies() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let arguments = ["sim", "--listen", "127.0.0.1:0"];
    let mut sim = Process::start(&arguments, &[]).expect("a region");
    let line = sim.up(Duration::from_secs(60)).await.expect("it is up");
    let endpoint = line["listening"].as_str().expect("its address").to_owned();
    let region = Region::at(&endpoint).expect("its control");
    let sound = sound(&ledgers).await;
    let sound = but(&sound, "AWS_ENDPOINT_URL", Some(&endpoint));
    let home = tempfile::TempDir::new().expect("a folder");
    let data = home.path().to_string_lossy().into_owned();
    let up = ["up", "--listen", "127.0.0.1:0", "--data-dir", &data];
    for code in [
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "AccessDenied",
    ] {
        // Every time: a process that asks again is told the same.
        let fault = serde_json::json!({
            "action": "GetCallerIdentity", "kind": "error", "code": code, "status": 403, "times": 0,
            "message": "This is refused.\nAnd that is a second line.",
        });
        region.delete("faults").await.expect("forgotten");
        region.post("faults", &fault).await.expect("ordered");
        let names = [code, "AWS_ACCESS_KEY_ID", "ingot identity"];
        refused(WORKER, &sound, &names).await;
        refused(&up, &sound, &names).await;
    }
    let calls = region.calls("*").await.expect("the journal");
    let others: Vec<_> = calls
        .iter()
        .filter(|call| call["action"] != "GetCallerIdentity")
        .collect();
    assert!(others.is_empty(), "nothing was tried: {others:?}");
    // A role that no caller may assume.
    region.delete("faults").await.expect("forgotten");
    let role = "arn:aws:iam::123456789012:role/factory";
    let deny = serde_json::json!({ "deny": [role] });
    region.post("sts", &deny).await.expect("ordered");
    let assumed = but(&sound, "AWS_AUTH_METHOD", Some("assume_role"));
    let assumed = but(&assumed, "AWS_ASSUME_ROLE_ARN", Some(role));
    refused(WORKER, &assumed, &["AWS_ASSUME_ROLE_ARN", "ingot identity"]).await;
}

#[tokio::test]
async fn migrations_without_a_database() {
    for environment in [vec![], vec![("DATABASE_URL".to_owned(), String::new())]] {
        refused(&["migrate", "up"], &environment, &["DATABASE_URL"]).await;
    }
    let url = format!("postgres://ingot:secret-word@{NOBODY}/ingot");
    let nobody = vec![("DATABASE_URL".to_owned(), url)];
    refused(&["migrate", "up"], &nobody, &["DATABASE_URL"]).await;
}

#[tokio::test]
async fn an_address_that_is_taken() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let sound = sound(&ledgers).await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("an address");
    let address = taken.local_addr().expect("its address").to_string();
    refused(&["api", "--listen", &address], &sound, &[&address]).await;
}
