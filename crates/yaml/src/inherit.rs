//! A template that goes on from another (`inherits`): its text is laid over the other's recipe, and the whole is read and
//! judged as one template. What is wrong is told at its place in the text.
//!
//! The rule: a single value, and a list, stands in the place of the parent's. Mappings are merged key by key, but
//! `base_image`, `install_finished` and `probe`, which have one of several forms, are taken whole. `packages` are united, a
//! package of both in the child's version; `parameters` are united by name; the parent's `steps` come first.

use ingot_domain::template::inherit::Pin;
use ingot_domain::template::{Template, same_package};

use crate::error::{Problem, YamlError};
use crate::outline::Outline;
use crate::parse::{outlined, parse, to_yaml};
use crate::tree::Tree;

/// Whose recipe a text goes on from, if from any.
///
/// # Errors
/// The text is no YAML of a template, or names no template.
pub fn parent(yaml: &str) -> Result<Option<Pin>, YamlError> {
    let outline = outlined(yaml)?;
    let Some(node) = outline.node("inherits") else {
        return Ok(None);
    };
    let text = match &node.shape {
        crate::outline::Shape::Text(text) => text.as_str(),
        _ => "",
    };
    let pin = text.parse::<Pin>().map_err(|wrong| {
        Problem::at(
            Some(node.value),
            "inherits",
            format!("`{}`: {}", wrong.value, wrong.message),
        )
    })?;
    Ok(Some(pin))
}

/// The name a text gives its template, whatever else is in it.
pub fn name_of(yaml: &str) -> Option<String> {
    match &outlined(yaml).ok()?.node("name")?.shape {
        crate::outline::Shape::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Reads a text over its parent's recipe. `pin` is kept in the template.
///
/// # Errors
/// Everything that is wrong with the text, or with what it and its parent are together.
pub fn inherit(yaml: &str, parent: &Template, pin: &Pin) -> Result<Template, YamlError> {
    let outline = outlined(yaml)?;
    if let Some(error) = YamlError::of(outline.problems.clone()) {
        return Err(error);
    }
    let Some(own) = Tree::of(&outline) else {
        let message =
            "anchors, aliases and tags are not merged with a parent; write the values out";
        return Err(Problem::at(outline.decorated, "", message).into());
    };
    let whole = Outline::read(&to_yaml(parent)?)?;
    let mut whole = Tree::of(&whole).unwrap_or(Tree::Map(Vec::new()));
    // A child has a name of its own, or it would be its parent's next revision.
    whole.take("name");
    let mut merged = merge("", whole, own);
    merged.put("inherits", Tree::Text(pin.to_string(), false));
    let before = parent.steps.len();
    parse(&merged.text()).map_err(|error| {
        let problems = error.problems();
        let moved = problems.map(|problem| moved(problem, &outline, before, pin));
        YamlError::of(moved.collect()).unwrap_or(error.clone())
    })
}

/// A problem of the merged text, at its place in the child's; what is the parent's says so.
fn moved(problem: &Problem, outline: &Outline, before: usize, pin: &Pin) -> Problem {
    let field = own(&problem.field, before);
    let key = field.as_deref().unwrap_or_default();
    // The name alone is never the parent's.
    if key == "name" && outline.node(key).is_none() {
        return Problem::at(None, key, problem.message.clone());
    }
    let top = key.split(['.', '[']).next().unwrap_or_default();
    if !top.is_empty() && outline.node(top).is_some() {
        return Problem::at(outline.place(key), key, problem.message.clone());
    }
    let whole = outline.node("inherits").map(|node| node.value);
    let message = match problem.field.as_str() {
        "" => problem.message.clone(),
        _ => format!("{} (this is from {pin})", problem.message),
    };
    Problem::at(whole, problem.field.clone(), message)
}

/// A field of the merged template as the child's text names it; none for a step of the parent's.
fn own(field: &str, before: usize) -> Option<String> {
    let Some((number, rest)) = field
        .strip_prefix("steps[")
        .and_then(|rest| rest.split_once(']'))
    else {
        return Some(field.to_owned());
    };
    let number: usize = number.parse().ok()?;
    Some(format!("steps[{}]{rest}", number.checked_sub(before)?))
}

fn merge(path: &str, old: Tree, new: Tree) -> Tree {
    match (path, old, new) {
        ("base_image" | "install_finished" | "probe", _, new) => new,
        ("steps", Tree::List(mut all), Tree::List(more)) => {
            all.extend(more);
            Tree::List(all)
        }
        (
            "packages.system" | "packages.pip" | "packages.conda",
            Tree::List(old),
            Tree::List(new),
        ) => {
            let list = path.rsplit('.').next().unwrap_or_default();
            let same = |one: &Tree, other: &Tree| match (one, other) {
                (Tree::Text(one, _), Tree::Text(other, _)) => same_package(list, one, other),
                _ => false,
            };
            Tree::List(united(old, new, same))
        }
        ("parameters", Tree::List(old), Tree::List(new)) => {
            let same = |one: &Tree, other: &Tree| name(one).is_some() && name(one) == name(other);
            Tree::List(united(old, new, same))
        }
        (_, Tree::Map(mut all), Tree::Map(more)) => {
            for (key, value) in more {
                let at = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                match all.iter().position(|(known, _)| *known == key) {
                    Some(number) => {
                        let old = std::mem::replace(&mut all[number].1, Tree::bare("~"));
                        all[number].1 = merge(&at, old, value);
                    }
                    None => all.push((key, value)),
                }
            }
            Tree::Map(all)
        }
        (_, _, new) => new,
    }
}

fn name(tree: &Tree) -> Option<&str> {
    let Tree::Map(fields) = tree else {
        return None;
    };
    fields.iter().find_map(|(key, value)| match value {
        Tree::Text(text, _) if key == "name" => Some(text.as_str()),
        _ => None,
    })
}

/// Both lists, the old first; what is the same is the new one's. Twins within the new list stay, and are refused.
fn united(old: Vec<Tree>, new: Vec<Tree>, same: impl Fn(&Tree, &Tree) -> bool) -> Vec<Tree> {
    let mut replaced = vec![false; old.len()];
    let mut all = old;
    for value in new {
        let at = (0..replaced.len()).find(|at| !replaced[*at] && same(&all[*at], &value));
        match at {
            Some(at) => {
                all[at] = value;
                replaced[at] = true;
            }
            None => all.push(value),
        }
    }
    all
}

/// The keys of a template that are merged with its parent's, not taken instead.
const MERGED: [&str; 7] = [
    "steps",
    "packages",
    "parameters",
    "tags",
    "volume",
    "images",
    "network",
];

/// Which of some texts each key of the template they make together is from, by name: the root's first, the child's last.
pub fn parts<'a>(texts: &[(&'a str, &str)]) -> Vec<(String, Vec<&'a str>)> {
    let mut parts: Vec<(String, Vec<&str>)> = Vec::new();
    for (from, yaml) in texts {
        let outline = outlined(yaml).unwrap_or_default();
        let top = outline.nodes().iter().filter(|node| node.depth == 1);
        for key in top.filter_map(|node| node.word.as_deref()) {
            if ["name", "inherits"].contains(&key) {
                continue;
            }
            match parts.iter_mut().find(|(known, _)| known == key) {
                Some((_, of)) if MERGED.contains(&key) => of.push(*from),
                Some((_, of)) => *of = vec![*from],
                None => parts.push((key.to_owned(), vec![*from])),
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "name: base
base_image: { track: ubuntu-24.04 }
instance_types: [t3.micro]
volume: { size_gb: 20, type: gp3 }
tags: { team: a }
packages: { system: [curl, git], pip: [numpy] }
parameters: [{ name: colour, default: red }]
steps:
  - { name: one, run: id }
probe: { tcp: 22 }
install_finished: none
";

    fn pin() -> Pin {
        Pin {
            name: "base".to_owned(),
            revision: Some(3),
        }
    }

    fn child(yaml: &str) -> Result<Template, YamlError> {
        inherit(yaml, &parse(PARENT).expect("a parent"), &pin())
    }

    #[test]
    fn a_text_names_its_parent() {
        let of = |yaml: &str| parent(yaml).map(|pin| pin.map(|pin| pin.to_string()));
        assert_eq!(of("name: a\n"), Ok(None));
        assert_eq!(of("name: a\ninherits: base\n"), Ok(Some("base".to_owned())));
        assert_eq!(
            of("name: a\ninherits: base@3\n"),
            Ok(Some("base@3".to_owned()))
        );
        let wrong = of("name: a\ninherits: Base\n").expect_err("no name");
        assert_eq!((wrong.line(), wrong.field()), (Some(2), "inherits"));
        assert!(of("name: a\ninherits: [base]\n").is_err());
    }

    #[test]
    fn a_child_is_laid_over_its_parent() {
        let whole = child(
            "name: web
inherits: base
volume: { size_gb: 30 }
tags: { tier: front }
packages: { system: [git=2, nginx] }
parameters: [{ name: colour, default: blue }, { name: port, default: \"80\" }]
steps:
  - { name: two, run: 'echo {{port}}' }
probe: { scheme: http, port: 80 }
",
        )
        .expect("a template");
        assert_eq!(whole.name, "web");
        assert_eq!(whole.inherits.as_deref(), Some("base@3"));
        assert_eq!((whole.volume.size_gb, whole.tags.len()), (30, 2));
        assert_eq!(whole.packages.system, ["curl", "git=2", "nginx"]);
        assert_eq!(whole.packages.pip, ["numpy"]);
        let names: Vec<&str> = whole.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        let values: Vec<&str> = whole.parameters.iter().map(|it| it.value()).collect();
        assert_eq!(values, ["blue", "80"]);
        assert_eq!((whole.probe.tcp, whole.probe.port), (None, 80));
        // What is written of it reads as it.
        let text = to_yaml(&whole).expect("yaml");
        assert_eq!(parse(&text).as_ref(), Ok(&whole));
    }

    #[test]
    fn what_is_wrong_is_told_where_it_stands() {
        let table = [
            (
                "name: web\ninherits: base\nsteps:\n  - { name: two, run: 'echo {{verison}}' }\n",
                4,
                "steps[0].run",
            ),
            (
                "name: web\ninherits: base\nvolume: { size_gb: 3 }\n",
                3,
                "volume.size_gb",
            ),
            ("name: web\ninherits: base\nnonsense: 1\n", 3, "nonsense"),
            // The type is the child's, the architecture is not: x86_64 unless said.
            (
                "name: web\ninherits: base\ninstance_types: [t4g.micro]\n",
                3,
                "instance_types[0]",
            ),
            (
                "name: web\ninherits: base\nuser_data: |\n  #!/bin/sh\n",
                2,
                "steps",
            ),
            ("name: web\nname: web\ninherits: base\n", 2, "name"),
            // Twins of a name that the parent has, too.
            (
                "name: web\ninherits: base\npackages:\n  system: [git=1, git=2]\n",
                4,
                "packages.system[2]",
            ),
            (
                "name: web\ninherits: base\nparameters:\n  - { name: colour, default: a }\n  - { name: colour, default: b }\n",
                5,
                "parameters[1].name",
            ),
        ];
        for (yaml, line, field) in table {
            let error = child(yaml).expect_err("refused");
            let told: Vec<_> = error
                .problems()
                .map(|it| (it.line, it.field.as_str()))
                .collect();
            assert!(told.contains(&(Some(line), field)), "{yaml}: {error}");
        }
        let nameless = child("inherits: base\n").expect_err("refused");
        assert_eq!(
            nameless.to_string(),
            "name: the key is missing; add `name:`"
        );
        let anchored = "name: web\ninherits: base\ntags: &a { b: c }\n";
        assert!(
            child(anchored)
                .expect_err("refused")
                .message()
                .contains("write the values out")
        );
    }

    #[test]
    fn each_part_is_from_somewhere() {
        let child =
            "name: web\ninherits: base\nsteps: [{ name: b, run: id }]\nprobe: { tcp: 80 }\n";
        let parts = parts(&[("base@3", PARENT), ("web@1", child)]);
        let from = |key: &str| {
            parts
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, from)| from.join(" + "))
        };
        assert_eq!(from("steps").as_deref(), Some("base@3 + web@1"));
        assert_eq!(from("probe").as_deref(), Some("web@1"));
        assert_eq!(from("base_image").as_deref(), Some("base@3"));
        assert_eq!(from("name"), None);
    }
}
