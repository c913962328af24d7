//! From a clone to the AMI of one's own template, as a user gets there: the build, and the rest. The rest is `ingot up` with
//! an empty folder, `templates check`, `apply` and a build, in the simulated region at its usual pace.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::figure::Figure;
use crate::environment::{binary, repository};

/// The longest that a command may take.
const LONG: Duration = Duration::from_secs(600);
const BUILD: Duration = Duration::from_secs(3600);

/// Clones this tree, builds the clone in this build's profile, and goes on with what was built.
pub async fn from_clone() -> Result<Vec<Figure>> {
    let home = tempfile::tempdir_in(repository().join("target"))?;
    let clone = home.path().join("ingot");
    let began = Instant::now();
    let mut git = Command::new("git");
    git.args(["clone", "--quiet"]).arg(repository()).arg(&clone);
    run(git, BUILD).await?;
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--workspace",
        "--bin",
        "ingot",
    ]);
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        cargo.arg("--release");
        "release"
    };
    let target = home.path().join("target");
    cargo.current_dir(&clone).env("CARGO_TARGET_DIR", &target);
    run(cargo, BUILD).await?;
    let built = Figure::told(
        &format!("clone to own AMI: clone and build, {profile}, sources fetched"),
        minutes(began.elapsed()),
    );
    let rest = rest(&target.join(profile).join("ingot"), home.path()).await?;
    Ok(vec![built, rest])
}

/// The rest alone, with the binary that is measured.
pub async fn with_binary() -> Result<Vec<Figure>> {
    let home = tempfile::tempdir()?;
    Ok(vec![rest(&binary()?, home.path()).await?])
}

async fn rest(ingot: &Path, home: &Path) -> Result<Figure> {
    let user = User {
        ingot: ingot.to_owned(),
        data: home.join("data"),
    };
    let began = Instant::now();
    let mut up = user.command(&["up", "--cloud", "sim", "--listen", "127.0.0.1:0"]);
    let up = up.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut up = up.kill_on_drop(true).spawn().context("ingot up")?;
    let mut lines = BufReader::new(up.stdout.take().context("its output")?).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await? {
            if line.starts_with("{\"listening\"") {
                return anyhow::Ok(());
            }
        }
        anyhow::bail!("`ingot up` ended")
    };
    timeout(LONG, ready).await.context("`ingot up`")??;
    let started = began.elapsed();
    let own = repository().join("templates/hello-web.yaml");
    let own = own.to_str().context("a path")?;
    run(user.command(&["templates", "check", own]), LONG).await?;
    run(user.command(&["templates", "apply", own]), LONG).await?;
    let order = [
        "deploy",
        "hello-web",
        "--version",
        "v1.0.0",
        "--region",
        "us-east-1",
    ];
    let order = [&order[..], &["--build-only", "--wait"]].concat();
    let printed = run(user.command(&order), LONG).await?;
    ensure!(printed.trim().starts_with("ami-"), "printed: {printed}");
    let all = began.elapsed();
    up.kill().await?;
    Ok(Figure::told(
        "clone to own AMI: the rest, from `ingot up` to the id (pace 60)",
        format!(
            "{} in all; `up` listens after {:.1} s",
            minutes(all),
            started.as_secs_f64()
        ),
    ))
}

/// A user without settings.
struct User {
    ingot: PathBuf,
    data: PathBuf,
}

impl User {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.ingot);
        command.args(arguments).env_clear();
        command
            .env("HOME", &self.data)
            .env("INGOT_DATA_DIR", &self.data);
        command
    }
}

/// Runs a command, and answers with what it prints.
async fn run(mut command: Command, longest: Duration) -> Result<String> {
    let told = format!("{:?}", command.as_std());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(longest, output).await.context(told.clone())??;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{told}: {}: {said}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn minutes(span: Duration) -> String {
    format!(
        "{}:{:04.1} min",
        span.as_secs() / 60,
        span.as_secs_f64() % 60.0
    )
}
