//! What is right in a template and yet worth a word before it is applied.

use super::{InstallFinished, Template, Watch};
use crate::field::FieldError;
use crate::render;

impl Template {
    /// Everything worth a word.
    pub fn warnings(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        if self.progress == Watch::Console {
            let message = "the output of the installation goes to the instance's console as well: every principal that may call ec2:GetConsoleOutput reads it, without secrets removed. `ssm` shows it to Ingot alone";
            found.push(FieldError::new("progress", "console", message));
        }
        found.extend(self.probe_is_shut_out());
        found.extend(self.lacks_agent());
        for (field, text) in self.scripts() {
            found.extend(render::foreign(&field, text, &self.parameters));
        }
        found
    }

    /// A probe that no inbound rule lets in fails at every check, unless the deployment names groups of its own.
    fn probe_is_shut_out(&self) -> Option<FieldError> {
        if self.probe.command.is_some() {
            return None;
        }
        let (field, port) = match self.probe.tcp {
            Some(port) => ("probe.tcp", port),
            None => ("probe.port", self.probe.port),
        };
        let opens = |first: u16, last: Option<u16>| (first..=last.unwrap_or(first)).contains(&port);
        if self
            .ingress
            .iter()
            .any(|rule| opens(rule.port, rule.to_port))
        {
            return None;
        }
        let message = format!(
            "no rule under `ingress` opens port {port}, so no check gets in unless a deployment names security groups that do: add `- port: {port}` with the `cidr` that Ingot's workers come from"
        );
        Some(FieldError::new(field, port, message))
    }

    /// Every text whose placeholders are filled, with the path of its field.
    pub(super) fn scripts(&self) -> impl Iterator<Item = (String, &str)> {
        let finished = match &self.install_finished {
            InstallFinished::File(path) => Some(("install_finished.file", path)),
            InstallFinished::Command(command) => Some(("install_finished.command", command)),
            InstallFinished::CloudInit | InstallFinished::None => None,
        };
        let texts = [
            self.user_data.as_ref().map(|text| ("user_data", text)),
            self.first_boot.as_ref().map(|text| ("first_boot", text)),
            finished,
        ];
        let texts = texts.into_iter().flatten();
        let texts = texts.map(|(field, text)| (field.to_owned(), text.as_str()));
        let steps = self.steps.iter().enumerate();
        let runs = steps.map(|(i, step)| (format!("steps[{i}].run"), step.run.as_str()));
        texts.chain(runs).chain(self.validations())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fields(changes: Value) -> Vec<(String, String)> {
        let mut whole = json!({
            "name": "web",
            "base_image": { "ami": "ami-0123456789abcdef0" },
            "instance_types": ["t3.micro"],
            "steps": [{ "name": "one", "run": "id" }],
            "probe": { "scheme": "http", "port": 8000 },
            "ingress": [{ "port": 8000, "cidr": "10.0.0.0/8" }],
            "install_finished": "none",
        });
        for (key, value) in changes.as_object().expect("changes") {
            whole[key] = value.clone();
        }
        let template: Template = serde_json::from_value(whole).expect("a template");
        let told = template.warnings().into_iter();
        told.map(|warned| (warned.field, warned.message)).collect()
    }

    #[test]
    fn the_console_is_warned_of() {
        assert_eq!(fields(json!({})), []);
        let console = fields(json!({ "progress": "console" }));
        assert!(matches!(console.as_slice(), [(field, why)]
            if field == "progress" && why.contains("ec2:GetConsoleOutput")));
    }

    #[test]
    fn a_probe_that_no_rule_lets_in_is_warned_of() {
        let other = json!([{ "port": 80, "cidr": "0.0.0.0/0" }]);
        let range = json!([{ "port": 7000, "to_port": 9000, "cidr": "10.0.0.0/8" }]);
        let table = [
            (json!({ "ingress": other }), Some("probe.port")),
            (json!({ "ingress": [] }), Some("probe.port")),
            (json!({ "ingress": range }), None),
            (json!({ "probe": { "tcp": 5432 } }), Some("probe.tcp")),
            (json!({ "probe": { "tcp": 8000 } }), None),
            (
                json!({ "probe": { "command": "pg_isready" }, "ingress": [] }),
                None,
            ),
        ];
        for (changes, want) in table {
            let told = fields(changes.clone());
            let field = told.first().map(|(field, _)| field.as_str());
            assert_eq!(
                (field, told.len()),
                (want, usize::from(want.is_some())),
                "{changes}"
            );
        }
    }

    #[test]
    fn a_word_in_braces_that_nothing_fills_is_warned_of() {
        let told = fields(json!({ "steps": [{ "name": "one", "run": "echo {{vers}}" }] }));
        assert!(
            matches!(told.as_slice(), [(field, why)]
            if field == "steps[0].run" && why.contains("`{{version}}`")),
            "{told:?}"
        );
    }
}
