//! Everything wrong with a text that is refused: each mistake found is mended in a copy, and the copy read again, until
//! the rest can be judged by the rules for values. What a mended value would decide is left unjudged.

use std::collections::BTreeSet;

use crate::error::{Place, Problem, YamlError};
use crate::explain::explain;
use crate::outline::Outline;
use crate::parse::{judge, read};
use crate::tree::Tree;

/// Most mistakes mended, each of which costs one reading.
const MOST_MENDS: usize = 60;

/// What the rules for a field look at beside it; `[` at the end means each element.
const DEPENDENT: &[(&str, &[&str])] = &[
    ("instance_types[", &["architecture"]),
    ("user_data", &["steps", "packages", "user_data_encoding"]),
    ("first_boot", &["user_data_encoding"]),
    ("steps", &["user_data", "base_image"]),
    ("packages", &["user_data", "base_image"]),
    (
        "install_finished",
        &["instance_profile", "kind", "images.create"],
    ),
    ("probe.command", &["instance_profile"]),
    ("probe.host", &["probe.verify_tls"]),
    ("volume.iops", &["volume.type", "volume.size_gb"]),
    ("volume.throughput", &["volume.type", "volume.iops"]),
    ("volume.kms_key_id", &["volume.encrypted"]),
];

/// Everything wrong with a text: what its outline and the first reading tell, and what lies behind them.
pub(crate) fn salvage(outline: &Outline, first: Option<Problem>) -> YamlError {
    let mut found = outline.problems.clone();
    let mut mended = BTreeSet::new();
    if let Some(mut tree) = Tree::of(outline) {
        for path in &outline.doubtful {
            mend(&mut tree, path, &mut mended);
        }
        let goes_on = first.as_ref().is_none_or(|problem| {
            mended.extend(meant(problem));
            mend(&mut tree, &problem.field, &mut mended)
        });
        if goes_on {
            found.extend(behind(&mut tree, outline, &mut mended));
        }
    }
    found.extend(first);
    // Something is wrong, or nothing would be salvaged.
    YamlError::of(found)
        .unwrap_or_else(|| Problem::of_file("the file can not be read as a template").into())
}

/// What is wrong with a text whose first mistakes are mended.
fn behind(tree: &mut Tree, outline: &Outline, mended: &mut BTreeSet<String>) -> Vec<Problem> {
    let mut found = Vec::new();
    for _ in 0..MOST_MENDS {
        let text = tree.text();
        let Ok(copy) = Outline::read(&text) else {
            return found;
        };
        match read(&text) {
            Ok(template) => {
                let judged = judge(&template, outline);
                found.extend(
                    judged
                        .into_iter()
                        .filter(|it| can_be_judged(&it.field, mended)),
                );
                return found;
            }
            Err(error) => {
                let problem = explain(&error, &copy);
                let path = problem.field.clone();
                mended.extend(meant(&problem));
                let known = mended.iter().any(|other| related(other, &path));
                if !known {
                    found.push(moved(problem, &copy, outline));
                }
                if !mend(tree, &path, mended) {
                    return found;
                }
            }
        }
    }
    found
}

/// A problem of the copy, at the place that it has in the text.
fn moved(mut problem: Problem, copy: &Outline, outline: &Outline) -> Problem {
    let place = problem
        .line
        .zip(problem.column)
        .map(|(line, column)| Place { line, column });
    let node = place.and_then(|place| copy.at(place).map(|node| (place, node)));
    let place = node.and_then(|(place, node)| match outline.node(&node.path) {
        Some(own) if place == node.key => Some(own.key),
        _ => outline.place(&node.path),
    });
    problem.line = place.map(|place| place.line);
    problem.column = place.map(|place| place.column);
    problem
}

/// The field that a misspelt key was meant for, which is not missing then.
fn meant(problem: &Problem) -> Option<String> {
    let (_, after) = problem.message.split_once("did you mean `")?;
    let (key, _) = after.split_once('`')?;
    let within = problem
        .field
        .rfind('.')
        .map_or("", |end| &problem.field[..=end]);
    Some(format!("{within}{key}"))
}

/// Takes out what is wrong at a path, or puts a value there that passes; whether anything has changed.
fn mend(tree: &mut Tree, path: &str, mended: &mut BTreeSet<String>) -> bool {
    let mut path = whole(path);
    while !path.is_empty() {
        if !mended.contains(path) {
            let put = stand_in(path).is_some_and(|value| tree.put(path, value));
            if put || tree.take(path) {
                mended.insert(path.to_owned());
                return true;
            }
        }
        path = path.rfind(['.', '[']).map_or("", |end| &path[..end]);
    }
    false
}

/// What has one of several forms is mended as a whole.
fn whole(path: &str) -> &str {
    match path {
        "base_image.newest.owner" | "base_image.newest.name" => path,
        _ if path.starts_with("base_image.") => "base_image",
        _ if path.starts_with("install_finished.") => "install_finished",
        _ => path,
    }
}

/// A value that passes, where one is needed.
fn stand_in(path: &str) -> Option<Tree> {
    let element = path.split_once('[').map(|(list, rest)| {
        let field = rest.split_once(']').map_or("", |(_, field)| field);
        format!("{list}[]{field}")
    });
    let value = match element.as_deref().unwrap_or(path) {
        "base_image" => {
            let image = Tree::bare("ami-0123456789abcdef0");
            Tree::Map(vec![("ami".to_owned(), image)])
        }
        "instance_types" => Tree::List(vec![Tree::bare("t3.micro")]),
        "probe" => Tree::Map(Vec::new()),
        "steps[]" => Tree::Map(vec![
            ("name".to_owned(), Tree::bare("step")),
            ("run".to_owned(), Tree::bare("id")),
        ]),
        "ingress[]" => Tree::Map(vec![
            ("port".to_owned(), Tree::bare("443")),
            ("cidr".to_owned(), Tree::bare("10.0.0.0/8")),
        ]),
        "ingress[].port" => Tree::bare("443"),
        "ingress[].cidr" => Tree::bare("10.0.0.0/8"),
        "base_image.newest.owner" => Tree::bare("self"),
        "instance_types[]" => Tree::bare("t3.micro"),
        "parameters[]" => Tree::Map(vec![("name".to_owned(), Tree::bare("stand_in"))]),
        "parameters[].name" => Tree::bare("stand_in"),
        "parameters[].choices[]" => Tree::bare("stand-in"),
        "packages.system[]" | "packages.pip[]" | "packages.conda[]" => Tree::bare("curl"),
        "steps[].validate.command" => Tree::bare("id"),
        "regions[]" => Tree::bare("us-east-1"),
        "zones[]" => Tree::bare("us-east-1a"),
        "probe.expected_status[]" => Tree::bare("200"),
        "name"
        | "base_image.newest.name"
        | "modes[]"
        | "steps[].name"
        | "steps[].run"
        | "probe.body_contains[]" => Tree::bare("stand-in"),
        _ => return None,
    };
    Some(value)
}

/// Whether nothing that was mended decides about the field.
fn can_be_judged(field: &str, mended: &BTreeSet<String>) -> bool {
    let of_mended = |path: &str| mended.iter().any(|other| related(other, path));
    let others = DEPENDENT
        .iter()
        .filter(|(dependent, _)| {
            *dependent == field || dependent.ends_with('[') && field.starts_with(dependent)
        })
        .flat_map(|(_, on)| on.iter());
    !of_mended(field) && !others.into_iter().any(|on| of_mended(on))
}

/// Whether one path is the other or lies in it.
fn related(one: &str, other: &str) -> bool {
    let leads = |at: &str, path: &str| {
        path.strip_prefix(at)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    leads(one, other) || leads(other, one)
}
