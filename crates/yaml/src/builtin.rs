//! The templates every installation has.

use std::sync::LazyLock;

use ingot_domain::template::Template;

use crate::parse::parse;

/// Read once; the text is part of the program, so a mistake in it is one of ours and every test run finds it.
static KAMIWAZA: LazyLock<Template> =
    LazyLock::new(|| parse(include_str!("kamiwaza.yaml")).expect("the built-in template is valid"));

/// The template of the Kamiwaza platform ([`ingot_domain::template::KAMIWAZA`]).
pub fn kamiwaza() -> Template {
    KAMIWAZA.clone()
}

/// All built-in templates, in the order of the catalogue.
pub fn builtin() -> Vec<Template> {
    vec![kamiwaza()]
}
