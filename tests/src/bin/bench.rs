//! `make bench`: measures the promised figures and prints them with the machine; ends with 1 when a target is missed.
//!
//! `bench [FIGURE…]` measures some only: advisories, help, check, idle, enqueue, delayed, intake, crowd, installing,
//! fleet, notify, own-ami, pause, plan, purses, scan, security, million; and on request only
//! build, and first-ami (a clone, its build, and own-ami with what was built).
//! INGOT_BIN names the binary that is measured; it should be a release build.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use ingot_tests::bench::{self, Figure, Verdict};
use ingot_tests::{Options, Stack};

const ALL: [&str; 18] = [
    "advisories",
    "help",
    "check",
    "idle",
    "enqueue",
    "delayed",
    "intake",
    "crowd",
    "installing",
    "fleet",
    "own-ami",
    "notify",
    "pause",
    "plan",
    "purses",
    "scan",
    "security",
    "million",
];

/// What takes long and is measured on request only.
const ASKED: [&str; 2] = ["build", "first-ami"];

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    for name in &wanted {
        let name = name.as_str();
        ensure!(
            ALL.contains(&name) || ASKED.contains(&name),
            "there is no figure `{name}`: {}, {}",
            ALL.join(", "),
            ASKED.join(", ")
        );
    }
    if wanted.is_empty() {
        wanted = ALL.map(str::to_owned).to_vec();
    }
    say(&bench::heading().await?)?;
    let mut figures = Vec::new();
    for name in ASKED.into_iter().chain(ALL) {
        if wanted.iter().any(|one| one == name) {
            let measured = measure(name)
                .await
                .with_context(|| format!("the figure `{name}`"))?;
            for figure in &measured {
                writeln!(std::io::stderr(), "{}", figure.line())?;
            }
            figures.extend(measured);
        }
    }
    say(&bench::figure::table(&figures))?;
    let missed = figures
        .iter()
        .any(|figure| figure.verdict == Verdict::Missed);
    Ok(ExitCode::from(u8::from(missed)))
}

/// Each figure gets an installation of its own, so that none stands on another's leftovers.
async fn measure(name: &str) -> Result<Vec<Figure>> {
    match name {
        "build" => bench::build::measure().await,
        "first-ami" => bench::first_ami::from_clone().await,
        "own-ami" => bench::first_ami::with_binary().await,
        "advisories" => bench::advisories::measure().await,
        "help" => bench::help::measure().await,
        "check" => bench::check::measure().await,
        "idle" => bench::idle::measure(&stack(1).await?).await,
        "enqueue" => bench::enqueue::measure(&stack(1).await?).await,
        "delayed" => bench::delayed::measure(&stack(1).await?).await,
        "intake" => {
            let alone = bench::intake::measure(&stack(0).await?, "no worker", true).await?;
            let busy = stack(1).await?;
            let busy = bench::intake::measure(&busy, "one worker launching", false).await?;
            Ok([alone, busy].concat())
        }
        "crowd" => bench::crowd::measure(&stack(1).await?).await,
        "installing" => {
            let options = || Options {
                pace: bench::installing::PACE,
                ..real_time(1)
            };
            let failing = Stack::scaled_with(options()).await?;
            let failing = bench::installing::failing(&failing).await?;
            let console = Stack::scaled_with(options()).await?;
            let console = bench::installing::failing_on_console(&console).await?;
            let many = bench::installing::many(&stack(1).await?).await?;
            Ok([failing, console, many].concat())
        }
        "notify" => {
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let options = Options {
                environment: vec![
                    pair("INGOT_KEY", bench::notify::KEY),
                    pair("INGOT_NOTIFY_CIDRS", "127.0.0.0/8"),
                ],
                ..real_time(1)
            };
            bench::notify::measure(&Stack::scaled_with(options).await?).await
        }
        "pause" => bench::pause::measure(&stack(3).await?).await,
        "plan" => bench::plan::measure(&stack(0).await?).await,
        "fleet" => bench::fleet::measure(&in_ten_regions().await?).await,
        "scan" => bench::scan::measure(&in_ten_regions().await?).await,
        "purses" => bench::purses::measure().await,
        // Without a worker: its monitor would find none of the images in the region.
        "security" => bench::security::measure(&stack(0).await?).await,
        _ => {
            let options = Options {
                own_postgres: true,
                ..real_time(0)
            };
            bench::million::measure(Stack::scaled_with(options).await?).await
        }
    }
}

/// Postgres, Redis, a region without throttling, one API and some workers, all in real time.
async fn stack(workers: usize) -> Result<Stack> {
    Stack::scaled_with(real_time(workers)).await
}

/// The same with one worker, in ten regions.
async fn in_ten_regions() -> Result<Stack> {
    let regions = ("INGOT_REGIONS".to_owned(), bench::scan::REGIONS.to_owned());
    let options = Options {
        environment: vec![regions],
        ..real_time(1)
    };
    Stack::scaled_with(options).await
}

fn real_time(workers: usize) -> Options {
    Options {
        workers,
        pace: 1,
        ..Options::default()
    }
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
