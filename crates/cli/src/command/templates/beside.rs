//! Templates read without an API: whose recipe one goes on from is looked for in the folder of its file, then in the
//! catalogue.

use std::path::Path;

use ingot_domain::field::FieldError;
use ingot_domain::template::Template;
use ingot_domain::template::inherit::{Pin, check_path};
use ingot_yaml::YamlError;

/// Reads a file, over what it goes on from.
pub(super) fn parse_file(file: &Path) -> Result<Template, YamlError> {
    // What cannot be read as text is told by the reader of files.
    match std::fs::read_to_string(file) {
        Ok(text) => {
            let folder = file.parent().unwrap_or(Path::new("."));
            match ingot_yaml::parent(&text) {
                Ok(Some(_)) => parse(&text, folder),
                _ => ingot_yaml::parse_file(file),
            }
        }
        Err(_) => ingot_yaml::parse_file(file),
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
