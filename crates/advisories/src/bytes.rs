//! Files with a limit, packed or not.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// The longest file that is read, and the longest text that one may unpack to, in bytes.
pub const LONGEST: u64 = 96 * 1024 * 1024;

/// Reads a text; one that ends in `.gz` is unpacked. Nothing longer than `longest` is ever held.
pub fn text(path: &Path, longest: u64) -> Result<String, String> {
    let file = File::open(path).map_err(|cause| cause.to_string())?;
    let packed = path.extension().is_some_and(|end| end == "gz");
    let read = if packed {
        bounded(MultiGzDecoder::new(file), longest)
    } else {
        bounded(file, longest)
    };
    let bytes = read.map_err(|cause| format!("cannot be read: {cause}"))?;
    let bytes = bytes.ok_or_else(|| format!("is longer than {longest} bytes and is not read"))?;
    String::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned())
}

fn bounded(from: impl Read, longest: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(longest + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= longest).then_some(bytes))
}
