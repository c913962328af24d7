//! The questions an instance is asked through SSM, as shell text, and what its answers mean. The exit code alone carries
//! the answer; what is printed only goes into sentences for people.
//!
//! cloud-init's own words (its `status` command): `error` is a critical failure (exit code 1), `degraded done` is done with
//! warnings (`status: done`, exit code 2), `disabled` means it never runs. Before `/run/cloud-init/result.json` exists it
//! is still at work, and an `error` may belong to an earlier stage.

use super::record::quoted;
use super::tail;
use crate::template::InstallFinished;

/// Over, and it went well.
const OVER: i32 = 0;
/// The script ended with another exit code than 0: printed first, then the end of cloud-init's log.
const FAILED: i32 = 3;
/// cloud-init is over, and the script that writes down its end has written nothing.
const SILENT: i32 = 4;
/// cloud-init says `error`; what it says stands in the output.
const BROKEN: i32 = 5;
/// There is no cloud-init.
const NO_CLOUD_INIT: i32 = 6;

/// Characters of an instance's output that go into a sentence.
const LONGEST_TAIL: usize = 900;

/// What an instance said about a script or about its installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It is over.
    Over,
    /// Not yet.
    NotYet,
    /// It failed, in words for people.
    Failed(String),
    /// cloud-init is over, and the script left no record.
    Silent,
    /// The instance has no cloud-init that could be asked.
    NoCloudInit,
}

/// Reads an answer.
pub fn read(exit_code: i32, output: &str) -> Heard {
    match exit_code {
        OVER => Heard::Over,
        FAILED => {
            let (code, rest) = output.split_once('\n').unwrap_or((output, ""));
            let code = code.trim();
            let code = if code.parse::<i32>().is_ok() {
                code
            } else {
                "(not readable)"
            };
            Heard::Failed(sentence(format!("exit code {code}"), rest))
        }
        BROKEN => Heard::Failed(sentence("cloud-init says `error`".to_owned(), output)),
        SILENT => Heard::Silent,
        NO_CLOUD_INIT => Heard::NoCloudInit,
        _ => Heard::NotYet,
    }
}

fn sentence(what: String, output: &str) -> String {
    match tail(output, LONGEST_TAIL) {
        said if said.is_empty() => what,
        said => format!("{what}: {said}"),
    }
}

/// Lines that end with `FAILED` when the record at `path` is not 0.
fn failed_by_record(path: &str) -> String {
    format!(
        "test -e {path} && cat {path}\n\
         test -e {path} && tail -n 20 /var/log/cloud-init-output.log 2>/dev/null\n\
         test -e {path} && exit {FAILED}\n"
    )
}

/// Whether the first boot is over. `record` is where its script writes its exit code; without one, cloud-init alone is
/// asked, which is over when all of its user data is.
pub fn first_boot(record: Option<&str>) -> String {
    let by_record = record.map_or(String::new(), |path| {
        let well = format!("cat {path} 2>/dev/null | grep -q '^0$' && exit {OVER}\n");
        well + &failed_by_record(path)
    });
    let done = if record.is_some() { SILENT } else { OVER };
    format!(
        "{by_record}\
         cloud-init status 2>&1 | grep -q 'status: disabled' && exit {SILENT}\n\
         cloud-init status 2>&1 | grep -q 'status: ' || exit {NO_CLOUD_INIT}\n\
         test -e /run/cloud-init/result.json || exit 1\n\
         cloud-init status 2>&1 | grep -q 'status: done' && exit {done}\n\
         cloud-init status --long 2>&1\n\
         cloud-init status 2>&1 | grep -q 'status: error' && exit {BROKEN}\n\
         exit 1\n"
    )
}

/// Whether the installation is over, as the template wants it known; `None` when nothing is asked. `record` is where the
/// install script writes its exit code.
pub fn installed(how: &InstallFinished, record: &str) -> Option<String> {
    let failed = format!(
        "cat {record} 2>/dev/null | grep -q '^0$' && exit 1\n{}exit 1\n",
        failed_by_record(record)
    );
    match how {
        InstallFinished::None => None,
        // A person's own text runs as it is: it may hold anything.
        InstallFinished::Command(command) => Some(command.clone()),
        InstallFinished::File(path) => {
            Some(format!("test -e {} && exit {OVER}\n{failed}", quoted(path)))
        }
        InstallFinished::CloudInit => Some(format!(
            "cloud-init status 2>&1 | grep -q 'status: disabled' && exit {OVER}\n\
             cloud-init status 2>&1 | grep -q 'status: done' && exit {OVER}\n\
             test -e /run/cloud-init/result.json || exit 1\n\
             tail -n 20 /var/log/cloud-init-output.log 2>/dev/null\n\
             test -e {record} && echo 'exit code of the script:' && cat {record}\n\
             cloud-init status --long 2>&1\n\
             cloud-init status 2>&1 | grep -q 'status: error' && exit {BROKEN}\n\
             exit 1\n"
        )),
    }
}

#[cfg(test)]
mod tests;
