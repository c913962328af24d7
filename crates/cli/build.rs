//! Puts the repository's sample advisories into the binary: an installed one has no repository beside it.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new("../../samples/advisories");
    let mut files = Vec::new();
    println!("cargo::rerun-if-changed={}", root.display());
    list(root, &mut files)?;
    files.sort();
    let mut table = String::from("const SAMPLES: &[(&str, &[u8])] = &[\n");
    for file in files {
        let name = file.strip_prefix(root).map_err(io::Error::other)?;
        let whole = fs::canonicalize(&file)?;
        table.push_str(&format!("    ({name:?}, include_bytes!({whole:?})),\n"));
    }
    table.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(PathBuf::from(out).join("samples.rs"), table)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
