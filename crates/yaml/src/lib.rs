//! Reads templates from YAML: one file, one template. A file is accepted whole or refused whole, with the line and
//! column of everything that is wrong with it (FEATURES F73, FAULTS F35); what the values mean is
//! [`ingot_domain::template`]. Policies and scenarios of the plan are read in the same way ([`parse_policy`],
//! [`parse_scenario`]).

mod builtin;
mod catalogue;
mod configure;
mod error;
mod explain;
mod fields;
mod file;
mod inherit;
mod outline;
mod parse;
mod policy;
mod prism;
mod salvage;
mod scenario;
mod tabs;
mod track;
mod tree;

pub use builtin::{builtin, kamiwaza};
pub use catalogue::{Entry, catalogue, recipe, search};
pub use configure::{CHANGEABLE, policy_with};
pub use error::{Problem, YamlError};
pub use file::parse_file;
pub use inherit::{inherit, name_of as name, parent, parts};
pub use parse::{LARGEST, located, parse, refuse, to_yaml, warnings};
pub use policy::{parse_policy, policy_warnings};
pub use prism::{Converted, from_prism, made_from_prism};
pub use scenario::parse_scenario;
pub use track::track;
