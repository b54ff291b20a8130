//! Whose numbers `/proc` has.

use std::process;

use super::layout;
use super::names::{Name, failure};
use crate::error::Error;
use crate::platform::linux::socket::Hit;
use crate::question::Pid;

/// How the numbers of `/proc` and those of this process's own namespace go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// This process, as `/proc` numbers it.
    own: Pid,
}

impl Numbers {
    /// As it is now.
    pub fn current() -> Result<Self, Error> {
        let name = Name::new(format_args!("self"));
        let mut text = [0; 16];
        name.read_link(&mut text)
            .and_then(|link| layout::decimal(link).ok_or(libc::EINVAL))
            .map(|own| Self { own })
            .map_err(|errno| failure("readlink", errno, &name))
    }

    /// This process, as `/proc` numbers it.
    pub fn own(&self) -> Pid {
        self.own
    }

    /// The number here of a holder that was found.
    pub fn holder_to_own(&self, hit: Hit) -> Result<Option<Pid>, Error> {
        let own = process::id().cast_signed();
        Ok(Some(if hit.pid == self.own { own } else { hit.pid }))
    }
}
