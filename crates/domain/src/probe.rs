//! What "it really answers" means: the probe a template asks for, the classes its answers fall into (F16), and
//! the schedule of readiness checks (F14).

use serde::{Deserialize, Serialize};

use crate::field::{FieldError, is_hidden};

/// Longest time one probe may take, in seconds, connecting and redirects included (OPERATIONS section 2).
pub const PROBE_SECONDS: u64 = 10;
/// Most bytes of an answer's body that are kept at a time (OPERATIONS section 2).
pub const PROBE_BODY_BYTES: usize = 64 * 1024;
/// Most bytes of an answer's body that are looked through for the expected words as they come.
pub const PROBE_LOOK_BYTES: usize = 4 * 1024 * 1024;
/// Longest readiness command, in bytes.
pub const LONGEST_COMMAND: usize = 1024;
/// Most redirects followed, all on the same host (OPERATIONS section 2).
pub const PROBE_REDIRECTS: usize = 3;

/// The probe of a template. The address is never part of it: it comes from EC2's description of our own instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeSpec {
    /// A TCP port that takes connections, instead of a page: nothing is sent, and nothing else of the target is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<u16>,
    /// A shell command on the instance that ends with 0 when it is ready, instead of a page; run through SSM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// `https` or `http`.
    pub scheme: Scheme,
    /// TCP port.
    pub port: u16,
    /// Path and query, starting with `/`.
    pub path: String,
    /// Status codes that mean ready.
    pub expected_status: Vec<u16>,
    /// Ready when the body contains one of these, ignoring case; empty accepts any body.
    pub body_contains: Vec<String>,
    /// Whether the certificate must be valid for `host`; self-signed ones are accepted otherwise (F15).
    pub verify_tls: bool,
    /// Name sent as Host and SNI; the address itself when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How many good answers in a row mean ready.
    pub consecutive_successes: u32,
    /// Seconds from the instance's start to the first check (F14).
    pub first_check_seconds: u32,
    /// Seconds between checks (F14).
    pub interval_seconds: u32,
    /// Most checks before `readiness_timeout` (F14).
    pub max_attempts: u32,
}

impl Default for ProbeSpec {
    fn default() -> Self {
        Self {
            tcp: None,
            command: None,
            scheme: Scheme::Https,
            port: 443,
            path: "/".to_owned(),
            expected_status: vec![200],
            body_contains: Vec::new(),
            verify_tls: false,
            host: None,
            consecutive_successes: 1,
            first_check_seconds: 180,
            interval_seconds: 30,
            max_attempts: 180,
        }
    }
}

/// Protocol of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// TLS.
    #[default]
    Https,
    /// Clear text.
    Http,
}

impl Scheme {
    /// As in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
        }
    }
}

impl ProbeSpec {
    /// Everything that is wrong with the values.
    pub fn problems(&self, at: &str) -> Vec<FieldError> {
        let mut found = self.beside_page(at);
        let mut bad = |field: &str, value: String, message: &str| {
            found.push(FieldError::new(&format!("{at}.{field}"), value, message));
        };
        if self.tcp == Some(0) {
            bad("tcp", "0".to_owned(), "give 1 to 65535");
        }
        if let Some(command) = &self.command {
            let long = command.len() > LONGEST_COMMAND;
            let odd = |c: char| is_hidden(c) || c.is_control() && !matches!(c, '\n' | '\t');
            if command.trim().is_empty() || long || command.contains(odd) {
                bad(
                    "command",
                    command.clone(),
                    "give a shell command such as `pg_isready`, at most 1024 bytes",
                );
            }
            if command.contains("{{") {
                bad(
                    "command",
                    command.clone(),
                    "words in `{{…}}` are replaced in scripts only: write the value, or let the installation write a script",
                );
            }
        }
        if self.port == 0 {
            bad("port", "0".to_owned(), "give 1 to 65535");
        }
        let clean = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
        if !self.path.starts_with('/') || self.path.len() > 1024 || !clean(&self.path) {
            bad(
                "path",
                self.path.clone(),
                "start with `/`, without blanks, at most 1024 characters",
            );
        }
        if self.expected_status.is_empty() {
            bad(
                "expected_status",
                "[]".to_owned(),
                "name at least one status, usually 200",
            );
        }
        for status in &self.expected_status {
            if !(100..=599).contains(status) {
                bad(
                    "expected_status",
                    status.to_string(),
                    "give codes from 100 to 599",
                );
            }
        }
        if let Some(host) = &self.host
            && (host.is_empty()
                || host.len() > 253
                || !host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-'))
        {
            bad("host", host.clone(), "give a DNS name");
        }
        for word in self
            .body_contains
            .iter()
            .filter(|word| word.contains(is_hidden))
        {
            bad(
                "body_contains",
                word.clone(),
                "remove the characters that cannot be seen",
            );
        }
        if self.verify_tls && self.host.is_none() {
            bad(
                "host",
                String::new(),
                "a certificate is verified against a name: give `host`",
            );
        }
        if !(1..=20).contains(&self.consecutive_successes) {
            bad(
                "consecutive_successes",
                self.consecutive_successes.to_string(),
                "give 1 to 20",
            );
        }
        if self.first_check_seconds > 3600 {
            bad(
                "first_check_seconds",
                self.first_check_seconds.to_string(),
                "give 0 to 3600",
            );
        }
        if !(1..=3600).contains(&self.interval_seconds) {
            bad(
                "interval_seconds",
                self.interval_seconds.to_string(),
                "give 1 to 3600",
            );
        }
        if !(1..=10_000).contains(&self.max_attempts) {
            bad(
                "max_attempts",
                self.max_attempts.to_string(),
                "give 1 to 10000",
            );
        }
        found
    }

    /// What says of a page how it is asked for, beside a port or a command.
    fn beside_page(&self, at: &str) -> Vec<FieldError> {
        let usual = Self::default();
        let page = [
            ("scheme", self.scheme != usual.scheme),
            ("port", self.port != usual.port),
            ("path", self.path != usual.path),
            (
                "expected_status",
                self.expected_status != usual.expected_status,
            ),
            ("body_contains", self.body_contains != usual.body_contains),
            ("verify_tls", self.verify_tls),
            ("host", self.host.is_some()),
        ];
        let wrong = match (self.tcp, &self.command) {
            (None, None) => return Vec::new(),
            (Some(_), None) => {
                "`tcp` is a port that takes connections, without a page: leave this out, or leave `tcp` out"
            }
            (_, Some(_)) => {
                "`command` asks the instance itself, without a page: leave this out, or leave `command` out"
            }
        };
        let both = [("tcp", self.tcp.is_some() && self.command.is_some())];
        let said = both.iter().chain(&page).filter(|(_, said)| *said);
        said.map(|(field, _)| FieldError::new(&format!("{at}.{field}"), "", wrong))
            .collect()
    }

    /// What is asked for, as a URL pattern.
    pub fn shown(&self) -> String {
        match (self.tcp, &self.command) {
            (_, Some(command)) => format!("command: {command}"),
            (Some(port), None) => format!("tcp://<instance>:{port}"),
            (None, None) => {
                let scheme = self.scheme.as_str();
                format!("{scheme}://<instance>:{}{}", self.port, self.path)
            }
        }
    }

    /// The port of the first connection.
    pub fn first_port(&self) -> u16 {
        self.tcp.unwrap_or(self.port)
    }

    /// Judges an answer: ready, still starting (F17), or not what was expected.
    pub fn judge(&self, status: u16, body: &str) -> ProbeOutcome {
        if !self.expected_status.contains(&status) {
            return match status {
                502 | 503 => ProbeOutcome::not_ready(
                    ProbeClass::Starting,
                    format!("HTTP {status}: backend starting"),
                ),
                _ => ProbeOutcome::not_ready(ProbeClass::HttpStatus, format!("HTTP {status}")),
            };
        }
        if self.body_contains.is_empty() {
            return ProbeOutcome::ready(format!("HTTP {status}"));
        }
        let body = body.to_lowercase();
        match self
            .body_contains
            .iter()
            .find(|word| body.contains(&word.to_lowercase()))
        {
            Some(word) => ProbeOutcome::ready(format!("HTTP {status}, found `{word}`")),
            None => ProbeOutcome::not_ready(
                ProbeClass::WrongContent,
                format!(
                    "HTTP {status}, but none of `{}` in the page",
                    self.body_contains.join("`, `")
                ),
            ),
        }
    }
}

/// The class of a probe's answer (F16); the words are stable, they label metrics and are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeClass {
    /// As expected.
    Ready,
    /// No answer in time.
    Timeout,
    /// The name did not resolve.
    Dns,
    /// No server listens.
    Refused,
    /// The TLS handshake failed.
    Tls,
    /// 502 or 503: the proxy is up, what is behind it is not (F17).
    Starting,
    /// Another status than expected.
    HttpStatus,
    /// The expected status, the wrong page.
    WrongContent,
    /// The connection broke, or what came was no HTTP.
    Broken,
    /// The command on the instance did not end with 0, or could not be asked.
    Command,
    /// The address is one we never connect to (OPERATIONS section 2).
    Denied,
}

impl ProbeClass {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            ProbeClass::Ready => "ready",
            ProbeClass::Timeout => "timeout",
            ProbeClass::Dns => "dns",
            ProbeClass::Refused => "refused",
            ProbeClass::Tls => "tls",
            ProbeClass::Starting => "starting",
            ProbeClass::HttpStatus => "http_status",
            ProbeClass::WrongContent => "wrong_content",
            ProbeClass::Broken => "broken",
            ProbeClass::Command => "command",
            ProbeClass::Denied => "denied",
        }
    }
}

/// One probe's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeOutcome {
    /// Its class.
    pub class: ProbeClass,
    /// For the log line of the attempt.
    pub detail: String,
}

impl ProbeOutcome {
    /// A good answer.
    pub fn ready(detail: impl Into<String>) -> Self {
        Self {
            class: ProbeClass::Ready,
            detail: detail.into(),
        }
    }

    /// Any other answer.
    pub fn not_ready(class: ProbeClass, detail: impl Into<String>) -> Self {
        Self {
            class,
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests;
