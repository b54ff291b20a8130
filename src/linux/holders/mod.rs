//! Who holds a socket: descriptor tables, the order in which they are read, and a holder's ancestors.

pub mod ancestors;
pub mod groups;
pub mod order;
mod queue;
pub mod recent;
pub mod roster;
pub mod sought;
mod table;
mod tables;
pub mod walk;
