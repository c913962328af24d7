//! A ledger that has been at work for a quarter of a year, made by a handful of set-based statements: a million finished
//! tasks, of 150,000 deployments and of the periodic work, with attempts, effects, events and images.
//!
//! Everything ended between 31 and 121 days ago, so that all of it is past the retention. What a filter asks for is there
//! in every measure: nearly everything (`completed`, `kamiwaza`), some (`failed`), a handful (`pending`, `postgres-ha`),
//! old versions far from the newest rows, two filters that match a lot each and nothing together (`gitea` in `us-east-1`),
//! and nothing at all.

use anyhow::{Result, ensure};
use ingot_migration::sea_orm::{ConnectionTrait, DatabaseConnection};

use super::super::told::number;

/// Finished tasks.
pub(super) const TASKS: i64 = 1_000_000;
/// Each has a launch, a readiness, an ami and a destroy task; the rest of the tasks are periodic work.
const DEPLOYMENTS: i64 = 150_000;
const MONITORS: i64 = 150_000;
const TICKS: i64 = TASKS - 4 * DEPLOYMENTS - MONITORS;
const IMAGES: i64 = 30_000;

/// What the statements share: ids are UUIDs of version 7 that sort by their instant, and the span is 90 days.
const HELP: &str = "
CREATE FUNCTION bench_id(prefix text, at timestamptz, chance text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT prefix || '_' || lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(chance), 1, 19) $$;
CREATE FUNCTION bench_at(n bigint, of bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT statement_timestamp() - interval '121 days' + interval '90 days' * (n::float8 / of) $$;";

/// Copies the one deployment there is, which the API has made, under other names and with other fates.
const DEPLOYMENT: &str = "
INSERT INTO deployment (id, job_name, template, version, mode, region, \"order\", recipe, template_revision, fingerprint, status, error_message,
  run, account, base_image_id, launch_path, instance_id, public_ip, private_ip, checks, successes, probe_class,
  time_to_ready_ms, ami_status, created_ami_id, ami_created_at, ami_skip_reason, event_seq, row_version, created_at,
  started_at, launched_at, ready_at, finished_at)
SELECT bench_id('dep', at, 'dep' || n), 'job-' || n, template, 'v0.' || n / 500 || '.' || n % 3, mode,
  CASE WHEN template = 'gitea' OR n % 8 = 0 THEN 'eu-west-1' ELSE 'us-east-1' END, \"order\",
  CASE WHEN template = known THEN 'null' ELSE spec END, CASE WHEN template = known THEN revision END, fingerprint, status,
  CASE WHEN status = 'failed' THEN 'EC2 refused the launch: VcpuLimitExceeded' END, (status <> 'pending')::int,
  '123456789012', 'ami-0123456789abcdef0', CASE WHEN launched THEN path END,
  CASE WHEN status = 'success' THEN 'i-' || substr(md5('i' || n), 1, 17) END,
  CASE WHEN launched THEN '203.0.113.' || n % 250 END, CASE WHEN launched THEN '10.0.0.' || n % 250 END,
  CASE WHEN launched THEN 31 ELSE 0 END, CASE WHEN ready THEN 1 ELSE 0 END, CASE WHEN ready THEN 'ready' END,
  CASE WHEN ready THEN 900000 + n % 300000 END, CASE WHEN status = 'pending' THEN NULL WHEN made THEN 'completed' ELSE 'skipped' END,
  CASE WHEN made THEN 'ami-' || substr(md5('ami' || n), 1, 17) END, CASE WHEN made THEN at + interval '1 hour' END,
  CASE WHEN status <> 'pending' AND NOT made THEN 'exists' END, 12, 12, at, at, CASE WHEN launched THEN at + interval '1 minute' END,
  CASE WHEN ready THEN at + interval '16 minutes' END, CASE WHEN status <> 'pending' THEN at + interval '1 hour' END
FROM (SELECT *, status IN ('destroyed', 'success', 'readiness_timeout') AS launched, status IN ('destroyed', 'success') AS ready,
    status IN ('destroyed', 'success') AND n % 5 = 0 AS made, CASE WHEN n % 3 = 0 THEN 'cached' ELSE 'fresh' END AS path
  FROM (SELECT n, bench_at(n, $DEPLOYMENTS) AS at,
      CASE WHEN n % 50000 = 1 THEN 'postgres-ha' WHEN n % 10 = 3 THEN 'gitea' ELSE 'kamiwaza' END AS template,
      CASE WHEN n % 7500 = 2 THEN 'pending' WHEN chance < 20 THEN 'success' WHEN chance < 140 THEN 'failed'
        WHEN chance < 200 THEN 'readiness_timeout' WHEN chance < 300 THEN 'cancelled' ELSE 'destroyed' END AS status
    FROM (SELECT n, n * 7919 % 1000 AS chance FROM generate_series(1, $DEPLOYMENTS) n) numbered) fated) told,
  (SELECT mode, \"order\", spec, fingerprint, name AS known, revision
    FROM deployment JOIN template ON name = template AND revision = template_revision LIMIT 1) one";

const TASK_OF_DEPLOYMENT: &str = "
INSERT INTO task (id, queue, kind, state, deployment_id, unique_key, attempt, max_attempts, crashes, visits, epoch, run_at,
  rung_at, worker, claimed_at, last_error, created_at, finished_at)
SELECT bench_id('tsk', due, kind || d.id), queue, kind, state, d.id, kind || ':' || d.id || ':1', 1, 20, 0, visits, visits,
  due, due, CASE WHEN state <> 'cancelled' THEN 'worker-' || length(d.version) END, CASE WHEN state <> 'cancelled' THEN due END,
  CASE WHEN state = 'discarded' THEN 'EC2 refused the launch: VcpuLimitExceeded' END, due, due + interval '20 minutes'
FROM (SELECT d.id, d.version, kind, queue, visits, d.created_at + later AS due,
    CASE WHEN d.status = 'cancelled' AND kind <> 'destroy' THEN 'cancelled'
      WHEN d.status = 'failed' AND kind = 'launch' THEN 'discarded' ELSE 'completed' END AS state
  FROM deployment d, (VALUES ('launch', 'launch', interval '1 second', 12), ('readiness', 'readiness', interval '4 minutes', 31),
    ('ami', 'ami', interval '17 minutes', 90), ('destroy', 'launch', interval '10 hours', 4)) AS step(kind, queue, later, visits)
  WHERE d.row_version = 12) d";

const TASK_OF_PERIOD: &str = "
INSERT INTO task (id, queue, kind, state, scope, unique_key, attempt, max_attempts, crashes, visits, epoch, run_at, rung_at,
  worker, claimed_at, created_at, finished_at)
SELECT bench_id('tsk', at, '$KIND' || n), '$KIND', '$KIND', 'completed', '$SCOPE', '$KIND:' || n, 1, 5, 0, 1, 1, at, at,
  'worker-1', at, at, at + interval '1 second'
FROM (SELECT n, bench_at(n, $COUNT) AS at FROM generate_series(1, $COUNT) n) ticks";

/// A tenth of the tasks failed once before, and each discarded one has the attempt that says so.
const ATTEMPT: &str = "
INSERT INTO attempt (task_id, number, outcome, worker, error, started_at, finished_at)
SELECT id, n, CASE WHEN state = 'discarded' AND n = 2 THEN 'discarded' ELSE 'failed' END, 'worker-1',
  'EC2 answered RequestLimitExceeded', created_at, created_at + interval '1 second'
FROM task, generate_series(1, 2) n WHERE state = 'discarded' OR (n = 1 AND substr(id, 20, 1) IN ('0', '1'))";

const EFFECT: &str = "
INSERT INTO effect (id, deployment_id, run, kind, generation, region, params, state, cloud_id, created_at, finished_at)
SELECT bench_id('eff', created_at, 'eff' || id), id, 1, 'launch', 1, region, \"order\", CASE WHEN launched_at IS NULL THEN 'not_done' ELSE 'done' END,
  'i-' || substr(md5(id), 1, 17), created_at, created_at + interval '2 seconds'
FROM deployment WHERE status NOT IN ('pending', 'cancelled') AND row_version = 12";

const EVENT: &str = "
INSERT INTO event (deployment_id, seq, at, kind, source, level, message)
SELECT id, n, created_at + n * interval '5 minutes', 'readiness.checked', 'readiness', 'info',
  'Check ' || n || ': the address answers 502, which is not ready yet' FROM deployment, generate_series(1, 12) n WHERE row_version = 12";

/// One in a hundred is still available; the others were deregistered long ago.
const IMAGE: &str = "
INSERT INTO image (id, key_digest, template, version, mode, arch, account, region, base_image, fingerprint, generation, name,
  status, origin, ami_id, size_gb, snapshots, tags, created_at, requested_at, available_at)
SELECT bench_id('img', at, 'img' || n), md5('key' || n), 'kamiwaza', 'v0.' || n / 100 || '.0', 'full', 'x86_64', '123456789012',
  CASE WHEN n % 8 = 0 THEN 'eu-west-1' ELSE 'us-east-1' END, 'ami-0123456789abcdef0', md5('recipe'), 1, 'kamiwaza-golden-' || n,
  CASE WHEN n % 100 = 1 THEN 'available' WHEN n % 10 = 2 THEN 'failed' ELSE 'deleted' END, 'auto',
  'ami-' || substr(md5('image' || n), 1, 17), 500, '[]', '{\"ManagedBy\": \"ingot\"}', at, at, at
FROM (SELECT n, bench_at(n, $IMAGES) AS at FROM generate_series(1, $IMAGES) n) made";

/// Fills it, around the one deployment that is there, and leaves it as months of autovacuum would.
pub(super) async fn fill(ledger: &DatabaseConnection) -> Result<()> {
    let of = |kind: &str, scope: &str, count: i64| {
        let sql = TASK_OF_PERIOD
            .replace("$KIND", kind)
            .replace("$SCOPE", scope);
        sql.replace("$COUNT", &count.to_string())
    };
    let statements = [
        HELP.to_owned(),
        DEPLOYMENT.replace("$DEPLOYMENTS", &DEPLOYMENTS.to_string()),
        TASK_OF_DEPLOYMENT.to_owned(),
        of("monitor", "us-east-1", MONITORS),
        of("scheduler", "scan", TICKS),
        ATTEMPT.to_owned(),
        EFFECT.to_owned(),
        EVENT.to_owned(),
        IMAGE.replace("$IMAGES", &IMAGES.to_string()),
        "VACUUM (ANALYZE)".to_owned(),
        "CHECKPOINT".to_owned(),
    ];
    for sql in statements {
        ledger.execute_unprepared(&sql).await?;
    }
    let finished = number(
        ledger,
        "SELECT count(*) FROM task WHERE finished_at < now() - interval '30 days'",
    )
    .await?;
    ensure!(finished == TASKS, "the ledger has {finished} old tasks");
    Ok(())
}
