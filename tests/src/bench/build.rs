//! What building Ingot costs: cold debug and release builds in folders of their own, the rebuild after a change in the
//! worker, and the size of the binary.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use super::figure::{Figure, mib};
use super::proc::{below, children};
use crate::environment::repository;

/// Between two looks at the compilers' memory.
const LOOK: Duration = Duration::from_millis(250);

/// Measures it.
pub async fn measure() -> Result<Vec<Figure>> {
    let folder = repository().join("target/bench-build");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let debug = cargo(&folder, &["build", "--workspace"]).await?;
    let changed = repository().join("worker/src/lib.rs");
    File::open(&changed)?.set_modified(SystemTime::now())?;
    let again = cargo(&folder, &["build", "--workspace"]).await?;
    let release = ["build", "--release", "--workspace", "--bin", "ingot"];
    let release = cargo(&folder, &release).await?;
    let size = |profile: &str| {
        let binary = folder.join(profile).join("ingot");
        let file = std::fs::metadata(&binary).with_context(|| binary.display().to_string())?;
        Ok::<_, anyhow::Error>(mib(file.len()))
    };
    let sizes = format!("debug {}, release {}", size("debug")?, size("release")?);
    std::fs::remove_dir_all(&folder)?;
    Ok(vec![
        Figure::told("cold debug build of the workspace", debug),
        Figure::told("rebuild after touching `worker/src/lib.rs`", again),
        Figure::told("cold release build of `ingot`", release),
        Figure::told("size of `ingot`, line tables included", sizes),
    ])
}

/// Runs cargo and tells its time, its CPU time and the memory of its compilers.
async fn cargo(folder: &Path, arguments: &[&str]) -> Result<String> {
    let (cpu, began) = (children()?, Instant::now());
    let mut cargo = Command::new("cargo")
        .args(arguments)
        .arg("--locked")
        .arg("--target-dir")
        .arg(folder)
        .current_dir(repository())
        .stdin(Stdio::null())
        .spawn()
        .context("cargo")?;
    let pid = cargo.id().context("cargo ended at once")?;
    let (mut largest, mut sum) = (0, 0);
    let status = loop {
        tokio::select! {
            status = cargo.wait() => break status?,
            () = tokio::time::sleep(LOOK) => {
                let (one, all) = below(pid);
                (largest, sum) = (largest.max(one), sum.max(all));
            }
        }
    };
    let (took, cpu) = (began.elapsed(), children()? - cpu);
    ensure!(status.success(), "cargo {} failed", arguments.join(" "));
    Ok(format!(
        "{} wall, {} CPU; largest compiler {}, all together {}",
        minutes(took),
        minutes(cpu),
        mib(largest),
        mib(sum)
    ))
}

fn minutes(span: Duration) -> String {
    format!("{}:{:04.1}", span.as_secs() / 60, span.as_secs_f64() % 60.0)
}
