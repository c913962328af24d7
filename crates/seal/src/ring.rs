//! The keys of a process and where they come from: a file that only its owner can read, or a text of the environment. The
//! file is read again when a secret asks for a key that is not known yet, so that `ingot keys rotate` needs no restart.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::{Key, SealError, Secret, key_of, open, seal};

/// The longest key file.
const LONGEST: u64 = 64 * 1024;
/// Marks that no key fits make the file be read again this often at most: a link may be asked by anyone.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
enum Source {
    None,
    File(PathBuf),
    Text,
}

/// The keys: the first one seals, all of them open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ring {
    source: Source,
    keys: Arc<RwLock<Vec<Key>>>,
    /// When a mark made the file be read last.
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Ring {
    /// No key: whatever needs one says so, everything else works.
    pub fn none() -> Self {
        Self::over(Source::None, Vec::new())
    }

    /// The keys of a file.
    pub fn file(path: &Path) -> Result<Self, SealError> {
        Ok(Self::over(Source::File(path.to_owned()), read(path)?))
    }

    /// The keys of a file that need not be usable yet: what needs a key says what is wrong with it.
    pub fn later(path: &Path) -> Self {
        Self::over(
            Source::File(path.to_owned()),
            read(path).unwrap_or_default(),
        )
    }

    /// The keys of a text, one per line or with commas between.
    pub fn text(text: &str) -> Result<Self, SealError> {
        Ok(Self::over(Source::Text, parse(text, "INGOT_KEY")?))
    }

    fn over(source: Source, keys: Vec<Key>) -> Self {
        Self {
            source,
            keys: Arc::new(RwLock::new(keys)),
            looked: Arc::default(),
        }
    }

    /// The keys as they are known, the one that seals first.
    pub fn keys(&self) -> Vec<Key> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }

    /// The keys as their file has them now.
    pub fn fresh(&self) -> Result<Vec<Key>, SealError> {
        if let Source::File(path) = &self.source {
            let keys = read(path)?;
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        Ok(self.keys())
    }

    /// Where they come from, in words.
    pub fn from(&self) -> String {
        match &self.source {
            Source::None => "nowhere".to_owned(),
            Source::File(path) => path.display().to_string(),
            Source::Text => "INGOT_KEY".to_owned(),
        }
    }

    /// The file, if they come from one.
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) => Some(path),
            _ => None,
        }
    }

    /// Seals a secret for a place with the key that the file names first now.
    pub fn seal(&self, place: &str, secret: &Secret) -> Result<String, SealError> {
        let keys = self.fresh()?;
        seal(keys.first().ok_or(SealError::NoKey)?, place, secret)
    }

    /// Opens what was sealed for a place.
    pub fn open(&self, place: &str, sealed: &str) -> Result<Secret, SealError> {
        let id = key_of(sealed).ok_or(SealError::Broken)?;
        let with = |keys: Vec<Key>| keys.into_iter().find(|key| key.id() == id);
        let key = match with(self.keys()) {
            Some(key) => Some(key),
            None => with(self.fresh()?),
        };
        let key = match key {
            Some(key) => key,
            None if self.keys().is_empty() => return Err(SealError::NoKey),
            None => return Err(SealError::Lost(id.to_owned())),
        };
        open(&key, place, sealed)
    }

    /// A mark over a text (see [`Key::mark`]); none without a key.
    pub fn mark(&self, text: &str) -> Option<String> {
        self.keys().first().map(|key| key.mark(text))
    }

    /// Whether a mark was made over this text by one of the keys, or by one that the file has by now: a process that only
    /// checks marks opens no secret that would make it read the file again.
    pub fn is_mark(&self, text: &str, mark: &str) -> bool {
        // The marks are of one length and made by HMAC: what is compared in plain tells nothing about the key.
        let fits = |keys: &[Key]| keys.iter().any(|key| key.mark(text) == mark);
        fits(&self.keys()) || (self.may_look() && self.fresh().is_ok_and(|keys| fits(&keys)))
    }

    /// Whether the file may be read again for a mark.
    fn may_look(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let may = self.path().is_some() && looked.is_none_or(|at| at.elapsed() >= AGAIN);
        if may {
            *looked = Some(Instant::now());
        }
        may
    }
}

fn parse(text: &str, shown: &str) -> Result<Vec<Key>, SealError> {
    let lines = text.split(['\n', ',']).map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let keys: Result<Vec<Key>, SealError> = lines
        .map(|(at, line)| Key::parse(line, &format!("line {} of {shown}", at + 1)))
        .collect();
    let keys = keys?;
    if keys.is_empty() {
        return Err(SealError::Key(shown.to_owned()));
    }
    Ok(keys)
}

fn trouble(path: &Path, why: impl Into<String>) -> SealError {
    SealError::File {
        path: path.display().to_string(),
        why: why.into(),
    }
}

/// Reads a key file that no one but its owner can read.
fn read(path: &Path) -> Result<Vec<Key>, SealError> {
    let seen = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => trouble(
            path,
            "is not there: bring it back from where it is kept, or make a new one with `ingot keys new` and give the secrets again",
        ),
        _ => trouble(path, format!("cannot be read: {error}")),
    })?;
    let mode = seen.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let why = format!(
            "can be read by others (mode {mode:04o}): run `chmod 600 {}`",
            path.display()
        );
        return Err(trouble(path, why));
    }
    if seen.len() > LONGEST {
        return Err(trouble(path, "is too long to hold keys"));
    }
    let text = fs::read_to_string(path)
        .map_err(|error| trouble(path, format!("cannot be read: {error}")))?;
    parse(&text, &format!("`{}`", path.display()))
}

/// Makes a key file of mode 0600 with a new key; one that is there is left as it is.
pub fn new_file(path: &Path) -> Result<(), SealError> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(mut file) => {
            let text = format!("{}\n", Key::random().text());
            let written = file
                .write_all(text.as_bytes())
                .and_then(|()| file.sync_all());
            written.map_err(|error| trouble(path, format!("cannot be written: {error}")))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(trouble(path, format!("cannot be made: {error}"))),
    }
}

/// Writes a key file anew with these keys, all or nothing. Where the path is a link, what it leads to is written.
pub fn rotated(path: &Path, keys: &[Key]) -> Result<(), SealError> {
    let failed = |error: std::io::Error| trouble(path, format!("cannot be written: {error}"));
    let path = &fs::canonicalize(path).map_err(failed)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed)?;
    let text: String = keys.iter().map(|key| key.text() + "\n").collect();
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

#[cfg(test)]
mod tests;
