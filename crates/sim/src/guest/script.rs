//! What a script in user data does, read without running it.

use std::io::Read as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// cloud-init unpacks gzip; more than this is no script.
const LONGEST: u64 = 1024 * 1024;

/// The script inside base64 user data, unpacked if it is gzip.
pub(super) fn of_user_data(encoded: &str) -> String {
    let raw = STANDARD.decode(encoded).unwrap_or_default();
    if !raw.starts_with(&[0x1f, 0x8b]) {
        return String::from_utf8_lossy(&raw).into_owned();
    }
    let mut text = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(raw.as_slice()).take(LONGEST);
    match unpacked.read_to_string(&mut text) {
        Ok(_) => text,
        Err(_) => String::new(),
    }
}

/// Words that only look at a file.
const READERS: &[&str] = &[
    "test", "[", "[[", "if", "elif", "while", "until", "cat", "grep", "ls", "source", ".",
];

/// Whether the script leaves a path there (`true`) or removes it (`false`); `None` if it does
/// neither. The last line that names the path decides. `id` is the instance the path may be
/// named after, for which the script writes a variable.
pub(super) fn leaves(script: &str, path: &str, id: &str) -> Option<bool> {
    let by_variable = path
        .split_once(id)
        .map(|(before, _)| before)
        .filter(|before| before.len() > 1);
    let names = |line: &str| {
        let variable = by_variable.is_some_and(|before| {
            let rest = line.split(before).nth(1);
            rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with('$'))
        });
        variable || mentions(line, path)
    };
    let lines = script.split(['\n', ';']).flat_map(|line| line.split("&&"));
    let last = lines
        .map(str::trim)
        .filter(|line| !line.starts_with('#') && names(line))
        .filter(|line| writes(line) || !READERS.contains(&first_word(line)))
        .last();
    last.map(|line| first_word(line) != "rm")
}

/// Whether what a line prints goes into a file; what it throws away does not.
fn writes(line: &str) -> bool {
    line.replace("2>&1", "")
        .replace(">/dev/null", "")
        .contains('>')
}

/// Whether the script writes the path even if what it runs fails: it keeps the exit code (`code=$?`) and goes on.
pub(super) fn outlives(script: &str, path: &str) -> bool {
    let kept = script.lines().position(|line| line.trim().ends_with("=$?"));
    let named = |line: &&str| mentions(line, path) && first_word(line.trim()) != "rm";
    kept.is_some_and(|at| script.lines().skip(at).any(|line| named(&line)))
}

/// Whether a line names this path and not a longer one.
fn mentions(line: &str, path: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '-' | '.');
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        !before.is_some_and(inside) && !after.is_some_and(inside)
    })
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// Whether the script installs the SSM agent.
pub(super) fn installs_agent(script: &str) -> bool {
    script.contains("amazon-ssm-agent")
}

/// After how long the script shuts its machine down: the `+minutes` of its last `shutdown`.
pub(crate) fn shuts_down(encoded: &str) -> Option<Duration> {
    let script = of_user_data(encoded);
    let line = script
        .lines()
        .rfind(|line| first_word(line) == "shutdown")?;
    let minutes = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix('+'))?;
    let minutes: u64 = minutes.parse().ok()?;
    Some(Duration::from_secs(minutes.saturating_mul(60)))
}

/// Vendors whose images come without an SSM agent; the list of those with one is AWS's
/// "Find AMIs with the SSM Agent preinstalled".
const WITHOUT_AGENT: &[&str] = &[
    "almalinux",
    "centos",
    "debian",
    "fedora",
    "freebsd",
    "kali",
    "rhel",
    "rocky",
];

/// Whether a vendor's image of this name carries the SSM agent.
pub(super) fn has_agent(name: &str) -> bool {
    let name = name.to_lowercase();
    let file = name.rsplit('/').next().unwrap_or(&name);
    let bare = WITHOUT_AGENT.iter().any(|vendor| file.starts_with(vendor));
    !bare && !name.contains("-minimal-")
}

/// What the script has printed after `share` (0 to 1) of its time: its `echo` lines in order.
pub(crate) fn boot_log(encoded: &str, share: f64) -> Vec<String> {
    let script = of_user_data(encoded);
    let printed: Vec<String> = script.lines().filter_map(echoed).collect();
    // Between 0 and the count, so the cast keeps the value.
    let count = (printed.len() as f64 * share.clamp(0.0, 1.0)).floor() as usize;
    printed.into_iter().take(count).collect()
}

/// The text of a line that is one `echo` of a literal.
pub(super) fn echoed(line: &str) -> Option<String> {
    literal(line.trim().strip_prefix("echo ")?.trim())
}

/// The text of a line that shows a literal by `printf '%s\n'`.
pub(super) fn shown(line: &str) -> Option<String> {
    literal(line.trim().strip_prefix("printf '%s\\n' ")?)
}

/// A text in quotes.
fn literal(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(quote)).then(|| inside.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_shutdown_in_minutes_is_read() {
        let table = [
            ("#!/bin/sh\nshutdown -h +3\n", Some(180)),
            ("echo one\nshutdown +10", Some(600)),
            ("shutdown -h now", None),
            ("echo shutdown -h +3", None),
        ];
        for (script, seconds) in table {
            let said = shuts_down(&STANDARD.encode(script));
            assert_eq!(said, seconds.map(Duration::from_secs), "{script}");
        }
    }

    #[test]
    fn a_file_is_there_if_the_last_line_that_names_it_writes_it() {
        let table = [
            ("touch /run/done", "/run/done", Some(true)),
            ("date > /var/lib/x/done", "/var/lib/x/done", Some(true)),
            ("echo ok >>'/a/b'", "/a/b", Some(true)),
            ("install -D /dev/null \"/a/b\"", "/a/b", Some(true)),
            ("touch /run/done\nrm -f /run/done", "/run/done", Some(false)),
            (
                "rm -f /run/done; do_it && touch /run/done",
                "/run/done",
                Some(true),
            ),
            ("test -e /run/done || exit 1", "/run/done", None),
            ("cat /run/done 2>/dev/null || echo -", "/run/done", None),
            ("cat /x >/run/done 2>/dev/null", "/run/done", Some(true)),
            ("# touch /run/done", "/run/done", None),
            ("touch /run/done2 /x/run/done", "/run/done", None),
            ("touch /run/other", "/run/done", None),
            (
                "touch /var/lib/ingot/booted-$id",
                "/var/lib/ingot/booted-i-1",
                Some(true),
            ),
            (
                "touch \"/var/lib/ingot/${id}.done\"",
                "/var/lib/ingot/i-1.done",
                Some(true),
            ),
            (
                "rm /var/lib/ingot/booted-$id",
                "/var/lib/ingot/booted-i-1",
                Some(false),
            ),
        ];
        for (script, path, want) in table {
            assert_eq!(leaves(script, path, "i-1"), want, "{path} after {script}");
        }
    }

    #[test]
    fn an_exit_code_is_written_down_after_a_failure_too() {
        let kept = "rm -f /a/code\n/opt/install\ncode=$?\necho $code > /a/code\nexit $code";
        let table = [
            (kept, "/a/code", true),
            (kept, "/a/other", false),
            ("/opt/install\necho $? > /a/code", "/a/code", false),
            ("echo 0 > /a/code\n/opt/install\ncode=$?", "/a/code", false),
        ];
        for (script, path, want) in table {
            assert_eq!(outlives(script, path), want, "{path} after {script}");
        }
    }

    #[test]
    fn user_data_is_read_plain_and_packed() {
        let script = "#!/bin/bash\necho 'step 1'\necho \"step 2\"\n echo $x\n";
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(script.as_bytes()).expect("packed");
        let packed = STANDARD.encode(packed.finish().expect("packed"));
        for encoded in [STANDARD.encode(script), packed] {
            assert_eq!(of_user_data(&encoded), script);
            assert_eq!(boot_log(&encoded, 0.5), ["step 1"]);
            assert_eq!(boot_log(&encoded, 1.0), ["step 1", "step 2"]);
        }
        assert_eq!(of_user_data("%%"), "");
    }

    #[test]
    fn vendors_come_with_and_without_the_agent() {
        let table = [
            ("al2023-ami-2023.9.20261109.0-kernel-6.1-x86_64", true),
            (
                "al2023-ami-minimal-2023.9.20261109.0-kernel-6.1-x86_64",
                false,
            ),
            (
                "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261101",
                true,
            ),
            ("debian-12-amd64-20261101-1", false),
            ("Rocky-9-EC2-Base-9.6-20261101.0.x86_64", false),
            ("RHEL-9.6.0_HVM-20261101-x86_64-0-Hourly2-GP3", false),
            ("Windows_Server-2022-English-Full-Base-2026.11.12", true),
        ];
        for (name, want) in table {
            assert_eq!(has_agent(name), want, "{name}");
        }
    }
}
