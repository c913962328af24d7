//! The ledger's transactions, each case once and run on both databases: what a claim, a commit, a tick, a key and a word
//! from outside may do, and what they leave undone when another transaction was first.

mod actors;
mod advisories;
mod asks;
mod builds;
mod byhand;
mod calendar;
mod copies;
mod crashes;
mod creating;
mod events;
mod feeds;
mod fences;
mod findings;
mod generations;
mod handled;
mod held;
mod interventions;
mod keys;
mod lists;
mod money;
mod odd_builds;
mod outbox;
mod own_tracks;
mod packages;
mod policies;
mod reader;
mod recipes;
mod region_end;
mod relay;
mod retention;
mod rows;
mod scan;
mod settings;
mod syncs;
mod tasks;
mod ticks;
mod waits;

/// One test per case and database.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(ingot_tests::Ledgers::postgres().await.expect("a ledger")).await
            })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(ingot_tests::Ledgers::sqlite().await.expect("a ledger")).await
            })+
        }
    };
}
pub(crate) use on_both;

/// What each of `count` racers answers; they start together, on replicas of the ledger.
async fn race<T, F, Fut>(ledgers: &ingot_tests::Ledgers, count: usize, run: F) -> Vec<T>
where
    F: Fn(usize, ingot_entity::Ledger) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let replicas = ledgers.replicas(count.min(5)).await.expect("replicas");
    let racers: Vec<_> = (0..count)
        .map(|number| tokio::spawn(run(number, replicas[number % replicas.len()].clone())))
        .collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.expect("no panic"));
    }
    answers
}
