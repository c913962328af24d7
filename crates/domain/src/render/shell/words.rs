//! Words of commands that make a difference: which of them another shell, or bash's arithmetic, reads as code.

use super::seen::{Role, Seen};

/// Operators of `[[ … ]]` whose operands bash evaluates as arithmetic.
pub(super) const NUMERIC: [&str; 6] = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

pub(super) const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "zsh"];
/// Programs that hand a string after `-c` to a shell.
const HAND_ON: [&str; 4] = ["su", "runuser", "sg", "script"];
/// Programs that run the command after them.
const WRAPPERS: [&str; 12] = [
    "sudo", "env", "exec", "nohup", "command", "time", "timeout", "nice", "chroot", "docker",
    "podman", "runuser",
];
/// Commands whose arguments name variables.
const NAMES_VARIABLES: [&str; 12] = [
    "declare", "typeset", "local", "export", "readonly", "unset", "read", "printf", "test", "[",
    "[[", "mapfile",
];
/// Words after which a command begins.
const BEFORE_A_COMMAND: [&str; 8] = ["if", "then", "else", "elif", "do", "while", "until", "!"];

/// The words of a command so far, as they are written.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) words: Vec<String>,
    /// The same for [`super::flow`].
    pub(super) seen: Seen,
    /// What the next word is.
    pub(super) role: Role,
    /// Where the word that is read begins.
    pub(super) word_at: usize,
}

impl Command {
    pub(super) fn add(&mut self, word: String, until: usize) {
        let introduces = word == "{" || BEFORE_A_COMMAND.contains(&word.as_str());
        if !(self.words.is_empty() && introduces) {
            let role = std::mem::take(&mut self.role);
            self.seen.add(role, self.word_at..until);
            self.words.push(word);
        }
    }

    /// Whether `((` here begins arithmetic.
    pub(super) fn may_be_arithmetic(&self) -> bool {
        self.words.is_empty() || self.words == ["for"]
    }

    /// Why the next word is read as code by something else than this shell's word rules.
    pub(super) fn reads_next_word_as_code(&self) -> Option<&'static str> {
        const AGAIN: &str = "in text that a shell reads a second time";
        let first = self.command()?;
        match base(first) {
            "eval" | "ssh" => return Some(AGAIN),
            "trap" if self.words.last().is_some_and(|last| last == first) => return Some(AGAIN),
            "let" => return Some("in arithmetic, which the shell evaluates"),
            _ => {}
        }
        let (last, before) = self.words.split_last()?;
        let hands_on =
            |word: &String| SHELLS.contains(&base(word)) || HAND_ON.contains(&base(word));
        let option = last.starts_with('-') && !last.starts_with("--") && last.ends_with('c');
        ((option || last == "--command") && before.iter().any(hands_on)).then_some(AGAIN)
    }

    /// Why a placeholder after this beginning of its word stands where bash evaluates: in a subscript, where a variable is
    /// named.
    pub(super) fn in_subscript(&self, word: &str) -> Option<&'static str> {
        let open = word.rfind('[')?;
        let name = word[..open].trim_start_matches(['"', '\'']);
        let variable = !name.is_empty() && name.bytes().all(is_of_name);
        let named = match self.command() {
            None => true,
            Some(command) => NAMES_VARIABLES.contains(&command.as_str()),
        };
        (variable && named && !word[open..].contains(']'))
            .then_some("in a subscript, which the shell evaluates")
    }

    /// The first word that is no assignment.
    fn command(&self) -> Option<&String> {
        self.words.iter().find(|word| !is_assignment(word))
    }
}

/// Whether a command, given by its words, is a shell that reads its standard input.
pub(super) fn runs_a_shell(words: &[String]) -> bool {
    let mut words = words.iter().skip_while(|word| is_assignment(word));
    let Some(first) = words.next().map(|word| base(word)) else {
        return false;
    };
    let shell = |name: &str| SHELLS.contains(&name) || name == "ssh" || name == "su";
    shell(first) || (WRAPPERS.contains(&first) && words.any(|word| shell(base(word))))
}

pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(is_of_name))
}

pub(super) fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

pub(super) fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
