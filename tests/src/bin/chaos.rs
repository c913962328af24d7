//! `make chaos`: random schedules of faults and drills for so many minutes; ends with 1 when an invariant is violated.
//!
//! `chaos MINUTES [SEED [FAULTS]]` plays from a seed; with FAULTS (numbers with commas, or `all`) that one round only.
//! `chaos drill NAME [SEED]` plays one drill alone; `all` plays each once.
//! `chaos roll BINARY` rolls from the binary of the release before to ours, twenty times. INGOT_BIN names ours.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use ingot_tests::chaos::{Drill, Plan, drill, roll, run};

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout();
    let sound = match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["roll", binary] => {
            let wrong = roll(binary.as_ref()).await?;
            say(&wrong.join("\n"))?;
            wrong.is_empty()
        }
        ["drill", name, rest @ ..] => {
            let mut sound = true;
            let one = match *name {
                "all" => Drill::ALL.to_vec(),
                name => vec![Drill::named(name)?],
            };
            for each in one {
                sound &= drill(each, seed(rest.first())?, &mut out).await?;
            }
            sound
        }
        [minutes, rest @ ..] => run(&plan(minutes, rest)?, &mut out).await?,
        [] => anyhow::bail!(
            "chaos MINUTES [SEED [FAULTS]], chaos drill NAME [SEED], or chaos roll BINARY"
        ),
    };
    Ok(ExitCode::from(u8::from(!sound)))
}

fn plan(minutes: &str, rest: &[&str]) -> Result<Plan> {
    let minutes: u64 = minutes.parse().context("MINUTES is a whole number")?;
    let seed = seed(rest.first())?;
    let numbers = |text: &str| {
        text.split(',')
            .map(|number| number.parse().context("FAULTS are numbers with commas"))
            .collect::<Result<_>>()
    };
    let only = match rest.get(1) {
        Some(&"all") => Some(Default::default()),
        Some(text) => Some(numbers(text)?),
        None => None,
    };
    Ok(Plan {
        time: Duration::from_secs(minutes * 60),
        seed,
        only,
    })
}

/// The seed that is given, else one of the time.
fn seed(given: Option<&&str>) -> Result<u64> {
    match given {
        Some(seed) => seed.parse().context("SEED is a whole number"),
        None => Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() * 1000),
    }
}

fn say(text: &str) -> Result<()> {
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
