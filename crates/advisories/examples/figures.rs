//! Measures reading a folder of advisories and judging one update, in a process of its own, so that its peak of memory is the
//! reading's. Prints one line of JSON; `make bench FIGURES=advisories` holds it against the targets.
//!
//! `figures DIR` reads DIR, which holds AlmaLinux's records.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use ingot_advisories::Folder;
use ingot_domain::advisory::apply::Images;
use ingot_domain::advisory::assess::{Known, assess};
use ingot_domain::advisory::base::{Base, Build};

const ROUNDS: usize = 20;
/// Advisories that one update is judged against.
const MANY: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name a folder")?;
    let now = "2026-11-28T00:00:00Z".parse()?;
    let began = Instant::now();
    let mut folder = Folder::read(Path::new(&path), now)?;
    let load = began.elapsed();
    let peak = peak()?;
    let records = folder.advisories.len();

    let base = Base::parse("almalinux-9")?;
    // Records of the judged release only, again and again under other ids, make the judgement as long as it can be.
    let own: Vec<_> = folder
        .advisories
        .iter()
        .filter(|advisory| advisory.release == base.release)
        .cloned()
        .collect();
    let more = own.iter().cycle().zip(0..MANY);
    folder.advisories = more
        .map(|(advisory, number)| {
            let mut advisory = advisory.clone();
            advisory.id = format!("{}-{number}", advisory.id);
            advisory
        })
        .collect();
    let set = folder.base_set(&base);
    let (old, new) = (Build::parse("9.3.20231113")?, Build::parse("9.4.20240805")?);
    let images = Images {
        created: new.end(),
        base,
        old,
        new,
        old_list: None,
        new_list: None,
        set,
        repositories: None,
    };
    let known = Known {
        images: &images,
        advisories: &folder.advisories,
        listed: None,
        signals: folder.signals(),
        feed: folder.feed(images.base.os),
        earlier: None,
    };
    let mut rounds = Vec::new();
    let mut rows = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        rows = assess(&known, now).evidence.len();
        rounds.push(began.elapsed());
    }
    rounds.sort_unstable();
    let ms = |span: Duration| span.as_secs_f64() * 1000.0;
    writeln!(
        std::io::stdout(),
        r#"{{"records":{records},"load_ms":{:.1},"peak_kib":{peak},"advisories":{},"rows":{rows},"judge_ms":{:.2},"judge_most_ms":{:.2}}}"#,
        ms(load),
        folder.advisories.len(),
        ms(rounds[ROUNDS / 2]),
        ms(rounds[ROUNDS - 1]),
    )?;
    Ok(())
}

/// The most memory this process ever held, in KiB.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmHWM")?.parse()?)
}
