//! `/proc`: names in it, its text as values, and what it tells of one process.

pub mod info;
pub mod layout;
pub mod names;
pub mod namespace;
pub mod path;
