//! What the Rust peers share: the protocol of `tests/peers/README.md`, and the task itself.

pub mod arguments;
pub mod http;
pub mod kind;
pub mod told;

/// What a task carries.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct Payload {
    /// The row of `bench_row` that a `tx` changes.
    pub row: i32,
    /// When it is due, in microseconds since 1970.
    pub due: i64,
}

impl Payload {
    /// The i-th task of an `enqueue`; `at` in milliseconds since 1970, else now.
    pub fn nth(i: usize, at: Option<i64>) -> Self {
        Self {
            // Below 10,000, so it fits.
            row: (i % 10_000) as i32,
            due: at.map_or_else(now, |at| at * 1000),
        }
    }
}

/// Microseconds since 1970.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as i64)
}
