//! The doorbell, of either kind.

use crate::consume::Consumer;
use crate::{LocalBell, RedisBell, Ticket};

/// A bell that could not be rung. Nothing is lost: the relay rings again.
#[derive(Debug, thiserror::Error)]
pub enum BellError {
    /// Redis refused or could not be reached.
    #[error("redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// apalis-redis refused.
    #[error("apalis: {0}")]
    Apalis(String),
    /// Redis took longer than a bell is worth.
    #[error("redis did not answer in time")]
    Slow,
}

/// Rings for due tasks and answers the door.
#[derive(Debug, Clone)]
pub enum Doorbell {
    /// apalis over Redis.
    Redis(Box<RedisBell>),
    /// In this process.
    Local(LocalBell),
}

impl Doorbell {
    /// Rings on a queue for up to [`crate::BATCH`] tasks.
    pub async fn ring(&self, queue: &str, ids: Vec<String>) -> Result<(), BellError> {
        match self {
            Doorbell::Redis(bell) => bell.ring(queue, Ticket(ids)).await,
            Doorbell::Local(bell) => {
                bell.ring(queue, Ticket(ids));
                Ok(())
            }
        }
    }

    /// How many more tickets a queue takes before it is as deep as it may be.
    pub async fn room(&self, queue: &str) -> Result<usize, BellError> {
        match self {
            Doorbell::Redis(bell) => bell.room(queue).await,
            Doorbell::Local(bell) => Ok(bell.room(queue)),
        }
    }

    /// Answers the door of one queue until `consumer.shutdown`; returns when the last handler is done.
    pub async fn serve(&self, consumer: Consumer) {
        match self {
            Doorbell::Redis(bell) => crate::consume::serve(bell, consumer).await,
            Doorbell::Local(bell) => bell.serve(consumer).await,
        }
    }
}
