//! Whether a request's values fit the scripts of its template.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::field::{FieldError, check_seen};
use crate::render::{self, Values};
use crate::template::Template;
use crate::userdata;
use crate::version::Version;

/// An id of the length that ids have, for texts that are only measured.
const NO_DEPLOYMENT: &str = "dep_00000000000000000000000000000000";
/// As long as regions are, for the same.
const NO_REGION: &str = "ap-southeast-1";
/// In place of a job name that is refused.
const NO_NAME: &str = "job";

/// What the scripts of a request are filled with, as far as it was read.
pub(super) struct Asked<'a> {
    pub(super) version: &'a Version,
    pub(super) mode: &'a str,
    pub(super) region: &'a str,
    /// The request's own script.
    pub(super) user_data: Option<&'a str>,
    /// The values it gives; those that were refused are not among them.
    pub(super) parameters: &'a BTreeMap<String, String>,
    /// The request names its job.
    pub(super) named: bool,
}

/// The recipe of a deployment: its template, with what the deployment brings of its own.
pub(super) fn own<'a>(
    template: &'a Template,
    user_data: Option<&str>,
    parameters: &BTreeMap<String, String>,
) -> Cow<'a, Template> {
    let mut recipe = template.with_parameters(parameters);
    if let Some(text) = user_data {
        recipe.to_mut().user_data = Some(text.to_owned());
    }
    recipe
}

/// Whether an instance can run the request's own script, and a reader sees what it runs.
pub(super) fn check_own(field: &str, text: &str, template: &Template) -> Result<(), FieldError> {
    userdata::check_head(field, text, template.user_data_encoding)?;
    check_seen(field, text)
}

/// Adds what the scripts cannot take, and chooses a job name that they can when the request names none. A value that was
/// refused is not rendered: it may be of any length, and a script may write it hundreds of times.
pub(super) fn check(
    wrong: &mut Vec<FieldError>,
    template: &Template,
    asked: &Asked<'_>,
    job_name: &mut String,
) {
    let recipe = own(template, asked.user_data, asked.parameters);
    let version = asked.version.to_string();
    let refused: Vec<String> = wrong.iter().map(|one| one.field.clone()).collect();
    let is_refused = |field: &str| refused.iter().any(|one| one == field);
    let mode = match is_refused("mode") {
        true => template.default_mode(),
        false => asked.mode,
    };
    let region = match is_refused("region") {
        true => NO_REGION,
        false => asked.region,
    };
    let problems = |job_name: &str| {
        let values = Values {
            template: &template.name,
            version: &version,
            mode,
            job_name: match is_refused("job_name") {
                true => NO_NAME,
                false => job_name,
            },
            region,
            deployment_id: NO_DEPLOYMENT,
            parameters: &recipe.parameters,
        };
        render::problems(&recipe, &values)
    };
    let mut found = problems(job_name);
    if !asked.named && found.iter().any(|problem| problem.field == "job_name") {
        // The name that was not given need not have a blank.
        *job_name = format!("{}-{version}", template.name);
        found = problems(job_name);
    }
    // What is wrong with a value is said once.
    found.retain(|problem| !is_refused(&problem.field));
    wrong.extend(found);
    if let Some(text) = asked.user_data
        && wrong.iter().all(|one| one.field != "user_data")
    {
        wrong.extend(check_own("user_data", text, template).err());
    }
}
