//! How long the security status takes over 1,000 templates with an image each and 200 updates of twenty base images, of which
//! each judgement has fifty rows of evidence.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ingot_migration::sea_orm::ConnectionTrait;

use super::figure::Figure;
use super::sample::Sample;
use super::told::connect;
use crate::stack::Stack;

const ROUNDS: usize = 40;
/// Microseconds.
const TARGET: i64 = 200_000;

/// A thousand templates like the built-in one.
pub(super) const TEMPLATES: &str =
    "INSERT INTO template (name, revision, spec, yaml, builtin, created_at)
     SELECT 'bench-' || n, 1, jsonb_set(spec, '{name}', to_jsonb('bench-' || n)), yaml, false, now()
     FROM template, generate_series(1, 1000) n WHERE name = 'kamiwaza' AND revision = 1";

/// Twenty tracks get eleven builds each, so ten updates; the templates' images stand on builds of all of them.
const ROWS: [&str; 6] = [
    TEMPLATES,
    "INSERT INTO base (id, track, owner, name, build, built_on, created_at, first_seen_at)
     SELECT 'bas_' || md5(t.id || n), t.id, '099720109477', t.name || '-' || n, (20240100 + n)::text,
       now() - make_interval(days => 40 - n), now() - make_interval(days => 40 - n), now()
     FROM (SELECT id, name FROM track ORDER BY name LIMIT 20) t, generate_series(1, 11) n",
    "INSERT INTO base_update (id, track, seq, kind, old_base, new_base, region, tags, detected_at, update_type, level,
       row_version, event_seq, assessed, standing, judged, judged_at)
     SELECT 'upd_' || md5(t.id || n), t.id, n, 'update', 'bas_' || md5(t.id || n), 'bas_' || md5(t.id || n + 1), 'us-east-1', '[]',
       now() - make_interval(days => 39 - n), 'security', 'high', 1, 1, 1, 1, 1, now()
     FROM (SELECT id, name FROM track ORDER BY name LIMIT 20) t, generate_series(1, 10) n",
    "INSERT INTO assessment (update_id, seq, at, ruleset, update_type, level, confidence, upper_bound, stands, feeds, summary, body)
     SELECT id, 1, now(), 'v1', 'security', 'high', 'medium', 'high', true, '{}',
       jsonb_build_object('headline', one.row, 'reasons', '[]'::jsonb, 'tags', '[]'::jsonb),
       jsonb_build_object('evidence', many.rows)
     FROM base_update,
       (SELECT jsonb_build_object('advisory', 'USN-1-1', 'cve', 'CVE-2024-1000', 'package', 'openssl', 'status', 'likely',
         'grade', 'C', 'basis', 'base_set_window', 'level', 'high', 'vendor_level', 'high') AS row) one,
       (SELECT jsonb_agg(jsonb_build_object('advisory', 'USN-1-' || n, 'cve', 'CVE-2024-' || 1000 + n, 'package', 'openssl',
         'status', 'likely', 'grade', 'C', 'vectors', jsonb_build_array(repeat('x', 60)))) AS rows
        FROM generate_series(1, 50) n) many",
    "INSERT INTO image (id, key_digest, content_digest, template, version, mode, arch, account, region, base_image, base_owner,
       base_name, fingerprint, generation, name, status, origin, ami_id, snapshots, tags, created_at, available_at, row_version)
     SELECT 'img_' || md5('bench' || n), md5(n::text), md5(n::text), 'bench-' || n, 'v1.0.0', 'full', 'x86_64', '123456789012',
       'us-east-1', 'ami-0', '099720109477', b.name, 'f', 1, 'bench-' || n, 'available', 'auto', 'ami-' || substr(md5('a' || n), 1, 17),
       '[]', '{}', now(), now(), 1
     FROM generate_series(1, 1000) n
     JOIN (SELECT name, row_number() OVER (ORDER BY name) AS place FROM base WHERE build < '20240200') b ON b.place = n % 220 + 1",
    "ANALYZE",
];

/// Measures it on a fresh stack.
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let url = &stack.database.as_ref().context("a stack on Postgres")?.url;
    // The built-in tracks are written down by the first look at them.
    stack.client.base_images().await?;
    let database = connect(url).await?;
    for rows in ROWS {
        database.execute_unprepared(rows).await?;
    }
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let status = stack.client.security_status().await?;
        took.push(i64::try_from(began.elapsed().as_micros())?);
        let behind: usize = status.available.iter().map(|one| one.templates.len()).sum();
        ensure!(behind > 850, "only {behind} templates are behind");
    }
    let took = Sample::of(took);
    Ok(vec![Figure::judged(
        "`security-status`, 1,000 templates and 200 updates",
        "p99 ≤ 200 ms",
        took.words(),
        took.p99() <= TARGET,
    )])
}
