//! How many cases the property tests of windows, purses, plans and money play: few by themselves, as many as `PROPERTY_CASES` says
//! where it is set (`make properties`).

use proptest::prelude::ProptestConfig;

/// What the caller wants, if anything.
#[expect(
    clippy::disallowed_methods,
    reason = "how many cases is the caller's choice"
)]
pub(crate) fn wanted() -> Option<u32> {
    std::env::var("PROPERTY_CASES").ok()?.parse().ok()
}

/// So many as are wanted, else few.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    ProptestConfig::with_cases(wanted().unwrap_or(few))
}
