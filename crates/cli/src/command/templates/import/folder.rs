//! Which files of a folder are imported.

use std::path::{Path, PathBuf};

use crate::failure::Refused;

/// Files of a folder that are read.
const MOST: usize = 500;

/// The YAML files of a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those to read, by name.
    pub(super) files: Vec<PathBuf>,
    /// Links that are not followed, and why.
    pub(super) passed: Vec<(PathBuf, String)>,
}

/// Looks for files that end in `.yaml` or `.yml`, in small letters or capitals.
pub(super) fn files(folder: &Path) -> anyhow::Result<Found> {
    let shown = folder.display();
    let unreadable =
        |cause: std::io::Error| Refused(format!("the folder `{shown}` cannot be read: {cause}"));
    let within = folder.canonicalize().map_err(unreadable)?;
    let mut found = Found::default();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let yaml = path.extension().is_some_and(|ending| {
            ["yaml", "yml"]
                .iter()
                .any(|yaml| ending.eq_ignore_ascii_case(yaml))
        });
        if !yaml {
            continue;
        }
        match path.canonicalize() {
            Ok(real) if !real.starts_with(&within) => {
                let why = "it is a link that leads out of the folder: copy the file into the folder to import it";
                found.passed.push((path, why.to_owned()));
            }
            Ok(real) if real.is_file() => found.files.push(path),
            Ok(_) => {}
            Err(cause) => {
                let why = format!("it is a link that cannot be followed ({cause}): remove it");
                found.passed.push((path, why));
            }
        }
    }
    found.files.sort();
    let count = found.files.len();
    if count == 0 && found.passed.is_empty() {
        return Err(Refused(format!(
            "the folder `{shown}` has no file that ends in .yaml or .yml"
        ))
        .into());
    }
    if count > MOST {
        return Err(Refused(format!(
            "the folder `{shown}` has {count} YAML files, and at most {MOST} are imported at once"
        ))
        .into());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_folder_are_passed_over() {
        let (inside, outside) = (
            tempfile::tempdir().expect("directory"),
            tempfile::tempdir().expect("directory"),
        );
        let at = |name: &str| inside.path().join(name);
        assert!(files(inside.path()).is_err());
        let other = outside.path().join("other.yaml");
        for file in [&at("b.YAML"), &at("a.Yml"), &at("c.txt"), &other] {
            std::fs::write(file, "name: a\n").expect("write");
        }
        std::fs::create_dir(at("d.yaml")).expect("directory");
        for (from, to) in [
            (other, at("out.yaml")),
            (at("none"), at("to-nothing.yaml")),
            (at("b.YAML"), at("e.yaml")),
        ] {
            std::os::unix::fs::symlink(from, to).expect("link");
        }
        let found = files(inside.path()).expect("files");
        assert_eq!(found.files, [at("a.Yml"), at("b.YAML"), at("e.yaml")]);
        let mut passed: Vec<PathBuf> = found.passed.into_iter().map(|(path, _)| path).collect();
        passed.sort();
        assert_eq!(passed, [at("out.yaml"), at("to-nothing.yaml")]);
    }
}
