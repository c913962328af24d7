//! The doorbell. It carries ids of due tasks to a free worker within milliseconds and is believed in nothing else: a bell
//! may be lost, late or doubled, and the ledger still decides (DESIGN idea 1). Two kinds: apalis over Redis for any number
//! of processes, and an in-process one for the embedded default.

mod bell;
mod consume;
mod janitor;
mod local;
mod pulse;
mod redis_bell;
mod ringer;
mod ticket;
mod wake;

pub use bell::{BellError, Doorbell};
pub use consume::{Called, Consumer, Handler};
pub use local::LocalBell;
pub use pulse::{Pulse, PulseState};
pub use redis_bell::{RedisBell, RedisReport};
pub use ringer::Ringer;
pub use ticket::Ticket;

/// Most tickets that may lie in one queue of Redis. Far below the 8,000 due jobs at which apalis-redis wedges for ever
/// (APALIS.md defect 1), and little to lose when Redis is flushed.
pub const DEPTH: usize = 256;

/// Most task ids on one ticket: a batch costs Redis what one task would.
pub const BATCH: usize = 16;
