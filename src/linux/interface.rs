//! A network interface's index and name, for the scope of a link-local address.

use std::ffi::CStr;

use super::kernel;
use crate::error::Error;

/// `if_nametoindex(3)`. `None` where no interface has that name.
pub fn interface_index(name: &CStr) -> Result<Option<u32>, Error> {
    kernel::interface_index(name)
        .map_err(|errno| Error::system("if_nametoindex", errno, &name.to_string_lossy()))
}

/// `if_indextoname(3)`. `None` where no interface has that index.
pub fn interface_name(index: u32) -> Option<String> {
    kernel::interface_name(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_has_an_index_and_a_name() {
        assert_eq!(interface_index(c"lo"), Ok(Some(1)));
        assert_eq!(interface_name(1).as_deref(), Some("lo"));
        assert_eq!(interface_index(c"no such one"), Ok(None));
        assert_eq!([0, u32::MAX].map(interface_name), [None, None]);
    }
}
