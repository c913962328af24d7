//! One reader per format. Each takes a text and puts records into a [`crate::take::Take`].

pub(crate) mod alas;
pub(crate) mod apollo;
pub(crate) mod csaf;
pub(crate) mod cvrf;
pub(crate) mod dsa;
pub(crate) mod notices;
pub(crate) mod osv;
pub(crate) mod signals;
pub(crate) mod tracker;
pub(crate) mod ubuntu_image;
pub(crate) mod xml;
