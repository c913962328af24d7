//! What the cases met, counted over a whole run: a model that never gets into trouble proves nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static MET: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Counts one meeting.
pub(crate) fn count(what: &'static str) {
    MET.with_borrow_mut(|met| *met.entry(what).or_default() += 1);
}

/// Everything met so far.
pub(crate) fn all() -> BTreeMap<&'static str, u64> {
    MET.with_borrow(Clone::clone)
}
