//! What an instance serves: the lines `# ingot-serves: {…}` of its user data, for nothing is executed here. An image
//! remembers what the instance served from which it was made.

use serde::Deserialize;
use serde_json::{Value, json};

use super::script::of_user_data;

/// What a line begins with; `rem` may stand before it in a batch file.
const MARK: &str = "# ingot-serves:";

/// One answer: on a port and, unless that only takes connections, at a path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Serves {
    pub(crate) scheme: Scheme,
    pub(crate) port: u16,
    #[serde(default = "root")]
    path: String,
    #[serde(default = "fine")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) body: String,
}

/// How its port is spoken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scheme {
    Http,
    Https,
    /// Connections are taken, and nothing is said.
    Tcp,
}

fn root() -> String {
    "/".to_owned()
}

fn fine() -> u16 {
    200
}

impl Serves {
    /// Whether a request's path is its own; what follows `?` says nothing.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let own = self.path.split('?').next();
        own == path.split('?').next()
    }

    /// For `GET /_sim/state`.
    pub(crate) fn told(&self) -> Value {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Tcp => "tcp",
        };
        json!({"scheme": scheme, "port": self.port, "path": self.path, "status": self.status, "body": self.body})
    }
}

/// Every line of base64 user data that can be read, in order; empty if there is none.
pub(crate) fn serves(encoded: &str) -> Vec<Serves> {
    let script = of_user_data(encoded);
    let line = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("rem ").unwrap_or(line);
        let said: Serves = serde_json::from_str(line.strip_prefix(MARK)?)
            .inspect_err(|error| tracing::warn!(%error, line, "passed over"))
            .ok()?;
        (said.port > 0).then_some(said)
    };
    script.lines().filter_map(line).collect()
}

impl Serves {
    /// The page of a machine launched by a release whose scripts do not say what they serve.
    pub(crate) fn unmarked() -> Self {
        Self {
            scheme: Scheme::Https,
            port: 443,
            path: root(),
            status: fine(),
            body: "kamiwaza: login".to_owned(),
        }
    }
}

#[cfg(test)]
impl Serves {
    /// The same machine's port that only takes connections.
    pub(crate) fn bare(self, port: u16) -> Self {
        let scheme = Scheme::Tcp;
        Self {
            scheme,
            port,
            ..self
        }
    }

    /// What most machines of tests serve.
    pub(crate) fn sample() -> Self {
        Self {
            scheme: Scheme::Https,
            port: 443,
            path: root(),
            status: fine(),
            body: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn lines_are_read_wherever_they_stand() {
        let table = [
            (
                "#!/bin/sh\n# ingot-serves: {\"scheme\":\"https\",\"port\":443}\nid\n",
                1,
            ),
            (
                "<script>\nrem # ingot-serves: {\"scheme\":\"https\",\"port\":443}\r\n",
                1,
            ),
            (
                "#!/bin/sh\n# ingot-serves: {\"scheme\":\"https\",\"port\":443}\n\
                 # ingot-serves: {\"scheme\":\"http\",\"port\":80,\"path\":\"/up\",\"status\":204,\"body\":\"x\"}\n",
                2,
            ),
            ("#!/bin/sh\n# ingot-serves: {\"port\":443}\n", 0),
            (
                "#!/bin/sh\n# ingot-serves: {\"scheme\":\"https\",\"port\":0}\n",
                0,
            ),
            ("#!/bin/sh\necho '# ingot-serves: {}'\n", 0),
            ("#!/bin/sh\n", 0),
            ("", 0),
        ];
        for (script, count) in table {
            let read = serves(&STANDARD.encode(script));
            assert_eq!(read.len(), count, "{script}");
            assert!(read.first().is_none_or(|first| *first == Serves::sample()));
        }
        assert_eq!(serves("%%"), []);
    }

    #[test]
    fn a_path_is_told_apart_from_others_and_its_query_is_not() {
        let up = Serves {
            path: "/up?deep=1".to_owned(),
            ..Serves::sample()
        };
        for (path, own) in [
            ("/up", true),
            ("/up?x", true),
            ("/", false),
            ("/up/", false),
        ] {
            assert_eq!(up.is_at(path), own, "{path}");
        }
    }
}
