//! `ingot templates catalogue`: the recipes that come with the program.

use ingot_domain::nearest::suggestion;
use ingot_yaml::Entry;
use serde::Serialize;

use crate::failure::Refused;
use crate::output::clean;
use crate::output::grid::{Cell, Column, grid};

/// What was found, for machines.
#[derive(Serialize)]
pub(super) struct Found {
    items: Vec<Recipe>,
}

#[derive(Serialize)]
struct Recipe {
    name: &'static str,
    description: &'static str,
    base_image: String,
    instance_types: &'static [String],
}

/// The recipes that hold all the words.
pub(super) fn found(words: &str) -> Found {
    let recipe = |entry: &'static Entry| Recipe {
        name: &entry.template.name,
        description: &entry.template.description,
        base_image: entry.template.base_image.describe(),
        instance_types: &entry.template.instance_types,
    };
    Found {
        items: ingot_yaml::search(words).into_iter().map(recipe).collect(),
    }
}

/// One line for each.
pub(super) fn table(found: &Found) -> String {
    if found.items.is_empty() {
        return "no recipe holds these words; `ingot templates catalogue` lists all".to_owned();
    }
    let columns: [Column; 4] = [
        ("name", Cell::Whole, 1),
        ("base image", Cell::Whole, 3),
        ("instance type", Cell::Whole, 4),
        ("description", Cell::Text, 2),
    ];
    grid(
        &columns,
        found.items.iter().map(|one| {
            [
                clean(one.name),
                clean(&one.base_image),
                clean(one.instance_types.first().map_or("-", String::as_str)),
                clean(one.description),
            ]
        }),
    )
}

/// The text of a recipe.
pub(super) fn recipe(name: &str) -> anyhow::Result<&'static str> {
    if let Some(entry) = ingot_yaml::recipe(name) {
        return Ok(entry.yaml);
    }
    let all = ingot_yaml::catalogue().iter();
    let names: Vec<&str> = all.map(|entry| entry.template.name.as_str()).collect();
    let name = clean(name);
    Err(Refused(format!(
        "the catalogue has no recipe `{name}`; {}",
        suggestion(&name, &names)
    ))
    .into())
}
