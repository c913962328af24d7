//! The form of a new deployment: what can be chosen for the template at hand, and what it will take in time and money,
//! before it is requested (F50).

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::template::Parameter;
use ingot_client::{Image, Template as Recipe};
use ingot_domain::field::FieldError;
use ingot_domain::price;
use ingot_domain::template::parameter::field;

use super::templates::shown;
use super::text;

/// What was chosen so far; what is empty is the template's own.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// Template name.
    pub template: String,
    /// Version.
    pub version: String,
    /// Mode.
    pub mode: String,
    /// Region.
    pub region: String,
    /// Instance type.
    pub instance_type: String,
    /// For people.
    pub job_name: String,
    /// `auto`, `fresh`, or an AMI.
    pub image: String,
    /// Whether an AMI shall be made: empty, `yes` or `no`.
    pub create_ami: String,
    /// Values of the template's parameters, by field: `parameters.NAME`.
    pub parameters: BTreeMap<String, String>,
}

/// What can be chosen from.
#[derive(Debug)]
pub struct Choices<'a> {
    /// Every template.
    pub templates: &'a [Recipe],
    /// Regions deployments may run in.
    pub regions: &'a [String],
    /// Images that could be launched, the newest first.
    pub images: &'a [Image],
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderView {
    here: &'static str,
    key: String,
    fields: Vec<Field>,
    /// Mistakes of what has no field here.
    mistakes: Vec<(String, String)>,
    wrong: bool,
    takes: Vec<String>,
}

struct Field {
    name: String,
    label: String,
    hint: String,
    value: String,
    /// Another choice changes what the other fields offer.
    leads: bool,
    required: bool,
    options: Vec<Choice>,
    error: Option<String>,
}

struct Choice {
    value: String,
    shown: String,
    chosen: bool,
}

/// The page at `/deployments/new`. `key` makes a form that is sent twice one deployment.
pub fn order_page(
    choices: &Choices<'_>,
    chosen: &Chosen,
    errors: &[FieldError],
    key: &str,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let known = |one: &&Recipe| one.name == chosen.template;
    let recipe = choices
        .templates
        .iter()
        .find(known)
        .or(choices.templates.first());
    let mut fields = match recipe {
        Some(recipe) => fields(choices, chosen, recipe, now),
        None => Vec::new(),
    };
    for field in &mut fields {
        let of = |error: &&FieldError| error.field == field.name;
        field.error = errors
            .iter()
            .find(of)
            .map(|error| text::plain(&error.message));
    }
    let stray = errors
        .iter()
        .filter(|error| !fields.iter().any(|field| field.name == error.field));
    OrderView {
        here: "deployments",
        key: text::plain(key),
        mistakes: stray
            .map(|error| (text::plain(&error.field), text::plain(&error.message)))
            .collect(),
        wrong: !errors.is_empty(),
        takes: match recipe {
            Some(_) if chosen.template.is_empty() && choices.templates.len() > 1 => {
                vec!["Choose a template to see.".to_owned()]
            }
            Some(recipe) => takes(choices, chosen, recipe),
            None => Vec::new(),
        },
        fields,
    }
    .render()
}

fn select(
    name: &str,
    label: &str,
    value: &str,
    options: impl Iterator<Item = (String, String)>,
) -> Field {
    let options = options.map(|(option, shown)| Choice {
        chosen: option == value,
        value: text::plain(&option),
        shown: text::plain(&shown),
    });
    Field {
        name: text::plain(name),
        label: text::plain(label),
        hint: String::new(),
        value: text::plain(value),
        leads: false,
        required: false,
        options: options.collect(),
        error: None,
    }
}

fn typed(name: &str, label: &str, hint: &str, value: &str) -> Field {
    Field {
        hint: hint.to_owned(),
        ..select(name, label, value, std::iter::empty())
    }
}

fn same(words: &[String]) -> impl Iterator<Item = (String, String)> {
    words.iter().map(|word| (word.clone(), word.clone()))
}

fn fields(
    choices: &Choices<'_>,
    chosen: &Chosen,
    recipe: &Recipe,
    now: DateTime<Utc>,
) -> Vec<Field> {
    let names = choices.templates.iter().map(|one| {
        let shown = match one.description.as_str() {
            "" => one.name.clone(),
            described => format!("{}: {described}", one.name),
        };
        (one.name.clone(), shown)
    });
    // A template is chosen, never guessed: the wrong one would be a click away.
    let unchosen = chosen.template.is_empty() && choices.templates.len() > 1;
    let none = unchosen.then(|| (String::new(), "choose one".to_owned()));
    let named = if unchosen { "" } else { recipe.name.as_str() };
    let leads = |field: Field| Field {
        leads: true,
        ..field
    };
    let version = Field {
        required: true,
        ..typed("version", "Version", "v1.2.3", &chosen.version)
    };
    let ami = [
        ("", "as the template says"),
        ("yes", "yes, once it is ready"),
        ("no", "no"),
    ];
    let ami = ami
        .iter()
        .map(|(word, shown)| ((*word).to_owned(), (*shown).to_owned()));
    let own = vec![
        Field {
            required: true,
            ..leads(select(
                "template",
                "Template",
                named,
                none.into_iter().chain(names),
            ))
        },
        leads(version),
        leads(select("mode", "Mode", &chosen.mode, same(&recipe.modes))),
        leads(select(
            "region",
            "Region",
            &chosen.region,
            same(choices.regions),
        )),
        leads(select(
            "instance_type",
            "Instance type",
            &chosen.instance_type,
            same(&recipe.instance_types),
        )),
        select(
            "image",
            "Launch from",
            &chosen.image,
            images(choices, chosen, now),
        ),
        select("create_ami", "Make an AMI of it", &chosen.create_ami, ami),
        typed(
            "job_name",
            "Name",
            "if empty, from the version",
            &chosen.job_name,
        ),
    ];
    let set = recipe.parameters.iter().map(|it| setting(it, chosen));
    own.into_iter().chain(set).collect()
}

/// The field of one of the template's parameters.
fn setting(it: &Parameter, chosen: &Chosen) -> Field {
    let name = field(&it.name);
    let value = chosen.parameters.get(&name).map_or("", String::as_str);
    let hint = match &it.default {
        Some(default) => format!("{} if empty, `{default}`", it.description),
        None => it.description.clone(),
    };
    let hint = text::plain(hint.trim());
    let made = match it.choices.as_slice() {
        [] => typed(&name, &it.name, &hint, value),
        choices => {
            let none = it
                .default
                .as_ref()
                .map(|value| format!("as the template says: {value}"));
            let none = (
                String::new(),
                none.unwrap_or_else(|| "choose one".to_owned()),
            );
            let all = std::iter::once(none).chain(same(choices));
            Field {
                hint,
                ..select(&name, &it.name, value, all)
            }
        }
    };
    Field {
        required: it.default.is_none(),
        ..made
    }
}

fn images(
    choices: &Choices<'_>,
    chosen: &Chosen,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (String, String)> {
    let rules = [
        ("auto", "its newest image, else fresh"),
        ("fresh", "a fresh install"),
    ];
    let rules = rules.map(|(word, shown)| (word.to_owned(), shown.to_owned()));
    let listed = choices.images.iter().filter_map(move |image| {
        let ami = image.ami_id.clone()?;
        let age = text::ago(image.available_at.unwrap_or(image.created_at), now);
        let shown = format!("{ami}: {} {}, made {age}", image.version, image.mode);
        Some((ami, shown))
    });
    let listed: Vec<_> = listed.collect();
    // An image that the address names and the list does not have is kept: the request judges it.
    let named = chosen.image.starts_with("ami-") && !listed.iter().any(|one| one.0 == chosen.image);
    let named = named.then(|| (chosen.image.clone(), chosen.image.clone()));
    rules.into_iter().chain(named).chain(listed)
}

/// What a launch takes: how long it took before on each way, and what the instance costs while it runs.
fn takes(choices: &Choices<'_>, chosen: &Chosen, recipe: &Recipe) -> Vec<String> {
    let first = |given: &str, all: &[String]| {
        let fallback = || all.first().cloned().unwrap_or_default();
        Some(given.to_owned())
            .filter(|given| all.contains(given))
            .unwrap_or_else(fallback)
    };
    let kind = first(&chosen.instance_type, &recipe.instance_types);
    let region = first(&chosen.region, choices.regions);
    let times = &recipe.launch_times;
    let took = |seconds: Option<u64>, how: &str| {
        let took = seconds.and_then(shown)?;
        Some(format!(
            "{how} it took {took} (the median of the last launches)."
        ))
    };
    let fits = |image: &&Image| {
        let version = chosen.version.trim().trim_start_matches('v');
        image.version.trim_start_matches('v') == version
            && image.mode == first(&chosen.mode, &recipe.modes)
    };
    let there = choices.images.iter().find(fits).map(|image| {
        let ami = image.ami_id.as_deref().unwrap_or(&image.id);
        format!("This version has an image here: {ami}.")
    });
    let none = (!chosen.version.is_empty() && there.is_none())
        .then(|| "This version has no image here yet: it is installed fresh.".to_owned());
    let lines = [
        there,
        none,
        took(times.fresh_seconds, "Installed fresh,"),
        took(times.cached_seconds, "From its image,"),
        Some(format!(
            "While it runs it costs {}.",
            price::running(&kind, &region)
        )),
    ];
    lines
        .into_iter()
        .flatten()
        .map(|line| text::plain(&line))
        .collect()
}
