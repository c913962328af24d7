//! What reads a script: a shell, cloud-init's YAML, PowerShell or something else.

/// What a user-data text is, told by its beginning as cloud-init and EC2Launch tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `#!` and a POSIX shell.
    Shell,
    /// `#!` and another interpreter.
    OtherScript,
    /// `#cloud-config`, `#include`, MIME: what cloud-init reads besides scripts.
    CloudInit,
    /// `<powershell>` and its like: Windows reads it, uncompressed.
    Windows,
    /// Anything else: Ignition, NixOS, TOML.
    Unknown,
}

const SHELLS: [&str; 7] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];

impl Kind {
    /// The kind of a text.
    pub fn of(text: &str) -> Self {
        let text = text.trim_start();
        let line = text.lines().next().unwrap_or_default();
        if let Some(interpreter) = line.strip_prefix("#!") {
            return Self::of_interpreter(interpreter);
        }
        let lower = line.to_ascii_lowercase();
        let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
        if begins(&[
            "#cloud-",
            "#include",
            "#upstart-job",
            "#part-handler",
            "## template:",
        ]) || begins(&["content-type:", "mime-version:"])
        {
            Kind::CloudInit
        } else if begins(&["<powershell", "<script", "<persist", "version: 1."]) {
            Kind::Windows
        } else {
            Kind::Unknown
        }
    }

    fn of_interpreter(line: &str) -> Self {
        let mut words = line.split_ascii_whitespace();
        let mut program = words.next().unwrap_or_default();
        if program.ends_with("/env") {
            let named = |word: &&str| !word.starts_with('-') && !word.contains('=');
            program = words.find(named).unwrap_or_default();
        }
        let name = program.rsplit('/').next().unwrap_or_default();
        if SHELLS.contains(&name) {
            Kind::Shell
        } else {
            Kind::OtherScript
        }
    }

    /// Whether cloud-init reads it, which unpacks gzip.
    pub fn is_for_cloud_init(self) -> bool {
        matches!(self, Kind::Shell | Kind::OtherScript | Kind::CloudInit)
    }

    /// The place of every placeholder in a text that is not shell, in words.
    pub(super) fn place(self) -> Option<&'static str> {
        match self {
            Kind::Shell => None,
            Kind::OtherScript => Some("in a script that is not a shell's"),
            Kind::CloudInit => Some("in a text for cloud-init, which is not shell"),
            Kind::Windows => Some("in a script for Windows"),
            Kind::Unknown => Some("in a text without `#!`, whose quoting is not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_by_their_first_line() {
        let table = [
            ("#!/bin/bash\necho", Kind::Shell),
            ("#! /bin/sh -e\n", Kind::Shell),
            ("#!/usr/bin/env bash", Kind::Shell),
            ("#!/usr/bin/env -S A=1 bash -e", Kind::Shell),
            ("\n#!/usr/bin/dash", Kind::Shell),
            ("#!/usr/bin/env python3", Kind::OtherScript),
            ("#!/usr/bin/fish", Kind::OtherScript),
            ("#cloud-config\npackages: []", Kind::CloudInit),
            ("#cloud-boothook\n#!/bin/sh", Kind::CloudInit),
            ("## template: jinja\n#cloud-config", Kind::CloudInit),
            ("MIME-Version: 1.0\n", Kind::CloudInit),
            (
                "Content-Type: multipart/mixed; boundary=\"x\"",
                Kind::CloudInit,
            ),
            ("<powershell>\n", Kind::Windows),
            ("<script>\n", Kind::Windows),
            ("{\"ignition\":{}}", Kind::Unknown),
            ("echo hello", Kind::Unknown),
            ("", Kind::Unknown),
        ];
        for (text, kind) in table {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }
}
