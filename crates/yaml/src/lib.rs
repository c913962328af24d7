//! Reads templates from YAML: one file, one template. A file is accepted whole or refused whole, with the line and
//! column of everything that is wrong with it (FEATURES F73, FAULTS F35); what the values mean is
//! [`ingot_domain::template`].

mod builtin;
mod error;
mod explain;
mod file;
mod outline;
mod parse;
mod salvage;
mod tabs;
mod tree;

pub use builtin::{builtin, kamiwaza};
pub use error::{Problem, YamlError};
pub use file::parse_file;
pub use parse::{LARGEST, located, parse, to_yaml, warnings};
