//! Which user id is a placeholder: a user namespace shows users that it doesn't map as 65534.

use std::ffi::CStr;

use crate::platform::linux::kernel;
use crate::platform::linux::proc::layout::decimal;

/// The kernel's own placeholder, unless another one was configured.
const OVERFLOW: u32 = 65534;

/// Returns the number that stands for users that this process's user namespace doesn't map. `None`:
/// it maps every user, and the number is a user's own.
pub fn placeholder() -> Option<u32> {
    let mut buffer = [0; 4096];
    match read(c"/proc/self/uid_map", &mut buffer) {
        Ok(map) if maps_everybody(map) => return None,
        // A kernel without user namespaces.
        Err(libc::ENOENT) => return None,
        _ => {}
    }
    let told = read(c"/proc/sys/kernel/overflowuid", &mut buffer).ok();
    told.and_then(|text| decimal(text.trim_ascii())).or(Some(OVERFLOW))
}

fn read<'a>(path: &CStr, buffer: &'a mut [u8; 4096]) -> Result<&'a [u8], kernel::Errno> {
    kernel::read(&kernel::open(kernel::NO_DIRECTORY, path, libc::O_RDONLY)?, buffer)
}

/// Returns whether every user is mapped. Each line of `/proc/PID/uid_map` has the first id inside,
/// the first id outside, and how many ids. There are 4294967295 in all, since the last number is no
/// user.
fn maps_everybody(map: &[u8]) -> bool {
    let mapped = map.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b' ').filter(|field| !field.is_empty());
        decimal::<u64>(fields.nth(2)?)
    });
    mapped.fold(0, u64::saturating_add) >= u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_namespace_maps_everybody_and_a_containers_does_not() {
        // From Linux 6.18, a container with a range of its own, and `unshare --map-root-user`.
        let everybody = b"         0          0 4294967295\n";
        let split = b"         0          0      65536\n     65536      65536 4294901759\n";
        let range = b"         0     100000      65536\n";
        let oneself = b"         0       1000          1\n";

        assert!(maps_everybody(everybody) && maps_everybody(split));
        assert!(!maps_everybody(range) && !maps_everybody(oneself) && !maps_everybody(b""));
    }
}
