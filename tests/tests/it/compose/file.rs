//! `docker-compose.yml` as the tests read it: anchors merged, variables filled in with their defaults.

use std::collections::BTreeMap;
use std::fs;

use ingot_tests::repository;
use serde_json::Value;

/// The file.
pub(super) struct Compose {
    pub(super) top: Value,
    pub(super) services: BTreeMap<String, Value>,
}

impl Compose {
    pub(super) fn read() -> Self {
        let text = fs::read_to_string(repository().join("docker-compose.yml")).expect("a file");
        let top: Value = serde_saphyr::from_str(&text).expect("YAML");
        let services = top["services"].as_object().expect("services").clone();
        let merged = |(name, service)| (name, merge(service));
        Self {
            services: services.into_iter().map(merged).collect(),
            top,
        }
    }

    /// The services that are `ingot`, in the file's order of dependence: a service that waits for another comes later.
    pub(super) fn ours(&self) -> Vec<String> {
        let ours = |name: &&String| self.services[*name]["image"] == "ingot:local";
        let mut names: Vec<String> = self.services.keys().filter(ours).cloned().collect();
        let needs = |name: &String| {
            self.services[name]["depends_on"]
                .as_object()
                .map_or(0, |needs| needs.len())
        };
        names.sort_by_key(needs);
        names
    }

    /// A service's command line, word by word.
    pub(super) fn command(&self, name: &str) -> Vec<String> {
        let words = self.services[name]["command"].as_array();
        let words = words.unwrap_or_else(|| panic!("{name} has a command, as a list"));
        words
            .iter()
            .map(|word| fill(word.as_str().expect("text")))
            .collect()
    }

    /// A service's environment.
    pub(super) fn environment(&self, name: &str) -> Vec<(String, String)> {
        let variables = self.services[name]["environment"].as_object();
        let text = |value: &Value| fill(value.as_str().unwrap_or(&value.to_string()));
        variables
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    }

    /// A service's health check, as a command.
    pub(super) fn check(&self, name: &str) -> Vec<String> {
        let words = self.services[name]["healthcheck"]["test"].as_array();
        let words = words.into_iter().flatten().filter_map(Value::as_str);
        words
            .skip_while(|&word| word == "CMD")
            .map(str::to_owned)
            .collect()
    }
}

/// Merge keys, should the reader have left them in place.
fn merge(service: Value) -> Value {
    let Value::Object(mut service) = service else {
        return service;
    };
    if let Some(Value::Object(base)) = service.remove("<<") {
        for (name, value) in merge(Value::Object(base)).as_object().expect("a map") {
            service.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Value::Object(service)
}

/// `${NAME:-default}` becomes the default: the tests set nothing.
fn fill(text: &str) -> String {
    let Some((before, rest)) = text.split_once("${") else {
        return text.to_owned();
    };
    let (variable, after) = rest.split_once('}').expect("a closing brace");
    let (_, default) = variable.split_once(":-").expect("a default");
    format!("{before}{default}{}", fill(after))
}
