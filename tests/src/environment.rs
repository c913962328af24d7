//! What the tests are told from outside: servers of the run, the binary, and where the tree is.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// An environment variable that says something.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost room of the test building"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The root of the source tree.
pub fn repository() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

/// The folder of this build profile, such as `target/debug`: test executables lie in its `deps`.
pub fn target() -> Result<PathBuf> {
    let test = std::env::current_exe().context("where the test executable is")?;
    let deps = test
        .parent()
        .context("a test executable lies in a folder")?;
    Ok(deps.parent().unwrap_or(deps).to_owned())
}

/// The `ingot` binary: `INGOT_BIN`, else the one beside the tests.
pub(crate) fn binary() -> Result<PathBuf> {
    let binary = match variable("INGOT_BIN") {
        Some(path) => repository().join(path),
        None => target()?.join("ingot"),
    };
    ensure!(
        binary.is_file(),
        "there is no `{}`; build it with `cargo build --workspace --bins` or set INGOT_BIN",
        binary.display()
    );
    Ok(binary)
}
