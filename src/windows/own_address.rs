//! Decides which addresses belong to this machine. A reply to any other address leaves it.

use super::kernel::addresses;
use super::layout::addresses::own_addresses;
use super::win32_error::{ERROR_NOT_FOUND, failed};
use crate::error::Error;
use crate::socket::End;

/// Returns whether a packet to `end` stays on this machine.
pub fn is_own(end: &End) -> Result<bool, Error> {
    if end.address.is_loopback() {
        return Ok(true);
    }
    match addresses::read() {
        Ok(bytes) => Ok(own_addresses(&bytes).any(|own| own.is_at(end))),
        Err(ERROR_NOT_FOUND) => Ok(false),
        Err(code) => Err(failed("GetUnicastIpAddressTable", code, "")),
    }
}
