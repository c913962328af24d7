//! Users and services, each written as a step.

use std::fmt::Write;

use ingot_domain::field::shown;

use super::Writer;
use super::trees::{get, is_unix, word, words};
use crate::tree::Tree;

impl Writer {
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
        let Tree::List(users) = users else {
            return self.keep(
                "users",
                users,
                "users are a list of names, or of keys with a `name`",
            );
        };
        for (i, user) in users.into_iter().enumerate() {
            let at = format!("users[{i}]");
            let fields = match user {
                Tree::Map(fields) => fields,
                one => vec![("name".to_owned(), one)],
            };
            let name = get(&fields, "name")
                .and_then(word)
                .unwrap_or_default()
                .to_owned();
            if !is_unix(&name) {
                self.keep(
                    &at,
                    Tree::Map(fields),
                    "its name is none of a user; make it in a step",
                );
                continue;
            }
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
        let Tree::List(services) = services else {
            return self.keep(
                "services",
                services,
                "services are a list of names, or of keys with a `name`",
            );
        };
        for (i, service) in services.into_iter().enumerate() {
            let at = format!("services[{i}]");
            let fields = match service {
                Tree::Map(fields) => fields,
                one => vec![("name".to_owned(), one)],
            };
            let name = get(&fields, "name")
                .and_then(word)
                .unwrap_or_default()
                .to_owned();
            if !is_unix(&name) {
                self.keep(
                    &at,
                    Tree::Map(fields),
                    "its name is none of a unit; start it in a step",
                );
                continue;
            }
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
