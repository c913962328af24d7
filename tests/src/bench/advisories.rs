//! How long it takes to read a vendor's advisories and to judge one update of a base image by them, and what it holds.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::figure::{Figure, mib, ms};
use crate::repository;

const LOAD: Duration = Duration::from_secs(2);
const PEAK: u64 = 150 * 1024 * 1024;
const JUDGE: Duration = Duration::from_millis(50);
/// As many as AlmaLinux 8 and 9 had in August 2026.
const RECORDS: usize = 3_820;
/// Packages per record, as there on average.
const PACKAGES: usize = 12;

/// Measures it in a process of its own.
pub async fn measure() -> Result<Vec<Figure>> {
    let exe = std::env::current_exe()?;
    let program = exe.with_file_name("examples").join("figures");
    ensure!(
        program.is_file(),
        "{} is missing: build it with `cargo build --release -p ingot-advisories --example figures`",
        program.display()
    );
    let made = tempfile::tempdir()?;
    let real = real();
    let (folder, of) = match &real {
        Some(folder) => (folder.clone(), "AlmaLinux's records"),
        None => (make(made.path().to_owned())?, "records made up"),
    };
    let run = tokio::process::Command::new(program)
        .arg(&folder)
        .output()
        .await?;
    ensure!(
        run.status.success(),
        "it ended with {}: {}",
        run.status,
        String::from_utf8_lossy(&run.stderr)
    );
    let told: Value = serde_json::from_slice(&run.stdout)?;
    let number = |name: &str| told[name].as_f64().with_context(|| name.to_owned());
    let span = |name: &str| Ok::<_, anyhow::Error>(Duration::from_secs_f64(number(name)? / 1000.0));
    let (load, judge, most) = (span("load_ms")?, span("judge_ms")?, span("judge_most_ms")?);
    let peak = told["peak_kib"].as_u64().context("peak_kib")? * 1024;
    Ok(vec![
        Figure::judged(
            &format!("reading {} of {of}", told["records"]),
            "≤ 2 s and ≤ 150 MiB",
            format!("{}, peak {}", ms(load), mib(peak)),
            load <= LOAD && peak <= PEAK,
        ),
        Figure::judged(
            &format!("judging one update by {} advisories", told["advisories"]),
            "median ≤ 50 ms",
            format!(
                "median {}, max {}; {} rows of evidence",
                ms(judge),
                ms(most),
                told["rows"]
            ),
            judge <= JUDGE,
        ),
    ])
}

/// The real records, where they lie beside the checkout.
fn real() -> Option<PathBuf> {
    let above = repository().ancestors().skip(1).take(2);
    let mut folders = above.map(|above| above.join("shared/advisories"));
    folders.find(|folder| folder.join("almalinux").is_dir())
}

/// A folder of records in the real ones' shape.
fn make(folder: PathBuf) -> Result<PathBuf> {
    let mut lines = String::new();
    for number in 0..RECORDS {
        let day = 1 + number % 28;
        let month = 1 + number / 28 % 12;
        let packages: Vec<String> = (0..PACKAGES)
            .map(|package| format!("\"package{}-{package}\"", number % 400))
            .collect();
        writeln!(
            lines,
            r#"{{"id":"ALSA-2024:{number:04}","summary":"Important: package{} security update","published":"2024-{month:02}-{day:02}T00:00:00Z","modified":"2024-{month:02}-{day:02}T00:00:00Z","cves":["CVE-2024-{number:05}","CVE-2023-{number:05}"],"fixed":{{"5.14.0-{number}.el9":["sudo",{}]}}}}"#,
            number % 400,
            packages.join(",")
        )?;
    }
    let almalinux = folder.join("almalinux");
    fs::create_dir_all(&almalinux)?;
    fs::write(almalinux.join("alsa_el9_index.jsonl"), lines)?;
    Ok(folder)
}
