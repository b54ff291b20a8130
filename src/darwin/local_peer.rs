//! What the kernel tells of our end of a Unix-domain connection.

#![allow(dead_code, reason = "only a Mac uses them")]

use std::ffi::c_int;

use crate::error::Error;
use crate::question::LocalPeer;

/// See `platform.rs`.
pub fn local_peer(_: c_int, _: bool) -> Result<Option<LocalPeer>, Error> {
    Ok(None)
}

/// See `platform.rs`.
pub fn interface_name(_: u32) -> Option<String> {
    None
}
