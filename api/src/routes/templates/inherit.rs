//! Whose recipe a template goes on from: found in the ledger, pinned, and never itself.

use ingot_client::template::Part;
use ingot_domain::field::FieldError;
use ingot_domain::nearest::nearest;
use ingot_domain::template::Template as Recipe;
use ingot_domain::template::inherit::{DEEPEST, Pin, check_path};
use ingot_entity::template;

use crate::error::ApiError;
use crate::state::Api;

/// The revision a pin names, the newest if it names none.
pub(super) async fn parent(api: &Api, pin: &Pin) -> Result<(template::Model, Recipe), ApiError> {
    let row = match pin.revision {
        Some(number) => api.ledger.template_revision(&pin.name, number).await?,
        None => api.ledger.template(&pin.name).await?,
    };
    let Some(row) = row else {
        let known = api.ledger.templates().await?;
        let message = missing(pin, &known);
        let error = FieldError::new("inherits", pin.to_string(), message);
        return Err(ApiError::Invalid(vec![error]));
    };
    let recipe = row.parsed()?;
    Ok((row, recipe))
}

fn missing(pin: &Pin, known: &[template::Model]) -> String {
    let name = &pin.name;
    if let Some(row) = known.iter().find(|row| row.name == *name) {
        let newest = row.revision;
        return format!(
            "`{name}` has no such revision, it is at {newest}; `ingot templates revisions {name}` lists them"
        );
    }
    if ingot_yaml::recipe(name).is_some() {
        return format!(
            "the recipe is in the catalogue and not in this installation yet: `ingot templates apply --catalogue {name}`"
        );
    }
    let names: Vec<&str> = known.iter().map(|row| row.name.as_str()).collect();
    match nearest(name, &names) {
        Some(meant) => format!("there is no such template; did you mean `{meant}`?"),
        None => "there is no such template: apply it first; `ingot templates list` shows those there are".to_owned(),
    }
}

/// A revision as a pin.
pub(super) fn pinned(row: &template::Model) -> Pin {
    Pin {
        name: row.name.clone(),
        revision: u32::try_from(row.revision).ok(),
    }
}

/// Refuses a template that would go on from itself.
pub(super) async fn check(api: &Api, spec: &Recipe) -> Result<(), ApiError> {
    let mut path = vec![spec.name.clone()];
    let mut next = spec.parent();
    while let Some(pin) = next {
        path.push(pin.name.clone());
        check_path(&path).map_err(|wrong| ApiError::Invalid(vec![wrong]))?;
        next = parent(api, &pin).await?.1.parent();
    }
    Ok(())
}

/// Which revision each part of a template is from; nothing for one that goes on from none.
pub(crate) async fn parts(api: &Api, row: &template::Model) -> Result<Vec<Part>, ApiError> {
    let mut texts = Vec::new();
    let mut next = Some((row.clone(), row.parsed()?));
    while let Some((row, recipe)) = next.take() {
        texts.push((pinned(&row).to_string(), row.yaml));
        next = match recipe.parent() {
            Some(pin) if texts.len() <= DEEPEST + 1 => Some(parent(api, &pin).await?),
            _ => None,
        };
    }
    if texts.len() < 2 {
        return Ok(Vec::new());
    }
    texts.reverse();
    let of: Vec<(&str, &str)> = texts
        .iter()
        .map(|(from, yaml)| (from.as_str(), yaml.as_str()))
        .collect();
    let part = |(field, from): (String, Vec<&str>)| Part {
        field,
        from: from.into_iter().map(str::to_owned).collect(),
    };
    Ok(ingot_yaml::parts(&of).into_iter().map(part).collect())
}
