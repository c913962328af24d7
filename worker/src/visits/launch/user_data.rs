//! The user data of a launch: which script it is, and how it is sent (F7).

use std::io::Write;

use ingot_domain::guest::record::{self, Script};
use ingot_domain::template::Encoding;
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

/// The script with the lines around it that write down how it ended; what cannot be recorded is sent as it is.
pub(super) fn recorded(case: &Case, cached: bool) -> Result<String, render::Unfit> {
    let kind = if cached {
        Script::FirstBoot
    } else {
        Script::Install
    };
    let path = record::path(kind, &case.row.id, case.row.run);
    let script = script(case, cached)?;
    Ok(record::recorded(&script, &path).unwrap_or(script))
}

/// The script, or gzip of it when cloud-init reads it and that is worth it (F7), or as the template says.
pub(super) fn packed(script: &str, encoding: Encoding) -> Vec<u8> {
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
