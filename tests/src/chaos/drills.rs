//! Drills: rows of FAULTS, section 2, that need a machine of their own or more time than the CI has. `make chaos` plays one
//! after each random round; `DRILL=failover make chaos` plays one alone. A drill tells what it did and what it proved, line
//! by line; a sentence that does not hold is its failure.

mod attack;
mod disk;
mod failover;
mod missed;
mod report;
mod restore;
mod site;

use std::io::Write;

use anyhow::{Result, bail};
use tokio::time::Instant;

use report::Report;

/// The drills, in the order in which `make chaos` plays them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drill {
    /// FAULTS F11.
    Failover,
    /// FAULTS F22.
    Missed,
    /// FAULTS F31.
    Disk,
    /// FAULTS F40.
    Attack,
    /// FAULTS F42.
    Restore,
}

impl Drill {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Failover,
        Self::Missed,
        Self::Disk,
        Self::Attack,
        Self::Restore,
    ];

    /// Its word: what `DRILL` says.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::Missed => "missed",
            Self::Disk => "disk",
            Self::Attack => "attack",
            Self::Restore => "restore",
        }
    }

    /// The row of FAULTS, and the fault in words.
    fn subject(self) -> &'static str {
        match self {
            Self::Failover => "F11: a Redis replica is promoted that lacks the last writes",
            Self::Missed => "F22: no worker fires the periodic jobs for several ticks",
            Self::Disk => "F31: the disks of Postgres, of Redis and of the logs are full",
            Self::Attack => "F40: the API is attacked",
            Self::Restore => "F42: Postgres is restored from a backup that is older than the world",
        }
    }

    /// The drill of a word.
    pub fn named(name: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|drill| drill.name() == name) {
            Some(drill) => Ok(drill),
            None => {
                let all = Self::ALL.map(Self::name).join(", ");
                bail!("there is no drill `{name}`; choose one of {all}")
            }
        }
    }
}

/// Plays one drill; answers whether everything held. What it draws by chance comes from its seed alone.
pub async fn drill(drill: Drill, seed: u64, say: &mut impl Write) -> Result<bool> {
    let name = drill.name();
    writeln!(say, "drill {name} SEED={seed}, {}", drill.subject())?;
    let began = Instant::now();
    let mut report = Report::of(say);
    // Boxed: each holds a whole installation.
    let played = match drill {
        Drill::Failover => Box::pin(failover::play(seed, &mut report)).await,
        Drill::Missed => Box::pin(missed::play(seed, &mut report)).await,
        Drill::Disk => Box::pin(disk::play(seed, &mut report)).await,
        Drill::Attack => Box::pin(attack::play(seed, &mut report)).await,
        Drill::Restore => Box::pin(restore::play(seed, &mut report)).await,
    };
    let mut wrong = report.wrong();
    wrong.extend(played.err().map(|error| format!("{error:#}")));
    let took = began.elapsed().as_secs();
    if wrong.is_empty() {
        writeln!(say, "drill {name} is sound ({took} s)")?;
        return Ok(true);
    }
    writeln!(
        say,
        "drill {name} FAILED after {took} s:\n{}\nagain: DRILL={name} SEED={seed} make chaos",
        wrong.join("\n")
    )?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drill_is_found_by_its_name_and_no_other_is() {
        for drill in Drill::ALL {
            assert_eq!(Drill::named(drill.name()).expect("a drill"), drill);
        }
        let error = Drill::named("nonsense").expect_err("no drill").to_string();
        assert!(error.contains("failover, missed"), "{error}");
    }
}
