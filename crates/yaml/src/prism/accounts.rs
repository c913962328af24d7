//! Users and services, each written as a step.

use std::fmt::Write;

use ingot_domain::field::shown;

use super::Writer;
use super::trees::{get, is_unix, word, words};
use crate::tree::Tree;

/// A name that a shell takes, and the keys it stands among.
type Named = (String, Vec<(String, Tree)>);

impl Writer {
    /// The parts of a list of names, or of keys with a `name`, each with where it stands.
    fn listed(&mut self, key: &str, list: Tree) -> Vec<(String, Tree)> {
        let Tree::List(all) = list else {
            let why = format!("{key} are a list of names, or of keys with a `name`");
            self.keep(key, list, &why);
            return Vec::new();
        };
        let placed = all.into_iter().enumerate();
        placed
            .map(|(i, one)| (format!("{key}[{i}]"), one))
            .collect()
    }

    /// One of a list; what has no name that a shell takes is kept, and `unnamed` says why.
    fn named(&mut self, at: &str, one: Tree, unnamed: &str) -> Option<Named> {
        let fields = match one {
            Tree::Map(fields) => fields,
            one => vec![("name".to_owned(), one)],
        };
        let name = get(&fields, "name").and_then(word).unwrap_or_default();
        if is_unix(name) {
            return Some((name.to_owned(), fields));
        }
        self.keep(at, Tree::Map(fields), unnamed);
        None
    }

    pub(super) fn users(&mut self, users: Tree) {
        // `users: { ada: WORD }` is a name and its password.
        let users = match users {
            Tree::Map(all) => {
                let (all, words): (Vec<_>, Vec<_>) = all
                    .into_iter()
                    .partition(|(_, value)| !matches!(value, Tree::Text(..)));
                for (name, _) in words {
                    self.left(&format!("users.{}", shown(&name)));
                }
                Tree::Map(all)
            }
            users => users,
        };
        let why = "its name is none of a user; make it in a step";
        for (at, user) in self.listed("users", users) {
            let Some((name, fields)) = self.named(&at, user, why) else {
                continue;
            };
            let mut run = format!(
                "id -u {name} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash {name}"
            );
            for (key, value) in fields {
                let all = words(&value);
                match key.as_str() {
                    "name" => {}
                    "groups" if all.iter().all(|group| is_unix(group)) => {
                        for group in all {
                            let _ = write!(
                                run,
                                "\nif getent group {group} >/dev/null; then usermod --append --groups {group} {name}; else echo 'there is no group {group}: {name} is not in it'; fi"
                            );
                        }
                    }
                    "shell" if matches!(all.as_slice(), [shell] if shell.starts_with('/') && is_unix(&shell.replace('/', "_"))) =>
                    {
                        let _ = write!(run, "\nusermod --shell {} {name}", all.concat());
                    }
                    _ => self.keep(
                        &format!("{at}.{key}"),
                        value,
                        "it has no meaning here; set it in a step",
                    ),
                }
            }
            self.step(format!("make user {name}"), run, "1m");
        }
    }

    pub(super) fn services(&mut self, services: Tree) {
        let why = "its name is none of a unit; start it in a step";
        for (at, service) in self.listed("services", services) {
            let Some((name, fields)) = self.named(&at, service, why) else {
                continue;
            };
            let enable = get(&fields, "enable").and_then(word) != Some("false");
            for (key, value) in fields {
                match key.as_str() {
                    "name" | "enable" => {}
                    "port" => self.keep(&format!("{at}.port"), value, "nothing is opened to the world by itself: open it under `ingress`, and ask for it under `probe`"),
                    _ => self.keep(&format!("{at}.{key}"), value, "write it to the service's file in a step"),
                }
            }
            if enable {
                self.step(
                    format!("start {name}"),
                    format!("systemctl enable --now {name}"),
                    "5m",
                );
                self.services.push(name);
            }
        }
    }
}
