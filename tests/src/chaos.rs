//! `make chaos`: random schedules of faults over a loaded installation, the checker after each, and after each round the
//! next drill. A round is made from its seed alone, so a failing one is played again by `SEED=… make chaos`; its schedule
//! is made smaller by removing faults one at a time (FAULTS, section 2, tier T2).

mod drills;
mod load;
mod rolling;
mod round;
mod schedule;
mod strangers;

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

pub use drills::{Drill, drill};
pub use rolling::roll;
use round::play;
use schedule::Schedule;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Rounds and drills are started until this is over.
    pub time: Duration,
    /// The seed of the first round; the next has the next number.
    pub seed: u64,
    /// Play the first round only, with these faults of its schedule if any are named.
    pub only: Option<BTreeSet<usize>>,
}

/// Plays rounds and drills in turn; answers whether all were sound. A failing round is made smaller; whatever fails ends the
/// run.
pub async fn run(plan: &Plan, say: &mut impl Write) -> Result<bool> {
    let end = Instant::now() + plan.time;
    let mut drills = Drill::ALL.into_iter().cycle();
    let (mut rounds, mut drilled) = (0, 0);
    loop {
        let seed = plan.seed + rounds;
        let mut schedule = Schedule::of(seed);
        if let Some(only) = plan.only.as_ref().filter(|only| !only.is_empty()) {
            schedule = schedule.with_only(only);
        }
        writeln!(say, "round {} SEED={seed}\n{schedule}", rounds + 1)?;
        let wrong = play(&schedule).await.with_context(|| {
            format!(
                "the harness itself failed in round {}, SEED={seed}",
                rounds + 1
            )
        })?;
        if !wrong.is_empty() {
            writeln!(say, "VIOLATIONS:\n{}", wrong.join("\n"))?;
            let smallest = smaller(schedule, say).await?;
            writeln!(
                say,
                "the smallest schedule that fails:\n{smallest}\nagain: SEED={seed} ONLY={} make chaos",
                smallest.numbers()
            )?;
            return Ok(false);
        }
        rounds += 1;
        writeln!(say, "round {rounds} is sound")?;
        if plan.only.is_none()
            && Instant::now() < end
            && let Some(next) = drills.next()
        {
            if !drill(next, seed, say).await? {
                return Ok(false);
            }
            drilled += 1;
        }
        if plan.only.is_some() || Instant::now() >= end {
            writeln!(say, "{rounds} rounds and {drilled} drills, all sound")?;
            return Ok(true);
        }
    }
}

/// Removes one fault after the other, as long as what is left still fails.
async fn smaller(schedule: Schedule, say: &mut impl Write) -> Result<Schedule> {
    let mut smallest = schedule.clone();
    for number in schedule.all() {
        let fewer = smallest.without(number);
        let fails = !play(&fewer).await?.is_empty();
        let said = if fails { "still fails" } else { "is sound" };
        writeln!(say, "without {number} it {said}")?;
        if fails {
            smallest = fewer;
        }
    }
    Ok(smallest)
}
