//! FAULTS F43: what the pinned apalis-redis does under fault, with its own scripts in a real Redis. These defects shape the
//! doorbell (crates/engine/README.md); a version that behaves otherwise, better or worse, fails here and is looked at.
//! X1, X2 and X4 are met by whole processes in the tests beside this one; X3, X9, X13, X15, X16 and X17 by settings and
//! features that `crates/queue` does without, which the comment of each setting says.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use ingot_tests::{Redis, repository};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, FromRedisValue, RedisResult};

/// Where cargo keeps the source of the version we build with.
fn folder() -> PathBuf {
    let run = Command::new("cargo")
        .args(["metadata", "--offline", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    let apalis = packages
        .iter()
        .find(|one| one["name"] == "apalis-redis")
        .unwrap();
    assert_eq!(
        apalis["version"], "1.0.0",
        "these tests are about the pinned version"
    );
    PathBuf::from(apalis["manifest_path"].as_str().unwrap()).with_file_name("lua")
}

/// A queue `q` with one registered worker `w`.
struct Queue {
    _redis: Redis,
    connection: MultiplexedConnection,
    scripts: PathBuf,
}

impl Queue {
    async fn new() -> Self {
        let redis = Redis::start().await.unwrap();
        let connection = redis.connection().await.unwrap();
        let mut queue = Self {
            _redis: redis,
            connection,
            scripts: folder(),
        };
        queue.register("w", 0).await.unwrap();
        queue
    }

    async fn run<T: FromRedisValue>(
        &mut self,
        script: &str,
        keys: &[&str],
        arguments: &[&str],
    ) -> RedisResult<T> {
        let text = fs::read_to_string(self.scripts.join(format!("{script}.lua"))).unwrap();
        let script = redis::Script::new(&text);
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(*key);
        }
        for argument in arguments {
            invocation.arg(*argument);
        }
        invocation.invoke_async(&mut self.connection).await
    }

    async fn register(&mut self, worker: &str, now: u64) -> RedisResult<bool> {
        let now = now.to_string();
        self.run(
            "register_worker",
            &["workers", "meta-w"],
            &[&now, worker, "30", "RedisStorage", "test"],
        )
        .await
    }

    async fn push(&mut self, id: &str, due: u64) {
        let due = due.to_string();
        let _: Vec<i64> = self
            .run(
                "batch_push",
                &[
                    "data",
                    "active",
                    "signal",
                    "meta",
                    "scheduled",
                    "idempotency",
                ],
                &["", "0", id, "payload", "0", "5", "{}", &due, ""],
            )
            .await
            .unwrap();
    }

    /// The ids a worker takes, at most so many.
    async fn fetch(&mut self, worker: &str, most: &str) -> RedisResult<usize> {
        let inflight = format!("inflight:{worker}");
        let (results, _): (Vec<redis::Value>, Vec<redis::Value>) = self
            .run(
                "fetch_next",
                &[
                    "workers",
                    "active",
                    &inflight,
                    "data",
                    "signal",
                    "meta",
                    "scheduled",
                ],
                &["9999999999", most, worker],
            )
            .await?;
        Ok(results.len())
    }

    async fn end(&mut self, tasks: &[(&str, &str, &str)]) -> RedisResult<i64> {
        let mut arguments = vec!["0"];
        for (id, status, attempt) in tasks {
            arguments.extend([*id, "100", "{}", *status, *attempt]);
        }
        self.run(
            "handle_results",
            &["inflight:w", "done", "dead", "scheduled", "meta"],
            &arguments,
        )
        .await
    }

    async fn attempts(&mut self, id: &str) -> String {
        self.connection
            .hget(format!("meta:{id}"), "attempts")
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn f43_x5_a_job_whose_worker_dies_is_never_counted() {
    let mut queue = Queue::new().await;
    queue.push("poison", 1).await;
    for crash in 0..6 {
        queue.register("w", 1000 + crash).await.unwrap_or(true);
        assert_eq!(queue.fetch("w", "1").await.unwrap(), 1, "delivered again");
        let _: i64 = queue
            .run(
                "reenqueue_orphaned",
                &["workers", "active", "signal", "inflight"],
                &["99999"],
            )
            .await
            .unwrap();
    }
    assert_eq!(queue.attempts("poison").await, "0");
}

#[tokio::test]
async fn f43_x6_vacuum_deletes_what_waits_for_its_retry() {
    let mut queue = Queue::new().await;
    queue.push("retried", 1).await;
    queue.fetch("w", "1").await.unwrap();
    queue.end(&[("retried", "Failed", "1")]).await.unwrap();
    let waits: usize = queue.connection.zcard("scheduled").await.unwrap();
    assert_eq!(waits, 1);
    let deleted: i64 = queue.run("vacuum", &["data", "meta"], &[]).await.unwrap();
    assert_eq!(deleted, 1, "although it waits");
    // The next fetch delivers a job without its payload: that wedges the queue for ever.
    assert_eq!(queue.fetch("w", "1").await.unwrap(), 1);
    let payload: Option<String> = queue.connection.hget("data", "retried").await.unwrap();
    assert_eq!(payload, None);
}

#[tokio::test]
async fn f43_x7_eight_thousand_due_jobs_wedge_the_queue() {
    for (due, passes) in [(7_900, true), (8_100, false)] {
        let mut queue = Queue::new().await;
        let mut pipe = redis::pipe();
        for id in 0..due {
            pipe.zadd("scheduled", id, 1).ignore();
        }
        let () = pipe.query_async(&mut queue.connection).await.unwrap();
        let fetched = queue.fetch("w", "1").await;
        assert_eq!(fetched.is_ok(), passes, "{due}: {fetched:?}");
        let again = queue.fetch("w", "1").await;
        assert_eq!(again.is_ok(), passes, "{due}, from then on: {again:?}");
    }
}

#[tokio::test]
async fn f43_x8_the_limit_of_attempts_is_25_whatever_was_asked_for() {
    let mut queue = Queue::new().await;
    queue.push("stubborn", 1).await;
    for (attempt, waits) in [("7", 1usize), ("24", 1), ("25", 0)] {
        queue.fetch("w", "1").await.unwrap();
        queue.end(&[("stubborn", "Failed", attempt)]).await.unwrap();
        let left: usize = queue.connection.zcard("scheduled").await.unwrap();
        assert_eq!(left, waits, "attempt {attempt} of 5");
    }
}

#[tokio::test]
async fn f43_x10_statistics_break_with_the_first_finished_job() {
    let mut queue = Queue::new().await;
    let keys = ["active", "workers", "dead", "failed", "done"];
    let before: RedisResult<Vec<i64>> = queue.run("stats", &keys, &[]).await;
    assert!(before.is_ok(), "{before:?}");
    queue.push("one", 1).await;
    queue.fetch("w", "1").await.unwrap();
    queue.end(&[("one", "Done", "1")]).await.unwrap();
    let after: RedisResult<Vec<i64>> = queue.run("stats", &keys, &[]).await;
    assert!(after.is_err_and(|error| error.to_string().contains("WRONGTYPE")));
}

#[tokio::test]
async fn f43_x11_a_batch_of_ten_leaves_nothing_for_others() {
    let mut queue = Queue::new().await;
    queue.register("other", 0).await.unwrap();
    for number in 0..10 {
        queue.push(&format!("job-{number}"), 1).await;
    }
    assert_eq!(queue.fetch("w", "10").await.unwrap(), 10);
    assert_eq!(queue.fetch("other", "10").await.unwrap(), 0);
}

#[tokio::test]
async fn f43_x12_an_acknowledgement_is_half_applied() {
    let mut queue = Queue::new().await;
    for id in ["first", "third"] {
        queue.push(id, 1).await;
    }
    queue.fetch("w", "2").await.unwrap();
    let ends = [
        ("first", "Done", "1"),
        ("reaped", "Done", "1"),
        ("third", "Done", "1"),
    ];
    let error = queue.end(&ends).await.unwrap_err();
    assert!(
        error.to_string().contains("task not executed by worker"),
        "{error}"
    );
    let done: Vec<String> = queue.connection.smembers("done").await.unwrap();
    let held: Vec<String> = queue.connection.smembers("inflight:w").await.unwrap();
    assert_eq!(
        (done, held),
        (vec!["first".to_owned()], vec!["third".to_owned()])
    );
}

#[tokio::test]
async fn f43_x14_a_name_cannot_be_used_again_within_its_threshold() {
    let mut queue = Queue::new().await;
    let soon = queue.register("w", 29).await.unwrap_err();
    assert!(
        soon.to_string().contains("still active within threshold"),
        "{soon}"
    );
    queue.register("w", 31).await.unwrap();
}
