//! The vendors' advisory formats as [`ingot_domain::advisory::record`]: text in, records out.
//!
//! Feeds are hostile input: sizes are bounded before and after unpacking, XML with a document type is refused, ids are
//! checked before they are kept, and a damaged record is named and skipped while its neighbours are read.

pub mod bytes;
pub mod check;
pub mod fetched;
mod file;
pub mod folder;
pub mod packages;
pub mod parts;
mod read;
pub mod take;
mod zip;

pub use folder::{Folder, FolderError};
