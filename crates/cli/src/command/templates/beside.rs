//! Templates read without an API: whose recipe one goes on from is looked for in the folder of its file, then in the
//! catalogue.

use std::path::Path;

use ingot_domain::field::FieldError;
use ingot_domain::template::Template;
use ingot_domain::template::inherit::{Pin, check_path};
use ingot_yaml::{LARGEST, YamlError};

/// Reads a file, over what it goes on from. Only a file that stays is read a second time: a pipe is empty by then.
pub(super) fn parse_file(file: &Path) -> Result<Template, YamlError> {
    let read = ingot_yaml::parse_file(file);
    let whole = read
        .as_ref()
        .is_ok_and(|template| template.inherits.is_none());
    let stays = file
        .metadata()
        .is_ok_and(|is| is.is_file() && is.len() <= LARGEST as u64);
    if whole || !stays {
        return read;
    }
    match std::fs::read_to_string(file) {
        Ok(text) if matches!(ingot_yaml::parent(&text), Ok(Some(_))) => {
            parse(&text, file.parent().unwrap_or(Path::new(".")))
        }
        _ => read,
    }
}

/// Reads a text that lies in a folder.
pub(super) fn parse(text: &str, folder: &Path) -> Result<Template, YamlError> {
    let mut path: Vec<String> = ingot_yaml::name(text).into_iter().collect();
    below(text, folder, &mut path)
}

fn below(text: &str, folder: &Path, path: &mut Vec<String>) -> Result<Template, YamlError> {
    let Some(pin) = ingot_yaml::parent(text)? else {
        return ingot_yaml::parse(text);
    };
    path.push(pin.name.clone());
    check_path(path).map_err(|wrong| ingot_yaml::refuse(text, &wrong))?;
    let parent = match std::fs::read_to_string(folder.join(format!("{}.yaml", pin.name))) {
        Ok(parent) => below(&parent, folder, path)?,
        Err(_) => match ingot_yaml::recipe(&pin.name) {
            Some(entry) => entry.template.clone(),
            None => return Err(ingot_yaml::refuse(text, &missing(&pin))),
        },
    };
    ingot_yaml::inherit(text, &parent, &pin)
}

fn missing(pin: &Pin) -> FieldError {
    let name = &pin.name;
    let message = format!(
        "this command asks no installation, and neither is `{name}.yaml` beside the file nor `{name}` in the catalogue: `ingot templates show {name} --yaml > {name}.yaml` puts it there"
    );
    FieldError::new("inherits", pin.to_string(), message)
}
