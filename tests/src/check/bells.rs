//! The doorbell at rest: no ticket waits in Redis (I12). Finished ones are the janitor's.

use anyhow::Result;
use ingot_domain::task::Queue;

use crate::stack::Stack;

pub(super) async fn violations(stack: &Stack) -> Result<Vec<String>> {
    let Some(redis) = &stack.redis else {
        return Ok(Vec::new());
    };
    let mut connection = redis.connection().await?;
    let mut wrong = Vec::new();
    for queue in Queue::ALL {
        let (active, scheduled): (usize, usize) = redis::pipe()
            .cmd("LLEN")
            .arg(format!("ingot-{queue}:active"))
            .cmd("ZCARD")
            .arg(format!("ingot-{queue}:scheduled"))
            .query_async(&mut connection)
            .await?;
        if active + scheduled > 0 {
            wrong.push(format!(
                "I12: {} tickets wait in queue `{queue}`",
                active + scheduled
            ));
        }
    }
    Ok(wrong)
}
