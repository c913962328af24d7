//! Scripts of templates with their `{{placeholders}}` filled in, so that the script's reader reads exactly the value.

mod emit;
mod kind;
mod serves;
mod shell;
mod unfit;
mod valid;
mod within;

use std::collections::BTreeSet;

use crate::field::FieldError;
use crate::template::parameter;
use crate::template::{InstallFinished, Parameter, Step, Template};
use crate::userdata;

pub use kind::Kind;
pub use serves::{SERVES, serving};
pub(crate) use unfit::reads;
pub use unfit::{Unfit, foreign, misspelt};

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
    /// The template's own words, with their values.
    pub parameters: &'a [Parameter],
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

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hole {
    /// One of [`PLACEHOLDERS`].
    Own(&'static str),
    /// One of the template's parameters, by its place among them.
    Set(usize),
}

impl Values<'_> {
    fn get(&self, hole: Hole) -> Option<&str> {
        let name = match hole {
            Hole::Own(name) => name,
            Hole::Set(at) => return Some(self.parameters.get(at)?.value()),
        };
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

    /// The word in the braces.
    fn word(&self, hole: Hole) -> &str {
        match hole {
            Hole::Own(name) => name,
            Hole::Set(at) => self.parameters.get(at).map_or("", |it| it.name.as_str()),
        }
    }

    /// The shell's variable that holds a value.
    fn variable(&self, hole: Hole) -> String {
        match hole {
            Hole::Own(name) => format!("ingot_{name}"),
            Hole::Set(_) => format!("ingot_set_{}", self.word(hole)),
        }
    }

    /// Where a value is given.
    fn field(&self, hole: Hole) -> String {
        match hole {
            Hole::Own(name) => name.to_owned(),
            Hole::Set(_) => parameter::field(self.word(hole)),
        }
    }
}

/// The placeholder that begins at a byte of a text: its name, and its length in bytes. Unknown names are none: shells and
/// other tools use double braces, too.
fn placeholder(text: &str, at: usize, parameters: &[Parameter]) -> Option<(Hole, usize)> {
    /// The longest name with a few blanks on both sides.
    const LONGEST: usize = 40;
    let inner = text.as_bytes()[at..].strip_prefix(b"{{")?;
    let inner = &inner[..inner.len().min(LONGEST)];
    let length = inner.windows(2).position(|two| two == b"}}")?;
    let name = inner[..length].trim_ascii();
    let own = PLACEHOLDERS.iter().find(|known| known.as_bytes() == name);
    let set = |it: &Parameter| it.name.as_bytes() == name;
    let hole = match own {
        Some(name) => Hole::Own(name),
        None => Hole::Set(parameters.iter().position(set)?),
    };
    Some((hole, length + 4))
}

/// Fills a text that is for people: the values as they are.
pub fn fill(text: &str, values: &Values<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut at, mut kept) = (0, 0);
    while at < text.len() {
        let Some((hole, length)) = placeholder(text, at, values.parameters) else {
            at += 1;
            continue;
        };
        out.push_str(&text[kept..at]);
        out.push_str(values.get(hole).unwrap_or_default());
        at += length;
        kept = at;
    }
    out.push_str(&text[kept..]);
    out
}

/// Fills a script by its [`Kind`].
///
/// # Errors
/// [`Unfit`] if a value would need quotes where there are none, or a text would be many times as long as EC2 takes.
pub fn script(text: &str, values: &Values<'_>) -> Result<String, Unfit> {
    script_beside(text, &[], values)
}

/// Fills a script beside others that run on the same machine.
fn script_beside(text: &str, others: &[&str], values: &Values<'_>) -> Result<String, Unfit> {
    if let Some(place) = Kind::of(text).place() {
        return emit::other_text(text, values, place);
    }
    let mut bound = BTreeSet::new();
    let body = emit::shell_text(text, others, values, &mut bound)?;
    let first = body.find('\n').map_or(body.len(), |end| end + 1);
    let (shebang, rest) = body.split_at(first);
    let line = if shebang.ends_with('\n') || bound.is_empty() {
        ""
    } else {
        "\n"
    };
    Ok(format!("{shebang}{line}{}{rest}", bindings(&bound, values)))
}

/// The variables that hold the values a script refers to.
fn bindings(bound: &BTreeSet<Hole>, values: &Values<'_>) -> String {
    let bind = |hole: &Hole| {
        let value = emit::single_quoted(values.get(*hole).unwrap_or_default());
        format!("{}={value}\n", values.variable(*hole))
    };
    bound.iter().map(bind).collect()
}

/// The other shell texts of a template, without its steps.
fn beside<'a>(template: &'a Template, field: &str) -> Vec<&'a str> {
    let finished = match &template.install_finished {
        InstallFinished::Command(command) => Some(command.as_str()),
        _ => None,
    };
    let shell = |text: &&str| Kind::of(text) == Kind::Shell;
    let scripts = [
        ("user_data", template.user_data.as_deref()),
        ("first_boot", template.first_boot.as_deref()),
    ];
    let scripts = scripts.into_iter().filter(|(name, _)| *name != field);
    let scripts = scripts.filter_map(|(_, text)| text).filter(shell);
    scripts.chain(finished).collect()
}

/// The script of a fresh install: `user_data`, or the steps one after the other, stopping at the first that fails.
///
/// # Errors
/// [`Unfit`] if a value would need quotes where there are none, or a text would be many times as long as EC2 takes.
pub fn install_script(template: &Template, values: &Values<'_>) -> Result<String, Unfit> {
    if let Some(text) = &template.user_data {
        let others = beside(template, "user_data");
        return script_beside(text, &others, values).map_err(|unfit| unfit.of("user_data"));
    }
    let mut bound = BTreeSet::new();
    let mut steps = String::new();
    let all = template.steps_run();
    for (i, step) in all.iter().enumerate() {
        let (number, of) = (i + 1, all.len());
        let name = format!("[ingot] step {number}/{of}: {}", fill(&step.name, values));
        let mut others = beside(template, "steps");
        let rest = all.iter().enumerate().filter(|(j, _)| *j != i);
        others.extend(rest.map(|(_, step)| step.run.as_str()));
        let validate = all.iter().filter_map(|step| step.validate.as_ref());
        others.extend(validate.map(|it| it.command.as_str()));
        let field = template.step_field(i);
        let mut run = emit::shell_text(step.run.trim_end(), &others, values, &mut bound)
            .map_err(|unfit| unfit.of(&field))?;
        if let Some(validate) = &step.validate {
            others.push(&step.run);
            let command =
                emit::shell_text(validate.command.trim_end(), &others, values, &mut bound)
                    .map_err(|unfit| unfit.of(&field.replace(".run", ".validate.command")))?;
            run = valid::checked(&run, &command, validate, values);
        }
        Unfit::of_length(steps.len() + run.len()).map_err(|unfit| unfit.of("steps"))?;
        let name = emit::single_quoted(&name);
        steps.push_str(&format!(
            "\nprintf '%s\\n' {name}\n{}",
            within::limited(&run, step.timeout)
        ));
    }
    Ok(format!(
        "#!/bin/bash\nset -euo pipefail\n{}{}{steps}\nprintf '%s\\n' '[ingot] all steps done'\n",
        bindings(&bound, values),
        functions(&all)
    ))
}

/// The functions that the steps need.
fn functions(steps: &[Step]) -> String {
    format!("{}{}", within::functions(steps), valid::functions(steps))
}

/// The script of an instance launched from a finished image: the first-boot script only (F8).
///
/// # Errors
/// [`Unfit`] if a value would need quotes where there are none, or a text would be many times as long as EC2 takes.
pub fn first_boot_script(template: &Template, values: &Values<'_>) -> Result<String, Unfit> {
    let text = template.first_boot.as_deref().unwrap_or("#!/bin/bash\n");
    let mut others = beside(template, "first_boot");
    let steps = template.steps_run();
    if template.user_data.is_none() {
        others.extend(steps.iter().map(|step| step.run.as_str()));
    }
    script_beside(text, &others, values).map_err(|unfit| unfit.of("first_boot"))
}

/// The scripts of a template that are longer than EC2 takes with these values; values that fit nowhere are passed over.
pub fn too_long(template: &Template, values: &Values<'_>) -> Vec<FieldError> {
    // What is too long as it is written is not taken apart.
    let raw: usize = template.steps.iter().map(|step| step.run.len()).sum();
    let written = [
        (
            "user_data",
            template.user_data.as_deref().map_or(0, str::len),
        ),
        (
            "first_boot",
            template.first_boot.as_deref().map_or(0, str::len),
        ),
        ("steps", raw),
    ];
    let mut found: Vec<FieldError> = written
        .iter()
        .filter_map(|(field, length)| userdata::check_length(field, *length).err())
        .collect();
    if !found.is_empty() {
        return found;
    }
    let install = if template.user_data.is_some() {
        "user_data"
    } else {
        "steps"
    };
    for (field, script) in [
        (install, install_script(template, values)),
        ("first_boot", first_boot_script(template, values)),
    ] {
        found.extend(match script {
            Ok(script) => userdata::check_size(field, &script).err(),
            Err(unfit) => unfit.length.map(|_| unfit.error()),
        });
    }
    found
}

/// Everything about an order's values that its template's scripts cannot take: values that fit nowhere, then lengths.
pub fn problems(template: &Template, values: &Values<'_>) -> Vec<FieldError> {
    let mut found = too_long(template, values);
    if found.is_empty() {
        let refused = [
            install_script(template, values).err(),
            first_boot_script(template, values).err(),
            finished(&template.install_finished, values).err(),
        ];
        let mut seen = BTreeSet::new();
        for unfit in refused.into_iter().flatten() {
            if seen.insert(unfit.name.clone()) {
                found.push(unfit.error());
            }
        }
    }
    found
}

/// How the end of the installation is known, with the values in it: a path as it is, a command as shell text that reads them.
///
/// # Errors
/// [`Unfit`] if a value would need quotes where there are none, or a text would be many times as long as EC2 takes.
pub fn finished(finished: &InstallFinished, values: &Values<'_>) -> Result<InstallFinished, Unfit> {
    Ok(match finished {
        InstallFinished::File(path) => {
            Unfit::of_length(unfit::filled_length(path, values))
                .map_err(|unfit| unfit.of("install_finished.file"))?;
            InstallFinished::File(fill(path, values))
        }
        InstallFinished::Command(command) => {
            let mut bound = BTreeSet::new();
            let text = emit::shell_text(command, &[], values, &mut bound)
                .map_err(|unfit| unfit.of("install_finished.command"))?;
            InstallFinished::Command(bindings(&bound, values) + &text)
        }
        InstallFinished::CloudInit | InstallFinished::None => finished.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_would_be_many_times_too_long_is_counted_and_not_built() {
        let long = "m".repeat(1_000_000);
        let values = Values {
            template: "web",
            version: "v1.0.0",
            mode: &long,
            job_name: "shop",
            region: "eu-west-1",
            deployment_id: "dep_1",
            parameters: &[],
        };
        let many = "{{mode}}".repeat(400);
        for text in [
            format!("#!/bin/sh\n# {many}\n"),
            format!("#!/bin/sh\ncat <<'EOF'\n{many}\nEOF\n"),
            format!("#cloud-config\n# {many}\n"),
        ] {
            let unfit = script(&text, &values).expect_err("too long");
            assert!(unfit.length.is_some_and(|bytes| bytes > 400_000_000));
        }
        let path = InstallFinished::File(format!("/{many}"));
        let told = finished(&path, &values).expect_err("too long").error();
        assert_eq!(told.field, "install_finished.file");
        assert!(told.message.contains("builds none beyond 65536"), "{told}");
    }

    #[test]
    fn known_names_are_filled_and_others_left() {
        let values = Values {
            template: "web",
            version: "v1.0.0",
            mode: "full",
            job_name: "shop",
            region: "eu-west-1",
            deployment_id: "dep_1",
            parameters: &[],
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
