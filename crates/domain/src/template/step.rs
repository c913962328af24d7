//! How long a step of an installation may take.

use std::fmt;
use std::ops::RangeInclusive;

use serde::Deserializer;
use serde::de::{Error, Visitor};

use super::validate::check_end;
use super::{BaseImage, InstallFinished, Template};
use crate::field::FieldError;

/// Seconds that a step may take when its YAML does not say.
pub const TIMEOUT: u32 = 600;

/// Seconds that a step may be given: 1 second to 6 hours.
pub const TIMEOUTS: RangeInclusive<u32> = 1..=6 * 3600;

/// Reads seconds, written as a number or as text with a unit: `600`, `90s`, `10m`, `2h`.
pub(super) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    from.deserialize_any(Seconds).map(Some)
}

struct Seconds;

impl Visitor<'_> for Seconds {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds such as `600`, or a text such as `90s`, `10m` or `2h`")
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<u32, E> {
        // What is too large for the type is too long as well, and is refused as such.
        Ok(u32::try_from(seconds).unwrap_or(u32::MAX))
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<u32, E> {
        Ok(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u32, E> {
        let wrong = || {
            E::custom(format!(
                "`{}` is no time: write seconds such as `600`, or `90s`, `10m` or `2h`",
                crate::field::shown(text)
            ))
        };
        let seconds = crate::span::seconds(text).map_err(|_| wrong())?;
        self.visit_u64(seconds)
    }
}

impl BaseImage {
    /// Whether its name says that it is Windows.
    pub fn is_windows(&self) -> bool {
        let name = match self {
            BaseImage::Ssm(parameter) => parameter,
            BaseImage::Newest { name, .. } | BaseImage::Track(name) => name,
            BaseImage::Ami(_) => return false,
        };
        name.to_ascii_lowercase().contains("windows")
    }
}

impl Template {
    /// What is wrong with the times of its steps, and with steps on Windows, which has no shell for them.
    pub(super) fn step_problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        for (i, step) in self.steps.iter().enumerate() {
            let timeout = step.timeout.filter(|timeout| !TIMEOUTS.contains(timeout));
            found.extend(timeout.map(|timeout| {
                let message = "give 1 second to 6 hours, such as `90s`, `10m` or `2h`";
                FieldError::new(&format!("steps[{i}].timeout"), timeout, message)
            }));
            found.extend(check_end(&format!("steps[{i}].run"), &step.run).err());
        }
        if self.base_image.is_windows() && !self.steps.is_empty() {
            let message = "the base image is Windows, where no shell runs steps: give the installation as `user_data` that begins with `<powershell>`";
            found.push(FieldError::new("steps", self.steps.len(), message));
        }
        if self.base_image.is_windows() {
            found.extend(self.asks_a_shell());
        }
        found
    }
}

impl Template {
    /// What would be asked of the shell of an instance, where Windows has none.
    fn asks_a_shell(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        if self.install_finished != InstallFinished::None {
            let message = "the base image is Windows, which has no shell that could be asked whether the installation is over: say `install_finished: none`, and let `probe` ask for what the end of your script brings";
            found.push(FieldError::new("install_finished", "", message));
        }
        if let Some(command) = &self.probe.command {
            let message = "the base image is Windows, which has no shell that runs the command: ask for a page, or for a port with `tcp`";
            found.push(FieldError::new("probe.command", command, message));
        }
        found
    }
}

/// A template as its YAML means it: steps without a timeout have [`TIMEOUT`].
pub fn with_timeouts(mut template: Template) -> Template {
    for step in &mut template.steps {
        step.timeout.get_or_insert(TIMEOUT);
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Step;
    use serde_json::json;

    fn step(timeout: serde_json::Value) -> Result<Step, serde_json::Error> {
        serde_json::from_value(json!({ "name": "one", "run": "id", "timeout": timeout }))
    }

    #[test]
    fn times_are_read_with_and_without_a_unit() {
        let table = [
            (json!(600), Some(600)),
            (json!("90s"), Some(90)),
            (json!("10m"), Some(600)),
            (json!("6h"), Some(21_600)),
            (json!("45"), Some(45)),
            (json!(0), Some(0)),
            (json!(-5), Some(0)),
            (json!("7d"), Some(604_800)),
            (json!("m"), None),
            (json!(""), None),
            (json!("ten"), None),
            (json!(true), None),
        ];
        for (written, want) in table {
            let read = step(written.clone()).ok().and_then(|step| step.timeout);
            assert_eq!(read, want, "{written}");
        }
        let stored = r#"{"name":"one","run":"id"}"#;
        let old: Step = serde_json::from_str(stored).expect("a step from before");
        assert_eq!(old.timeout, None);
        assert_eq!(serde_json::to_string(&old).expect("stored"), stored);
    }

    #[test]
    fn a_text_that_ends_with_a_backslash_is_told() {
        for (run, told) in [
            ("id \\\n", true),
            ("id\\", true),
            ("echo \\\\\n", false),
            ("id \\\n  -u\n", false),
            ("id\n# C:\\", false),
        ] {
            let whole = template(json!({ "steps": [{ "name": "one", "run": run }] }));
            let fields: Vec<String> = whole
                .step_problems()
                .into_iter()
                .map(|it| it.field)
                .collect();
            assert_eq!(fields.contains(&"steps[0].run".to_owned()), told, "{run}");
        }
    }

    fn template(changes: serde_json::Value) -> Template {
        let mut whole = json!({
            "name": "web",
            "base_image": { "ssm": "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base" },
            "instance_types": ["t3.micro"],
            "steps": [{ "name": "one", "run": "id" }],
            "probe": { "scheme": "http", "port": 80 },
            "install_finished": "none",
        });
        for (key, value) in changes.as_object().expect("changes") {
            whole[key] = value.clone();
        }
        serde_json::from_value(whole).expect("a template")
    }

    #[test]
    fn steps_are_refused_on_windows_and_beyond_six_hours() {
        let linux = json!({ "base_image": { "ami": "ami-0123456789abcdef0" } });
        assert_eq!(template(linux).problems(), []);
        let windows = template(json!({})).problems();
        assert_eq!(windows.len(), 1, "{windows:?}");
        assert!(windows[0].field == "steps" && windows[0].message.contains("<powershell>"));
        for timeout in [0, 21_601] {
            let wrong = template(json!({
                "base_image": { "ami": "ami-0123456789abcdef0" },
                "steps": [{ "name": "one", "run": "id", "timeout": timeout }],
            }));
            let wrong = wrong.problems();
            assert_eq!(wrong.len(), 1, "{wrong:?}");
            assert!(wrong[0].field == "steps[0].timeout" && wrong[0].message.contains("6 hours"));
        }
    }

    #[test]
    fn nothing_is_asked_of_a_shell_on_windows() {
        let script = |changes: serde_json::Value| {
            let mut whole = changes;
            whole["steps"] = json!([]);
            whole["user_data"] = json!("<powershell>\nid\n</powershell>");
            whole["instance_profile"] = json!("p");
            let told = template(whole).problems().into_iter();
            told.map(|wrong| wrong.field).collect::<Vec<_>>()
        };
        let table = [
            (json!({}), vec![]),
            (
                json!({ "install_finished": "cloud_init" }),
                vec!["install_finished"],
            ),
            (
                json!({ "probe": { "command": "id" } }),
                vec!["probe.command"],
            ),
        ];
        for (changes, want) in table {
            assert_eq!(script(changes.clone()), want, "{changes}");
        }
    }
}
