//! Templates of Prism's runtime form (`package_manager`, `packages`, `services`, `users`, `post_install`), written anew as
//! templates of Ingot's. What has no meaning here is kept as a comment at the end of the text, and named.

use std::fmt::Write;

use ingot_domain::advisory::base::Base;
use ingot_domain::arch::Arch;
use ingot_domain::field::shown;

use crate::error::YamlError;
use crate::outline::Shape;
use crate::parse::outlined;
use crate::tree::Tree;

mod trees;

use trees::{get, is_unix, map, plain, slug, text, texts, word, words};

/// Keys by which the form is known: templates of Ingot's have none of them.
const KNOWN_BY: [&str; 5] = [
    "package_manager",
    "services",
    "users",
    "post_install",
    "instance_defaults",
];

/// Where its templates start from when they do not say.
const BASE: &str = "ubuntu-24.04";

/// A template written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// Its text.
    pub yaml: String,
    /// What was not carried over: the key, and why.
    pub kept: Vec<(String, String)>,
}

/// Writes a text of Prism's form anew; none for a text of another form.
///
/// # Errors
/// The text is no YAML, or has keys twice.
pub fn from_prism(yaml: &str) -> Result<Option<Converted>, YamlError> {
    let outline = outlined(yaml)?;
    let top = |key: &str| outline.node(key).is_some_and(|node| node.depth == 1);
    let base = outline
        .node("base")
        .is_some_and(|node| matches!(node.shape, Shape::Text(_)));
    if !base && !KNOWN_BY.into_iter().any(top) {
        return Ok(None);
    }
    if let Some(error) = YamlError::of(outline.problems.clone()) {
        return Err(error);
    }
    Ok(Tree::of(&outline).map(convert))
}

#[derive(Default)]
struct Writer {
    fields: Vec<(String, Tree)>,
    steps: Vec<Tree>,
    services: Vec<String>,
    kept: Vec<(String, String)>,
    /// What was not carried over, as it stood.
    rest: Vec<(String, Tree)>,
}

impl Writer {
    fn put(&mut self, key: &str, value: Tree) {
        self.fields.push((key.to_owned(), value));
    }

    fn step(&mut self, name: String, run: String, timeout: &str) {
        self.steps.push(map(vec![
            ("name", text(name)),
            ("timeout", text(timeout)),
            ("run", text(run)),
        ]));
    }

    fn keep(&mut self, key: &str, value: Tree, why: &str) {
        self.kept.push((shown(key), why.to_owned()));
        self.rest.push((key.to_owned(), value));
    }

    fn base(&mut self, base: Option<&Tree>, arch: Option<&Tree>, inherits: bool) {
        let arm = arch
            .and_then(word)
            .is_some_and(|arch| ["arm64", "aarch64"].contains(&arch));
        if base.is_none() && inherits && !arm {
            return;
        }
        let asked = base.and_then(word).unwrap_or(BASE);
        // `ubuntu-22.04-server-lts` is `ubuntu-22.04` with words that say nothing more.
        let parts: Vec<&str> = asked.splitn(3, '-').collect();
        let short = parts[..parts.len().min(2)].join("-");
        let name = if arm { format!("{short}-arm64") } else { short };
        let track = match Base::parse(&name) {
            Ok(_) => name,
            Err(_) if asked.starts_with("ami-") => {
                self.put("base_image", map(vec![("ami", text(asked))]));
                return;
            }
            Err(_) => {
                let why = format!(
                    "no base image that is watched is called so; it starts from {BASE}: `ingot base-images list` shows others"
                );
                self.keep("base", text(asked), &why);
                let suffix = if arm { "-arm64" } else { "" };
                format!("{BASE}{suffix}")
            }
        };
        self.put("base_image", map(vec![("track", text(track))]));
        if arm {
            self.put("architecture", text(Arch::Arm64.as_str()));
        }
    }

    fn packages(&mut self, packages: Option<Tree>, manager: Option<&str>) {
        let list = match manager {
            Some("conda") => "conda",
            Some("pip") => "pip",
            _ => "system",
        };
        let mut lists: Vec<(String, Tree)> = Vec::new();
        if let Some(manager @ ("apt" | "dnf" | "yum")) = manager {
            lists.push(("manager".to_owned(), text(manager)));
        }
        match packages {
            None => {}
            Some(Tree::Map(fields)) => {
                for (key, value) in fields {
                    match key.as_str() {
                        "system" | "pip" | "conda" => lists.push((key, texts(words(&value)))),
                        _ if words(&value).is_empty() => {}
                        _ => self.keep(&format!("packages.{key}"), value, "install them in a step"),
                    }
                }
            }
            Some(all) => lists.push((list.to_owned(), texts(words(&all)))),
        }
        if !lists.is_empty() {
            self.put("packages", Tree::Map(lists));
        }
    }

    fn users(&mut self, users: Tree) {
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
                                "\ngetent group {group} >/dev/null && usermod --append --groups {group} {name}"
                            );
                        }
                    }
                    "shell" if matches!(all.as_slice(), [shell] if shell.starts_with('/') && is_unix(&shell.replace('/', "_"))) =>
                    {
                        let _ = write!(run, "\nusermod --shell {} {name}", all.concat());
                    }
                    "password" => self.kept.push((
                        format!("{at}.password"),
                        "no password is kept in a template: people log in through Session Manager"
                            .to_owned(),
                    )),
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

    fn services(&mut self, services: Tree) {
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

fn convert(tree: Tree) -> Converted {
    let Tree::Map(mut fields) = tree else {
        return Converted {
            yaml: String::new(),
            kept: Vec::new(),
        };
    };
    let mut take = |key: &str| {
        let at = fields.iter().position(|(known, _)| known == key)?;
        Some(fields.remove(at).1)
    };
    let mut to = Writer::default();
    let title = take("name");
    let title = title
        .as_ref()
        .and_then(word)
        .unwrap_or("unnamed")
        .to_owned();
    let name = take("slug")
        .as_ref()
        .and_then(word)
        .map_or_else(|| slug(&title), slug);
    to.put("name", text(name.clone()));
    let described = take("description")
        .as_ref()
        .and_then(word)
        .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
    let described = described.unwrap_or_else(|| title.clone());
    to.put("description", text(plain(&described)));
    let parents = take("inherits");
    let parents: Vec<String> = parents.as_ref().map(words).unwrap_or_default();
    if let Some(first) = parents.first() {
        to.put("inherits", text(slug(first)));
    }
    if parents.len() > 1 {
        to.keep(
            "inherits",
            texts(parents[1..].to_vec()),
            "a template goes on from one other: let that one go on from these",
        );
    }
    let inherits = !parents.is_empty();
    let (base, arch) = (take("base"), take("architecture"));
    to.base(base.as_ref(), arch.as_ref(), inherits);
    let machine = match take("instance_defaults") {
        Some(Tree::Map(all)) => {
            let mut machine = None;
            for (key, value) in all {
                match key.as_str() {
                    "type" => machine = word(&value).map(str::to_owned),
                    _ => to.keep(
                        &format!("instance_defaults.{key}"),
                        value,
                        "it has no meaning here",
                    ),
                }
            }
            machine
        }
        Some(other) => {
            to.keep("instance_defaults", other, "it has no meaning here");
            None
        }
        None => None,
    };
    let arm = arch
        .as_ref()
        .and_then(word)
        .is_some_and(|arch| arch != "x86_64");
    let usual = if arm { "t4g.medium" } else { "t3.medium" };
    if machine.is_some() || !inherits {
        to.put(
            "instance_types",
            texts([machine.unwrap_or_else(|| usual.to_owned())]),
        );
        to.put("instance_profile", text("ingot-ssm"));
    }
    let manager = take("package_manager");
    let manager = manager.as_ref().and_then(word).map(str::to_owned);
    if let Some(other) = manager
        .as_deref()
        .filter(|it| !["apt", "dnf", "yum", "conda", "pip", "auto"].contains(it))
    {
        to.keep(
            "package_manager",
            text(other),
            "packages are installed by apt, dnf, yum, pip and conda; install others in a step",
        );
    }
    to.packages(take("packages"), manager.as_deref());
    if let Some(users) = take("users") {
        to.users(users);
    }
    if let Some(script) = take("post_install") {
        match word(&script) {
            Some(script) => to.step(
                "after the installation".to_owned(),
                script.trim_end().to_owned(),
                "1h",
            ),
            None => to.keep("post_install", script, "give one shell text"),
        }
    }
    if let Some(services) = take("services") {
        to.services(services);
    }
    for (key, value) in fields {
        to.keep(&key, value, "it has no meaning here");
    }
    let probe = match to.services.as_slice() {
        [] => "true".to_owned(),
        services => format!("systemctl is-active --quiet {}", services.join(" ")),
    };
    let steps = std::mem::take(&mut to.steps);
    if !steps.is_empty() {
        to.put("steps", Tree::List(steps));
    }
    if !inherits || !to.services.is_empty() {
        to.put("probe", map(vec![("command", text(probe))]));
    }
    let mut yaml = format!(
        "# Written anew from Prism's runtime form of \"{}\".",
        shown(&title)
    );
    yaml.push_str(&Tree::Map(to.fields).text());
    if !to.rest.is_empty() {
        yaml.push_str("\n# What was not carried over, as it stood:\n");
        for (key, value) in to.rest {
            let kept = Tree::Map(vec![(key, value)]).text();
            for line in kept.lines().filter(|line| !line.is_empty()) {
                let _ = writeln!(yaml, "# {line}");
            }
        }
    }
    Converted {
        yaml,
        kept: to.kept,
    }
}

#[cfg(test)]
mod tests;
