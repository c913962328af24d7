//! Scripts of templates with their `{{placeholders}}` filled in.

use crate::template::Template;

/// What a script may refer to.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    /// `{{template}}`
    pub template: &'a str,
    /// `{{version}}`
    pub version: &'a str,
    /// `{{mode}}`
    pub mode: &'a str,
    /// `{{job_name}}`
    pub job_name: &'a str,
    /// `{{region}}`
    pub region: &'a str,
    /// `{{deployment_id}}`
    pub deployment_id: &'a str,
}

/// Names a script may use in double braces.
pub const PLACEHOLDERS: &[&str] = &[
    "template",
    "version",
    "mode",
    "job_name",
    "region",
    "deployment_id",
];

impl Values<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        Some(match name {
            "template" => self.template,
            "version" => self.version,
            "mode" => self.mode,
            "job_name" => self.job_name,
            "region" => self.region,
            "deployment_id" => self.deployment_id,
            _ => return None,
        })
    }
}

/// Fills `{{name}}`; unknown names stay as they are (shell and other tools use double braces too). Values are the checked
/// ones of a request: they hold no quotes, backslashes, backquotes or control characters.
pub fn fill(script: &str, values: &Values<'_>) -> String {
    let mut out = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find("{{") {
        let (before, after) = rest.split_at(start);
        out.push_str(before);
        let inner = &after[2..];
        let known = inner
            .find("}}")
            .and_then(|end| Some((values.get(inner[..end].trim())?, end)));
        match known {
            Some((value, end)) => {
                out.push_str(value);
                rest = &inner[end + 2..];
            }
            None => {
                out.push_str("{{");
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The script of a fresh install: `user_data`, or the steps one after the other, stopping at the first that fails.
pub fn install_script(template: &Template, values: &Values<'_>) -> String {
    if let Some(script) = &template.user_data {
        return fill(script, values);
    }
    let mut script = String::from("#!/bin/bash\nset -euo pipefail\n");
    for (i, step) in template.steps.iter().enumerate() {
        let (number, of) = (i + 1, template.steps.len());
        script.push_str(&format!(
            "\necho '[ingot] step {number}/{of}: {}'\n(\n{}\n)\n",
            step.name,
            step.run.trim_end()
        ));
    }
    script.push_str("\necho '[ingot] all steps done'\n");
    fill(&script, values)
}

/// The script of an instance launched from a finished image: the first-boot script only (F8).
pub fn first_boot_script(template: &Template, values: &Values<'_>) -> String {
    fill(
        template.first_boot.as_deref().unwrap_or("#!/bin/bash\n"),
        values,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_filled_and_others_left() {
        let values = Values {
            template: "web",
            version: "v1.0.0",
            mode: "full",
            job_name: "shop",
            region: "eu-west-1",
            deployment_id: "dep_1",
        };
        assert_eq!(
            fill("a {{version}} {{ mode }} {{other}} {{", &values),
            "a v1.0.0 full {{other}} {{"
        );
        assert_eq!(fill("{{{{version}}}}", &values), "{{v1.0.0}}");
        for name in PLACEHOLDERS {
            assert!(
                !fill(&format!("{{{{{name}}}}}"), &values).contains('{'),
                "{name}"
            );
        }
    }
}
