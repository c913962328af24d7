//! The packages of an install: written down on the instance when its script begins (what the base carries) and when it has
//! ended well (what the image carries), read back in pieces, and what the lists say (ADVISORIES 3). The lines stand around the
//! script that the recipe's fingerprint is of, so they make no image stale.

use serde::{Deserialize, Serialize};

mod plausible;

pub use plausible::{Expected, Taken};

use super::progress::decoded;
use crate::Instant;
use crate::advisory::packages::{BaseSet, Package, PackageList};
use crate::userdata::LONGEST_RAW;

/// Bytes that one answer brings: in base64 with its line ends they stay below the 24,000 characters that SSM keeps, and a
/// multiple of three joins without padding.
pub const PIECE: u64 = 17_400;
/// Bytes of both lists that are read; packed, they are an eighth of what they say.
pub const MOST: u64 = 240_000;
/// Bytes that a list may have unpacked.
pub const LONGEST: u64 = 4 * 1024 * 1024;

/// The lists of an instance while they are read; stored with its deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// What has been read, in base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub held: String,
    /// SSM's id of the question that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Looks for its answer.
    pub looks: u32,
    /// Since when the next piece is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// They are read, or will not be.
    pub over: bool,
}

impl Reading {
    /// Bytes that are held.
    pub fn offset(&self) -> u64 {
        u64::try_from(self.held.len() / 4 * 3).unwrap_or(u64::MAX)
    }
}

/// Where the list of a script's beginning is, beside its record.
pub fn beginning(path: &str) -> String {
    format!("{path}.begin")
}

/// Where the list of its end is.
pub fn end(path: &str) -> String {
    format!("{path}.end")
}

/// A script that writes down its end (`record`), with the lines that list packages around what it runs; `None` where they
/// do not fit. They can neither fail it nor hold it up for longer than a minute each.
pub fn listed(recorded: &str, path: &str) -> Option<String> {
    let head = format!("rm -f {path}\n");
    let tail = format!("rm -f {path}.run\n");
    let (before, rest) = recorded.split_once(&head)?;
    let (runs, after) = rest.rsplit_once(&tail)?;
    let text = format!(
        "{before}{head}{LISTS}ingot_list {begin}\n{runs}[ $ingot_code != 0 ] || ingot_list {end}\n{tail}{after}",
        begin = beginning(path),
        end = end(path),
    );
    (text.len() <= LONGEST_RAW).then_some(text)
}

/// `dpkg-query` tells of packages that are gone but for their configuration, too: only those whose state ends with `i` stay.
/// The last line is there only if the manager told all it knows.
const LISTS: &str = r"ingot_list() {
{ uname -r | sed 's/^/# uname -r: /'
{ cat /etc/system-release || sed -n 's/^PRETTY_NAME=//p' /etc/os-release; } | head -n 1 | sed 's/^/# release: /'
if [ -s /var/lib/dpkg/status ]; then
{ timeout 60 dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${db:Status-Abbrev}\n' && echo '# whole.ii'; } | sed -n 's/.[a-z]i *$//p'
else
timeout 60 rpm -qa --qf '%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n' && echo '# whole'
fi; } 2>/dev/null </dev/null | (umask 077; { gzip -9 2>/dev/null || cat; } > $1) 2>/dev/null
}
";

/// The question for what follows after `offset` bytes of both lists, one behind the other.
pub fn question(path: &str, offset: u64) -> String {
    let (begin, end, from) = (beginning(path), end(path), offset + 1);
    format!(
        "stat -c %s {begin} 2>/dev/null || echo -\n\
         stat -c %s {end} 2>/dev/null || echo -\n\
         echo ==\n\
         cat {begin} {end} 2>/dev/null | tail -c +{from} | head -c {PIECE} | base64\n\
         exit 0\n"
    )
}

/// An answer to [`question`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Bytes of both lists; none where one is not there.
    pub sizes: Option<(u64, u64)>,
    /// The piece, in base64 without line ends.
    pub piece: String,
}

/// Reads what the question printed; `None` if it is none of its answers. An answer that SSM cut is the shorter piece.
pub fn read(printed: &str) -> Option<Answer> {
    let (head, piece) = printed.split_once("\n==")?;
    let mut head = head.lines();
    let mut size = || head.next().map(|line| line.trim().parse::<u64>().ok());
    let (begin, end) = (size()?, size()?);
    // SSM says behind what it cut that it did.
    let piece = piece.split("--").next().unwrap_or_default();
    let mut piece: String = piece.chars().filter(|c| !c.is_whitespace()).collect();
    // What was cut ends anywhere; whole groups of four join with the next piece.
    decoded(&piece)?;
    piece.truncate(piece.len() / 4 * 4);
    let sizes = begin.zip(end);
    Some(Answer { sizes, piece })
}

/// The bytes of both lists, when all of them are held.
pub fn both(held: &str, sizes: (u64, u64)) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut begin = decoded(held)?;
    let (first, second) = (
        usize::try_from(sizes.0).ok()?,
        usize::try_from(sizes.1).ok()?,
    );
    if begin.len() != first.checked_add(second)? {
        return None;
    }
    let end = begin.split_off(first);
    Some((begin, end))
}

/// What a list says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// `uname -r`.
    pub booted: Option<String>,
    /// The system as it calls itself, such as `Amazon Linux release 2023.5.20240701`.
    pub release: Option<String>,
    /// Its packages, each once, by name and version.
    pub packages: Vec<Package>,
}

impl Listed {
    /// Reads the text of a list; lines that are none are passed over.
    pub fn read(text: &str) -> Self {
        let mut listed = Self::default();
        for line in text.lines() {
            if let Some(kernel) = line.strip_prefix("# uname -r: ") {
                listed.booted = word(kernel);
            } else if let Some(release) = line.strip_prefix("# release: ") {
                listed.release = word(release.trim_matches('"'));
            } else {
                listed.packages.extend(package(line));
            }
        }
        let key = |one: &Package| (one.name.clone(), one.version.clone());
        listed.packages.sort_by_key(key);
        listed.packages.dedup();
        listed
    }

    /// As advisories are held against it; `set` knows the sources of packages whose list does not tell them.
    pub fn list(self, set: &BaseSet) -> PackageList {
        let mut list = PackageList::new(self.packages, set);
        (list.booted, list.own) = (self.booted, true);
        list
    }

    /// Its packages as lines of name, version, source and the source's version, as they are kept: [`Self::read`] takes them
    /// back with an empty architecture.
    pub fn lines(&self) -> String {
        let line = |one: &Package| {
            let cell = |text: &Option<String>| text.clone().unwrap_or_default();
            let (name, version) = (&one.name, &one.version);
            let (source, of) = (cell(&one.source), cell(&one.source_version));
            format!("{name}\t{version}\t\t{source}\t{of}\n")
        };
        self.packages.iter().map(line).collect()
    }
}

/// A line of `dpkg-query` or `rpm` as [`LISTS`] asks for it. The key that signs packages is none.
fn package(line: &str) -> Option<Package> {
    let mut cells = line.split('\t').map(str::trim);
    let (name, version) = (cells.next()?, cells.next()?);
    if name == "gpg-pubkey" || line.len() > 1000 {
        return None;
    }
    let (name, version) = (word(name)?, word(version)?);
    let (source, source_version) = (cells.nth(1).and_then(word), cells.next().and_then(word));
    let built = source
        .as_deref()
        .and_then(|file| file.strip_suffix(".src.rpm"));
    let source = match built {
        // name-version-release
        Some(file) => file.rsplitn(3, '-').nth(2).map(str::to_owned),
        None => source.filter(|source| source != "(none)"),
    };
    Some(Package {
        name: name.split(':').next().unwrap_or_default().to_owned(),
        version,
        source,
        source_version,
    })
}

/// A text of an instance that may be shown: short, and without control characters.
fn word(text: &str) -> Option<String> {
    let text = text.trim();
    let fine = !text.is_empty() && text.len() <= 300 && !text.chars().any(char::is_control);
    fine.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
