//! Sweeps what apalis-redis keeps for ever: finished tickets (APALIS.md defect 15, section 3; its own `vacuum` deletes
//! tickets that wait for a retry).

use std::time::Duration;

use crate::{BellError, RedisBell};

/// Finished tickets are kept this long: no process asks for them.
const KEEP: i64 = 30;
/// Tickets looked at per sweep and set.
const SWEEP: usize = 2000;
/// Between two sweeps.
pub(crate) const EVERY: Duration = Duration::from_secs(10);

const SCRIPT: &str = r"
local n, cutoff, deleted = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
for _, id in ipairs(redis.call('SRANDMEMBER', KEYS[1], n)) do
  local meta = KEYS[3] .. ':' .. id
  if (tonumber(redis.call('HGET', meta, 'done_at') or '0') or 0) <= cutoff then
    redis.call('SREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
    redis.call('UNLINK', meta)
    deleted = deleted + 1
  end
end
return deleted";

/// Sweeps the finished tickets of a queue; answers how many went.
pub(crate) async fn sweep(bell: &RedisBell, queue: &str) -> Result<u64, BellError> {
    let config = RedisBell::config(queue);
    let mut conn = bell.conn();
    // The server's own clock: tickets are stamped by workers whose clocks were checked against it.
    let (now, _): (i64, i64) = redis::cmd("TIME").query_async(&mut conn).await?;
    let script = redis::Script::new(SCRIPT);
    let mut swept = 0;
    for set in [config.done_jobs_set(), config.dead_jobs_set()] {
        swept += script
            .key(set)
            .key(config.job_data_hash())
            .key(config.job_meta_hash())
            .arg(SWEEP)
            .arg(now - KEEP)
            .invoke_async::<u64>(&mut conn)
            .await?;
    }
    Ok(swept)
}
