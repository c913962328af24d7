//! A zip archive as OSV's dumps are: its list of entries, and one entry at a time, each bounded and checked by its sum.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use flate2::Crc;
use flate2::read::DeflateDecoder;

/// The longest list of entries, in bytes.
const LONGEST_LIST: u64 = 16 * 1024 * 1024;
/// The most entries. The largest dump has some 60,000.
const MOST: u64 = 200_000;
/// The most bytes of all entries together, unpacked.
const LONGEST: u64 = 2 * 1024 * 1024 * 1024;
/// The longest entry, packed or not. A record of a feed is far shorter.
const LONGEST_ENTRY: u64 = 16 * 1024 * 1024;
/// How far from the end its directory is looked for: the longest comment and the record itself.
const TAIL: u64 = 65_557;

/// One file of an archive.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    method: u16,
    sum: u32,
    packed: u64,
    /// As the list says it; no more is unpacked.
    pub(crate) length: u64,
    at: u64,
}

/// An archive on the disk.
#[derive(Debug)]
pub(crate) struct Zip {
    file: File,
    pub(crate) entries: Vec<Entry>,
}

impl Zip {
    /// Reads the list of entries. One that was cut has none, for it lies at the end.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let cannot = |cause: std::io::Error| format!("cannot be read: {cause}");
        let mut file = File::open(path).map_err(cannot)?;
        let length = file.metadata().map_err(cannot)?.len();
        let tail = part(&mut file, length.saturating_sub(TAIL), TAIL.min(length))?;
        let end = tail.windows(4).rposition(|found| found == b"PK\x05\x06");
        let end = end.ok_or("is cut: a zip archive without its end")?;
        if tail.len() < end + 22 + usize::from(half(&tail, end + 20)?) {
            return Err("is a zip archive that is cut".to_owned());
        }
        let mut count = u64::from(half(&tail, end + 10)?);
        let mut size = u64::from(word(&tail, end + 12)?);
        let mut from = u64::from(word(&tail, end + 16)?);
        if count == 0xffff || from == 0xffff_ffff {
            // A large one says its true numbers elsewhere.
            let locator = end.checked_sub(20).ok_or("is no zip archive to its end")?;
            if tail.get(locator..locator + 4) != Some(b"PK\x06\x07") {
                return Err("is no zip archive to its end".to_owned());
            }
            let large = part(&mut file, long(&tail, locator + 8)?, 56)?;
            if !large.starts_with(b"PK\x06\x06") {
                return Err("is no zip archive to its end".to_owned());
            }
            count = long(&large, 32)?;
            size = long(&large, 40)?;
            from = long(&large, 48)?;
        }
        if size > LONGEST_LIST || from.saturating_add(size) > length {
            return Err("is a zip archive whose list is cut or too long".to_owned());
        }
        if count > MOST {
            return Err(format!(
                "is a zip archive of {count} entries; {MOST} are read"
            ));
        }
        let list = part(&mut file, from, size)?;
        let mut entries = Vec::new();
        let mut at = 0;
        while (entries.len() as u64) < count {
            if list.get(at..at + 4) != Some(b"PK\x01\x02") {
                return Err("is a zip archive whose list is cut".to_owned());
            }
            let name = usize::from(half(&list, at + 28)?);
            let rest = usize::from(half(&list, at + 30)?) + usize::from(half(&list, at + 32)?);
            let text = list.get(at + 46..at + 46 + name);
            entries.push(Entry {
                name: String::from_utf8_lossy(text.unwrap_or_default()).into_owned(),
                method: half(&list, at + 10)?,
                sum: word(&list, at + 16)?,
                packed: u64::from(word(&list, at + 20)?),
                length: u64::from(word(&list, at + 24)?),
                at: u64::from(word(&list, at + 42)?),
            });
            at += 46 + name + rest;
        }
        let sum = |of: fn(&Entry) -> u64| entries.iter().map(of).sum::<u64>();
        if sum(|entry| entry.length) > LONGEST {
            return Err(format!(
                "is a zip archive that unpacks to more than {LONGEST} bytes"
            ));
        }
        // Each entry has bytes of its own, or a few of them would be unpacked once per entry.
        if sum(|entry| entry.packed) > length {
            return Err("is a zip archive whose entries lie over each other".to_owned());
        }
        Ok(Self { file, entries })
    }

    /// The text of one entry.
    pub(crate) fn text(&mut self, entry: &Entry) -> Result<String, String> {
        if entry.packed.max(entry.length) > LONGEST_ENTRY {
            return Err(format!(
                "is longer than {LONGEST_ENTRY} bytes and is not read"
            ));
        }
        let head = part(&mut self.file, entry.at, 30)?;
        if !head.starts_with(b"PK\x03\x04") {
            return Err("is not where the archive says".to_owned());
        }
        let skip = u64::from(half(&head, 26)?) + u64::from(half(&head, 28)?);
        let packed = part(&mut self.file, entry.at + 30 + skip, entry.packed)?;
        let bytes = match entry.method {
            0 => packed,
            8 => {
                let mut bytes = Vec::new();
                DeflateDecoder::new(packed.as_slice())
                    .take(entry.length + 1)
                    .read_to_end(&mut bytes)
                    .map_err(|cause| format!("cannot be unpacked: {cause}"))?;
                bytes
            }
            other => return Err(format!("is packed in a way that is not read ({other})")),
        };
        let mut sum = Crc::new();
        sum.update(&bytes);
        if bytes.len() as u64 != entry.length || sum.sum() != entry.sum {
            return Err("is damaged: its length or its sum is another".to_owned());
        }
        String::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned())
    }
}

fn part(file: &mut File, from: u64, length: u64) -> Result<Vec<u8>, String> {
    let cannot = |cause: std::io::Error| format!("cannot be read: {cause}");
    file.seek(SeekFrom::Start(from)).map_err(cannot)?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() as u64 == length {
        true => Ok(bytes),
        false => Err("is a zip archive that is cut".to_owned()),
    }
}

fn bytes<const N: usize>(from: &[u8], at: usize) -> Result<[u8; N], String> {
    let found = from.get(at..at + N).and_then(|part| part.try_into().ok());
    found.ok_or_else(|| "is a zip archive that is cut".to_owned())
}

fn half(from: &[u8], at: usize) -> Result<u16, String> {
    bytes(from, at).map(u16::from_le_bytes)
}

fn word(from: &[u8], at: usize) -> Result<u32, String> {
    bytes(from, at).map(u32::from_le_bytes)
}

fn long(from: &[u8], at: usize) -> Result<u64, String> {
    bytes(from, at).map(u64::from_le_bytes)
}
