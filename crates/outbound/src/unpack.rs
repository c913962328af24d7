//! Unpacking what came packed, within a bound: a small file may unpack to any size.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::Trouble;

/// Unpacks gzip to at most `most` bytes. One that was cut is broken, not short.
pub fn unpack(packed: &[u8], most: u64) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed)
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Trouble::Broken(error.to_string()))?;
    if bytes.len() as u64 > most {
        return Err(Trouble::TooLong(most));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("written");
        encoder.finish().expect("packed")
    }

    #[test]
    fn a_bomb_is_refused_before_it_fills_memory() {
        let bomb = packed(&vec![0; 50_000_000]);
        assert!(bomb.len() < 100_000);
        assert!(matches!(unpack(&bomb, 1_000), Err(Trouble::TooLong(1_000))));
        assert_eq!(unpack(&packed(b"feed"), 4).expect("it fits"), b"feed");
    }

    #[test]
    fn a_cut_file_is_broken() {
        let whole = packed(&[7; 10_000]);
        let cut = &whole[..whole.len() - 5];
        assert!(matches!(unpack(cut, 1_000_000), Err(Trouble::Broken(_))));
        assert!(matches!(unpack(b"no gzip", 100), Err(Trouble::Broken(_))));
    }
}
