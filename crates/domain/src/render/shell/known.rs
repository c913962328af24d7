//! Texts that were taken apart lately. Where a placeholder stands depends on a template's texts alone and not on the values
//! that are filled in, so the API need not find it out again for every request: following what a script writes and reads
//! costs a hundred times what the rest of a request does.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::{Parts, apart};
use crate::template::Parameter;

/// More templates than are in use at one time in one installation, each with its scripts.
const MOST: usize = 128;
/// Longer texts, in bytes, are not kept: EC2 takes 16 KB of user data.
const LONGEST: usize = 64 * 1024;

/// The texts, the names of the template's parameters, and each text taken apart.
type Entry = (Vec<String>, Vec<String>, Arc<[Arc<Parts>]>);

/// The oldest first.
static LATELY: LazyLock<Mutex<VecDeque<Entry>>> = LazyLock::new(Mutex::default);

/// Each text taken apart beside the others.
pub(super) fn apart_once(texts: &[&str], parameters: &[Parameter]) -> Arc<[Arc<Parts>]> {
    let names = || parameters.iter().map(|parameter| parameter.name.as_str());
    let known = |lately: &VecDeque<Entry>| {
        let same = |(known, named, _): &&Entry| known == texts && named.iter().eq(names());
        let entry = lately.iter().rev().find(same)?;
        Some(Arc::clone(&entry.2))
    };
    if let Some(parts) = known(&LATELY.lock().unwrap_or_else(PoisonError::into_inner)) {
        return parts;
    }
    // Not under the lock: other requests go on meanwhile.
    let parts: Arc<[Arc<Parts>]> = apart(texts, parameters).into();
    if texts.iter().map(|text| text.len()).sum::<usize>() <= LONGEST {
        let mut lately = LATELY.lock().unwrap_or_else(PoisonError::into_inner);
        if known(&lately).is_none() {
            if lately.len() == MOST {
                lately.pop_front();
            }
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            let names = names().map(str::to_owned).collect();
            lately.push_back((texts, names, Arc::clone(&parts)));
        }
    }
    parts
}
