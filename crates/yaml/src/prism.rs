//! Templates of Prism's runtime form (`package_manager`, `packages`, `services`, `users`, `post_install`), written anew as
//! templates of Ingot's. What has no meaning here is kept as a comment at the end of the text, and named.

use std::fmt::Write;

use ingot_domain::advisory::base::Base;
use ingot_domain::arch::Arch;
use ingot_domain::field::shown;

use crate::error::{Problem, YamlError};
use crate::outline::Shape;
use crate::parse::outlined;
use crate::tree::Tree;

mod accounts;
mod secrets;
mod trees;

use trees::{get, map, plain, slug, text, texts, word, words};

/// Keys by which the form is known, in a text without any of [`OWN`].
const KNOWN_BY: [&str; 5] = [
    "package_manager",
    "services",
    "users",
    "post_install",
    "instance_defaults",
];

/// Keys that only Ingot's form has. A text with one of them is Ingot's, and a key of Prism's form in it is a mistake.
const OWN: [&str; 24] = [
    "kind",
    "base_image",
    "modes",
    "ordered",
    "instance_types",
    "regions",
    "volume",
    "network",
    "zones",
    "metadata_hop_limit",
    "user_data",
    "user_data_encoding",
    "steps",
    "ssm_agent",
    "progress",
    "first_boot",
    "probe",
    "install_finished",
    "ingress",
    "instance_profile",
    "images",
    "rebuild",
    "grant",
    "ttl",
];

/// How a text that was written anew begins.
const MADE: &str = "# Written anew from Prism's runtime form of ";

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

/// Whether a text was written anew by [`from_prism`].
pub fn made_from_prism(yaml: &str) -> bool {
    yaml.starts_with(MADE)
}

/// Writes a text of Prism's form anew; none for a text of another form.
///
/// # Errors
/// The text is no YAML, has keys twice, or has no name to call the template by.
pub fn from_prism(yaml: &str) -> Result<Option<Converted>, YamlError> {
    let outline = outlined(yaml)?;
    let top = |key: &str| outline.node(key).is_some_and(|node| node.depth == 1);
    let base = outline
        .node("base")
        .is_some_and(|node| matches!(node.shape, Shape::Text(_)));
    // Parents are a list in Prism's form, and one name in Ingot's.
    let heir = outline
        .node("inherits")
        .is_some_and(|node| matches!(node.shape, Shape::Text(_)) && node.depth == 1);
    let own = heir || OWN.into_iter().any(top);
    if own || !base && !KNOWN_BY.into_iter().any(top) {
        return Ok(None);
    }
    if let Some(error) = YamlError::of(outline.problems.clone()) {
        return Err(error);
    }
    let Some(Tree::Map(fields)) = Tree::of(&outline) else {
        return Ok(None);
    };
    let called = |key: &str| get(&fields, key).and_then(word);
    let message = match called("slug").or(called("name")) {
        None => "the key is missing; add `name:`: the template is called by it".to_owned(),
        Some(name) if slug(name).is_empty() => format!(
            "`{}` has no letter from a to z and no digit: add a `slug:`, which the template is called by",
            shown(name)
        ),
        Some(_) => return Ok(Some(convert(fields))),
    };
    Err(Problem::at(outline.place("name"), "name", message).into())
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
        // Of a path, the last key names the value.
        if secrets::named(key.rsplit('.').next().unwrap_or(key)) {
            return self.left(key);
        }
        let mut left = Vec::new();
        if let Some(value) = secrets::without(&shown(key), value, &mut left) {
            self.kept.push((shown(key), why.to_owned()));
            self.rest.push((key.to_owned(), value));
        }
        for path in left {
            self.left(&path);
        }
    }

    /// Names what is not even kept as a comment.
    fn left(&mut self, key: &str) {
        self.kept.push((shown(key), secrets::WHY.to_owned()));
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
}

fn convert(mut fields: Vec<(String, Tree)>) -> Converted {
    let mut take = |key: &str| {
        let at = fields.iter().position(|(known, _)| known == key)?;
        Some(fields.remove(at).1)
    };
    let mut to = Writer::default();
    let title = take("name");
    let title = title.as_ref().and_then(word).map(str::to_owned);
    let called = take("slug");
    let called = called.as_ref().and_then(word).or(title.as_deref());
    let called = called.unwrap_or_default().to_owned();
    let (name, title) = (slug(&called), title.unwrap_or(called));
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
    let mut yaml = format!("{MADE}\"{}\".", shown(&title));
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
