//! Who holds a socket: descriptor tables, in which order they are read, and a holder's ancestors.

pub mod ancestors;
pub mod groups;
mod headless;
mod named;
pub mod order;
pub mod recent;
pub mod roster;
pub mod sought;
mod table;
mod tables;
pub mod walk;
