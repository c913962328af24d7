//! The user data of a launch: which script it is, and how it is sent (F7).

use std::io::Write;

use ingot_domain::guest::packages;
use ingot_domain::guest::record::{self, Script};
use ingot_domain::template::{Encoding, Template, Watch};
use ingot_domain::{render, userdata};

use crate::case::Case;

/// The script of a launch as the template has it: the first boot's of a finished image, else the installation's.
pub(in crate::visits) fn script(case: &Case, cached: bool) -> Result<String, render::Unfit> {
    let values = case.values();
    if cached {
        render::first_boot_script(&case.recipe, &values)
    } else {
        render::install_script(&case.recipe, &values)
    }
}

/// The script with the lines around it that write down how it ended, and for an installation what it printed; what cannot
/// be recorded is sent as it is.
pub(super) fn recorded(case: &Case, cached: bool) -> Result<String, render::Unfit> {
    let script = script(case, cached)?;
    if cached {
        let path = record::path(Script::FirstBoot, &case.row.id, case.row.run);
        return Ok(record::recorded(&script, &path).unwrap_or(script));
    }
    let path = record::path(Script::Install, &case.row.id, case.row.run);
    let written = installing(case, script, &path);
    // Without a profile SSM could not read the lists back.
    let listed = match case.recipe.instance_profile {
        Some(_) => packages::listed(&written, &path),
        None => None,
    };
    Ok(listed.unwrap_or(written))
}

/// The installation's script with the lines that write down its end and its output.
fn installing(case: &Case, script: String, path: &str) -> String {
    if case.recipe.progress == Watch::None {
        return record::recorded(&script, path).unwrap_or(script);
    }
    let followed = match case.recipe.progress {
        Watch::Console => record::consoled(&script, path),
        _ => record::followed(&script, path),
    };
    // Near the longest that EC2 takes, there may be room for its end but not for its output.
    let written = followed.or_else(|_| record::recorded(&script, path));
    written.unwrap_or(script)
}

/// Why an installation lists no packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::visits) enum Unlisted {
    /// Windows is judged by its bulletins.
    Windows,
    /// For a reason in words.
    Because(&'static str),
}

/// Why the installation of this run writes no lists of packages that can be read; nothing where it does.
pub(in crate::visits) fn unlisted(case: &Case) -> Result<Option<Unlisted>, render::Unfit> {
    let script = script(case, false)?;
    let path = record::path(Script::Install, &case.row.id, case.row.run);
    let because = |why| Ok(Some(Unlisted::Because(why)));
    if render::Kind::of(&script) == render::Kind::Windows {
        return Ok(Some(Unlisted::Windows));
    }
    if case.recipe.instance_profile.is_none() {
        return because(
            "the template names no `instance_profile`, so SSM cannot reach the instance",
        );
    }
    if !script.starts_with("#!") {
        return because("`user_data` is no script that starts with `#!` and an interpreter");
    }
    let written = installing(case, script, &path);
    if packages::listed(&written, &path).is_none() {
        return because("its script leaves no room in the user data for the lines that list them");
    }
    Ok(None)
}

/// What is sent of a script, and its length before it was packed: with the line that says what it serves wherever that
/// fits, for the line is no part of what the instance does and must not be what EC2 refuses.
pub(super) fn sent(script: &str, recipe: &Template) -> (Vec<u8>, usize) {
    let encoding = recipe.user_data_encoding;
    let told = render::serving(script, &recipe.probe)
        .map(|told| (packed(&told, encoding), told.len()))
        .filter(|(packed, _)| packed.len() <= userdata::LONGEST_RAW);
    told.unwrap_or_else(|| (packed(script, encoding), script.len()))
}

/// The script, or gzip of it when cloud-init reads it and that is worth it (F7), or as the template says.
fn packed(script: &str, encoding: Encoding) -> Vec<u8> {
    let reads_gzip = render::Kind::of(script).is_for_cloud_init();
    if encoding == Encoding::Plain || (encoding == Encoding::Auto && !reads_gzip) {
        return script.as_bytes().to_vec();
    }
    let mut gzip = flate2::GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), flate2::Compression::best());
    let zipped = gzip
        .write_all(script.as_bytes())
        .and_then(|()| gzip.finish());
    match zipped {
        Ok(zipped)
            if encoding == Encoding::Gzip
                || userdata::gzip_is_useful(script.len(), zipped.len()) =>
        {
            zipped
        }
        _ => script.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use ingot_domain::template::Template;
    use serde_json::json;

    use super::*;

    fn recipe(encoding: &str) -> Template {
        let recipe = json!({
            "name": "web",
            "base_image": { "ami": "ami-0123456789abcdef0" },
            "instance_types": ["t3.micro"],
            "user_data_encoding": encoding,
            "probe": { "scheme": "http", "port": 80 },
        });
        serde_json::from_value(recipe).expect("a template")
    }

    #[test]
    fn the_line_never_makes_a_script_too_long() {
        let script = |length: usize| format!("#!/bin/sh\n{}", "#".repeat(length - 10));
        let longest = userdata::LONGEST_RAW;
        let table = [
            ("plain", 1000, true),
            ("plain", longest - 10, false),
            ("plain", longest, false),
            // What is packed has room again.
            ("auto", 1000, true),
            ("auto", longest, true),
        ];
        for (encoding, length, told) in table {
            let (bytes, raw) = sent(&script(length), &recipe(encoding));
            assert!(bytes.len() <= longest, "{encoding} {length}");
            assert_eq!(raw > length, told, "{encoding} {length}");
            let plain = String::from_utf8(bytes).is_ok_and(|text| text.contains(render::SERVES));
            assert!(!plain || told, "{encoding} {length}");
        }
    }

    #[test]
    fn what_takes_no_comment_is_sent_as_it_is() {
        let (bytes, raw) = sent("{\"ignition\":{}}", &recipe("auto"));
        assert_eq!((bytes, raw), (b"{\"ignition\":{}}".to_vec(), 15));
    }
}
