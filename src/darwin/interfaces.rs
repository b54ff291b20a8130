//! This machine's network interfaces: their names, indexes and addresses.

use std::ffi::CStr;
use std::net::IpAddr;

use super::kernel::{self, ENXIO};
use super::layout;
use crate::error::Error;
use crate::socket::End;

/// Returns the index of an interface (`if_nametoindex(3)`). `None`: no interface has that name.
pub fn interface_index(name: &CStr) -> Result<Option<u32>, Error> {
    match kernel::interface_index(name) {
        (0, ENXIO) => Ok(None),
        (0, 0) => Err(Error::outside_manual("if_nametoindex", "it failed without an errno")),
        (0, errno) => Err(Error::system("if_nametoindex", errno, &name.to_string_lossy())),
        (index, _) => Ok(Some(index)),
    }
}

/// Returns the name of an interface (`if_indextoname(3)`). `None`: no interface has that index, or
/// its name cannot be read.
pub fn interface_name(index: u32) -> Option<String> {
    let mut name = [0; 16];
    if !kernel::interface_name(index, &mut name) {
        return None;
    }
    CStr::from_bytes_until_nul(&name).ok().map(|name| name.to_string_lossy().into_owned())
}

/// The addresses of this machine at one moment.
pub struct OwnAddresses(Vec<End>);

impl OwnAddresses {
    /// Reads them with `getifaddrs(3)`.
    pub fn read() -> Result<Self, Error> {
        let told = kernel::interface_addresses();
        let told = told.map_err(|errno| match errno {
            0 => Error::outside_manual("getifaddrs", "it failed without an errno"),
            errno => Error::system("getifaddrs", errno, ""),
        })?;
        Ok(Self(told.iter().filter_map(layout::address).collect()))
    }

    /// Returns whether what is sent to `end` stays on this machine.
    pub fn has(&self, end: &End) -> bool {
        self.0.iter().any(|own| own.is_at(end))
    }
}

/// Returns whether an address belongs to this machine whatever its interfaces are: 127.0.0.0/8.
pub fn is_always_own(end: &End) -> bool {
    matches!(end.address, IpAddr::V4(address) if address.is_loopback())
}
