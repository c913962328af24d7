//! Scripts that write down how they ended. The script runs inside a small one of Ingot's, as a process of its own, so that
//! its end is written down whatever it does: `exit`, `exec`, a syntax error, a trap of its own, another interpreter.

use super::ROOT;
use crate::userdata::LONGEST_RAW;

/// Which script of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// The installation of a fresh launch.
    Install,
    /// The first boot of a cached launch.
    FirstBoot,
}

/// Why a script cannot write down how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrecorded {
    /// It does not start with `#!` and an interpreter: cloud-config, a multi-part archive, PowerShell.
    NotAScript,
    /// With the lines around it, it would be longer than EC2 takes.
    TooLong,
}

/// Where a script of a deployment's run writes its exit code. The name carries deployment and run, so that a record which
/// an image brings along is another one's.
pub fn path(script: Script, deployment_id: &str, run: i32) -> String {
    let what = match script {
        Script::Install => "install",
        Script::FirstBoot => "first-boot",
    };
    format!("{ROOT}/{what}-{deployment_id}-{run}")
}

/// Where what a followed script printed is kept, beside its record.
pub fn output(path: &str) -> String {
    format!("{path}.out")
}

/// Bytes of output that are kept on the instance: the file is for reading while the script runs, and the console has all.
pub const LONGEST_OUTPUT: u64 = 16 * 1024 * 1024;

/// The script that runs `script` and writes its exit code to `path` (as [`path`] gives it).
pub fn recorded(script: &str, path: &str) -> Result<String, Unrecorded> {
    around(script, path, |run| format!("{run}\ningot_code=$?\n"))
}

/// The same, and what the script prints goes to [`output`] as well. The script writes into a pipe that `tee` reads, so what
/// it leaves running in the background neither holds its end up nor loses its output. Where there is no `tee`, or the
/// pipe cannot be made, it runs as [`recorded`] runs it. After a failure the end is written down a second later, when
/// `tee` has written all that led to it.
pub fn followed(script: &str, path: &str) -> Result<String, Unrecorded> {
    watched(script, path, "cat", "")
}

/// The same, and each line goes to the machine's console as well with its number before it (`progress::console` reads
/// them), and in the end the exit code. The console may be none that can be written: then the rest goes on without.
pub fn consoled(script: &str, path: &str) -> Result<String, Unrecorded> {
    let lines = format!(
        "(n=0; while IFS= read -r line || [ -n \"$line\" ]; do n=$((n+1)); printf '%s\\n' \"$line\"; \
         {{ printf '{MARK}%s| %s\\n' \"$n\" \"$line\" >> {CONSOLE}; }} 2>/dev/null; done)"
    );
    let end = format!("{{ printf '{MARK}end %s\\n' \"$ingot_code\" >> {CONSOLE}; }} 2>/dev/null\n");
    watched(script, path, &lines, &end)
}

/// Where a machine's console is.
const CONSOLE: &str = "/dev/console";

/// What a line of the console begins with that [`consoled`] wrote.
pub const MARK: &str = "[ingot]";

/// A script whose output `tee` keeps, and `shows` passes on.
fn watched(script: &str, path: &str, shows: &str, end: &str) -> Result<String, Unrecorded> {
    let out = output(path);
    // `ulimit` counts blocks of 512 bytes; a `tee` that ignores the signal goes on with the console.
    let blocks = LONGEST_OUTPUT / 512;
    around(script, path, |run| {
        format!(
            "rm -f {out} {path}.pipe\n\
             if command -v tee >/dev/null && (umask 077; : > {out} && mkfifo {path}.pipe); then\n\
             (trap '' XFSZ; ulimit -f {blocks}; tee -a {out} < {path}.pipe) | {shows} &\n\
             {run} > {path}.pipe 2>&1\n\
             ingot_code=$?\n\
             [ $ingot_code = 0 ] || sleep 1\n\
             {end}\
             else\n\
             {run}\n\
             ingot_code=$?\n\
             fi\n\
             rm -f {path}.pipe\n"
        )
    })
}

/// The small script around another one; `runs` says how the command that runs it is run.
fn around(
    script: &str,
    path: &str,
    runs: impl FnOnce(&str) -> String,
) -> Result<String, Unrecorded> {
    let (interpreter, argument) = interpreter(script).ok_or(Unrecorded::NotAScript)?;
    let run = match argument {
        Some(argument) => format!("{} {}", quoted(interpreter), quoted(argument)),
        None => quoted(interpreter),
    };
    let runs = runs(&format!("{run} {path}.run"));
    let end = delimiter(script);
    let body = script.trim_end_matches('\n');
    let text = format!(
        "#!/bin/sh\n\
         # Ingot runs the script below and writes down how it ended.\n\
         mkdir -p {ROOT}\n\
         rm -f {path}\n\
         (umask 077; cat > {path}.run) <<'{end}'\n\
         {body}\n\
         {end}\n\
         {runs}\
         rm -f {path}.run\n\
         echo \"$ingot_code\" > {path}.new\n\
         mv -f {path}.new {path}\n\
         exit \"$ingot_code\"\n"
    );
    if text.len() > LONGEST_RAW {
        return Err(Unrecorded::TooLong);
    }
    Ok(text)
}

/// The interpreter of a script's first line and its one argument, as the kernel reads them.
fn interpreter(script: &str) -> Option<(&str, Option<&str>)> {
    let line = script.strip_prefix("#!")?.lines().next()?.trim();
    let (interpreter, rest) = line
        .split_once(|c: char| c.is_ascii_whitespace())
        .unwrap_or((line, ""));
    let rest = rest.trim();
    interpreter
        .starts_with('/')
        .then_some((interpreter, (!rest.is_empty()).then_some(rest)))
}

/// A line that the script does not hold.
fn delimiter(script: &str) -> String {
    let mut word = "INGOT".to_owned();
    while script.lines().any(|line| line.trim_end() == word) {
        word.push('_');
    }
    word
}

/// A word for the shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
