//! What the move from one build of a base image to the next means for security: a judgement from evidence, not from dates
//! alone (ADVISORIES 2 to 4).
//!
//! Readers of the vendors' formats live in `crates/advisories` and hand over [`record::Advisory`]; everything here is a
//! pure function of records, package lists and the time as of which is judged. [`assess::assess`] is the door:
//! [`apply`] says which fixes reach the image and how surely, [`item`] how severe each is, [`assess`] what follows.

pub mod affected;
pub mod apply;
pub mod assess;
pub mod base;
pub mod feed;
pub mod held;
pub mod item;
pub mod join;
pub mod kernel;
pub mod level;
pub mod link;
pub mod order;
pub mod packages;
pub mod record;
pub mod standing;
pub mod vector;
