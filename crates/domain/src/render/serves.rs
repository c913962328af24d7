//! The line of a user-data text that says what its instance will serve: `# ingot-serves: {…}`, made of the template's
//! probe. A comment to the instance; the simulated region plays it, for it runs no programs. It belongs to no fingerprint.

use super::Kind;
use crate::probe::ProbeSpec;

/// What the line begins with.
pub const SERVES: &str = "# ingot-serves: ";

/// Most bytes of the expected words that are written; of longer lists the shortest word alone, for one is enough.
const MOST_WORDS: usize = 200;

/// The text with the line where its reader passes over it; `None` if there is no such place.
pub fn serving(text: &str, probe: &ProbeSpec) -> Option<String> {
    // A command is asked of the instance itself.
    if probe.command.is_some() {
        return None;
    }
    let line = format!("{SERVES}{}\n", json(probe));
    match Kind::of(text) {
        // A recorded script of any interpreter is a shell script outside; of others `#` need not be a comment.
        Kind::OtherScript | Kind::Unknown => None,
        Kind::Shell => Some(insert(text, head(text), &line)),
        Kind::CloudInit if is_mime(text) => Some(insert(text, preamble(text)?, &line)),
        Kind::CloudInit => Some(insert(text, head(text), &line)),
        Kind::Windows => windows(text, &line),
    }
}

/// Puts the line at a place that begins a line, or ends the text.
fn insert(text: &str, at: usize, line: &str) -> String {
    let (before, after) = text.split_at(at);
    let end = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{before}{end}{line}{after}")
}

/// Where the lines end that say what the text is. In `#cloud-boothook` a `#!` follows, after `## template: jinja` anything.
fn head(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.trim().to_ascii_lowercase();
        let says = ["#!", "#cloud-", "#include", "#upstart-job", "#part-handler"];
        let says = says.iter().any(|word| lower.starts_with(word));
        if !(says || lower.is_empty() || lower.starts_with("## template:")) {
            break;
        }
        at += line.len();
    }
    at
}

fn is_mime(text: &str) -> bool {
    let lower = text.trim_start().to_ascii_lowercase();
    lower.starts_with("content-type:") || lower.starts_with("mime-version:")
}

/// Where the preamble of a multi-part text begins, which no reader of it looks at (RFC 2046 section 5.1.1): after the
/// header's blank line. A text of one part has none.
fn preamble(text: &str) -> Option<usize> {
    let mut at = text.len() - text.trim_start().len();
    let mut parts = false;
    for line in text[at..].split_inclusive('\n') {
        at += line.len();
        let lower = line.trim().to_ascii_lowercase();
        let blanks = |c: char| c.is_ascii_whitespace();
        let kind = lower.strip_prefix("content-type:");
        parts |= kind.is_some_and(|kind| kind.trim_start_matches(blanks).starts_with("multipart/"));
        if lower.is_empty() {
            return parts.then_some(at);
        }
    }
    None
}

/// Inside `<powershell>`, inside `<script>`, or after the first line of a YAML document of EC2Launch v2.
fn windows(text: &str, line: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let inside = |tag: &str| lower.find(tag).map(|at| at + tag.len());
    let put = |at: usize, line: &str| {
        let (before, after) = text.split_at(at);
        let after = after.strip_prefix("\r\n").unwrap_or(after);
        let after = after.strip_prefix('\n').unwrap_or(after);
        format!("{before}\n{line}{after}")
    };
    if let Some(at) = inside("<powershell>") {
        Some(put(at, line))
    } else if let Some(at) = inside("<script>") {
        Some(put(at, &format!("rem {line}")))
    } else if lower.trim_start().starts_with("version:") {
        let blank = text.len() - text.trim_start().len();
        let first = text[blank..]
            .find('\n')
            .map_or(text.len(), |end| blank + end + 1);
        Some(insert(text, first, line))
    } else {
        None
    }
}

/// The probe as an answer that satisfies it.
fn json(probe: &ProbeSpec) -> String {
    if let Some(port) = probe.tcp {
        return format!("{{\"scheme\":\"tcp\",\"port\":{port}}}");
    }
    let all = probe.body_contains.join(" ");
    let shortest = probe.body_contains.iter().min_by_key(|word| word.len());
    let body = match shortest {
        Some(word) if all.len() > MOST_WORDS => word,
        _ => &all,
    };
    // Of these a client reads no body.
    let bare = |status: &&u16| matches!(**status, 100..=199 | 204 | 205 | 304);
    let statuses = &probe.expected_status;
    let full = statuses.iter().find(|status| !bare(status));
    let status = full.or(statuses.first()).copied().unwrap_or(200);
    format!(
        "{{\"scheme\":{},\"port\":{},\"path\":{},\"status\":{status},\"body\":{}}}",
        quoted(probe.scheme.as_str()),
        probe.port,
        quoted(&probe.path),
        quoted(body)
    )
}

/// A JSON string in which only characters stand that mean nothing to any reader of the text: no brace of jinja, no
/// bracket of a tag, no `%` or `&` of a batch file.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || " _-./,;:=?+*()@!~".contains(c) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{json as written, *};
    use crate::probe::Scheme;

    fn up() -> ProbeSpec {
        ProbeSpec {
            scheme: Scheme::Http,
            port: 80,
            path: "/up?x=1".to_owned(),
            ..ProbeSpec::default()
        }
    }

    const LINE: &str = "# ingot-serves: {\"scheme\":\"http\",\"port\":80,\"path\":\"/up?x=1\",\"status\":200,\"body\":\"\"}\n";

    /// `@` stands for the line.
    #[test]
    fn each_kind_has_the_line_where_its_reader_passes_over_it() {
        let table = [
            ("#!/bin/sh\nset -e\n", "#!/bin/sh\n@set -e\n"),
            ("#!/bin/bash", "#!/bin/bash\n@"),
            ("\n#! /bin/sh -e\r\nid\r\n", "\n#! /bin/sh -e\r\n@id\r\n"),
            (
                "#cloud-config\npackages: [nginx]\n",
                "#cloud-config\n@packages: [nginx]\n",
            ),
            ("#cloud-config", "#cloud-config\n@"),
            (
                "#cloud-config-archive\n- type: text/x\n",
                "#cloud-config-archive\n@- type: text/x\n",
            ),
            (
                "#include\nhttps://example.com/a\n",
                "#include\n@https://example.com/a\n",
            ),
            (
                "#cloud-boothook\n#!/bin/sh\nid\n",
                "#cloud-boothook\n#!/bin/sh\n@id\n",
            ),
            (
                "## template: jinja\n#cloud-config\na: {{ v1.region }}\n",
                "## template: jinja\n#cloud-config\n@a: {{ v1.region }}\n",
            ),
            (
                "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"x\"\n\n--x\n",
                "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"x\"\n\n@--x\n",
            ),
            ("Content-Type:\n multipart/mixed; boundary=x\n\n--x\n", ""),
            ("Content-Type: text/x-shellscript\n\n#!/bin/sh\n", ""),
            ("Content-Type: multipart/mixed; boundary=x", ""),
            (
                "<powershell>\r\nGet-Date\r\n</powershell>",
                "<powershell>\n@Get-Date\r\n</powershell>",
            ),
            (
                "<persist>true</persist>\n<PowerShell>exit 0</PowerShell>",
                "<persist>true</persist>\n<PowerShell>\n@exit 0</PowerShell>",
            ),
            (
                "<script>\nver\n</script>\n",
                "<script>\nrem @ver\n</script>\n",
            ),
            (
                "version: 1.1\ntasks:\n- task: executeScript\n",
                "version: 1.1\n@tasks:\n- task: executeScript\n",
            ),
            ("<persist>true</persist>", ""),
            ("#!/usr/bin/env python3\nprint(1)\n", ""),
            ("#!/usr/bin/env node\nlet a = 1\n", ""),
            ("{\"ignition\":{\"version\":\"3.4.0\"}}", ""),
            ("[settings.host]\n", ""),
            ("echo hello", ""),
            ("", ""),
        ];
        for (text, with) in table {
            let with = (!with.is_empty()).then(|| with.replace('@', LINE));
            assert_eq!(serving(text, &up()), with, "{text}");
        }
    }

    fn read(probe: &ProbeSpec) -> Value {
        let text = serving("#!/bin/sh\n", probe).expect("a script");
        let line = text.lines().nth(1).expect("the line");
        serde_json::from_str(line.strip_prefix(SERVES).expect("it begins so")).expect("JSON")
    }

    #[test]
    fn the_answer_satisfies_the_probe() {
        let long = "long ".repeat(100);
        let table: [(&[u16], &[&str], u16, &str); 6] = [
            (&[200], &["kamiwaza", "login"], 200, "kamiwaza login"),
            (&[204, 200], &[], 200, ""),
            (&[204], &[], 204, ""),
            (&[401], &["\"ok\": true", "<h1>"], 401, "\"ok\": true <h1>"),
            (&[200], &[&long, "ok"], 200, "ok"),
            (&[], &[], 200, ""),
        ];
        let tcp = ProbeSpec {
            tcp: Some(5432),
            ..ProbeSpec::default()
        };
        assert_eq!(read(&tcp), json!({ "scheme": "tcp", "port": 5432 }));
        for (statuses, words, status, body) in table {
            let probe = ProbeSpec {
                expected_status: statuses.to_vec(),
                body_contains: words.iter().map(|word| (*word).to_owned()).collect(),
                ..up()
            };
            let said = read(&probe);
            assert_eq!(said["status"], status, "{said}");
            assert_eq!(said["body"], body, "{said}");
            assert_eq!(said["path"], "/up?x=1");
        }
    }

    proptest! {
            #[test]
            fn any_word_comes_back_and_no_reader_meets_it(word in "\\PC{0,40}", path in "/[!-~]{0,30}") {
                let probe = ProbeSpec { path: path.clone(), body_contains: vec![word.clone()], ..up() };
                let said = read(&probe);
                prop_assert_eq!(said["body"].as_str(), Some(&*word));
                prop_assert_eq!(said["path"].as_str(), Some(&*path));
                let line = written(&probe);
                let inner = &line[1..line.len() - 1];
    let meant = inner.contains(['{', '}', '<', '>', '%', '&', '#', '\n', '$', '`', '^', '|']);
                prop_assert!(!meant);
                prop_assert!(inner.is_ascii());
            }
        }
}
