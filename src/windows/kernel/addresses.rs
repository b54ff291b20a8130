//! The addresses of this machine.

use std::ffi::c_void;
use std::{ptr, slice};

use super::imports::{FreeMibTable, GetUnicastIpAddressTable};
use crate::platform::windows::layout::addresses::{ROW_BYTES, ROWS_AT};

const AF_UNSPEC: u16 = 0;
/// No machine has more addresses. A larger count is not believed.
const MOST_ADDRESSES: usize = 1 << 16;

/// `GetUnicastIpAddressTable`: returns its bytes, for `own_addresses`, or the Win32 error.
pub fn read() -> Result<Vec<u8>, u32> {
    let mut table: *mut c_void = ptr::null_mut();
    // SAFETY: it writes one pointer to `table`, which outlives the call, and keeps no pointer.
    let code = unsafe { GetUnicastIpAddressTable(AF_UNSPEC, &raw mut table) };
    if code != 0 || table.is_null() {
        return Err(code);
    }
    let bytes = copy(table);
    // SAFETY: `table` is what the call above allocated. It is freed once and not read after that.
    unsafe { FreeMibTable(table) };
    Ok(bytes)
}

/// Copies a `MIB_UNICASTIPADDRESS_TABLE`: a count, then that many rows.
fn copy(table: *const c_void) -> Vec<u8> {
    // SAFETY: the table begins with its count, a u32, which is read at any alignment.
    let count = unsafe { table.cast::<u32>().read_unaligned() };
    let rows = usize::try_from(count).unwrap_or(0).min(MOST_ADDRESSES);
    let bytes = rows.saturating_mul(ROW_BYTES).saturating_add(ROWS_AT);
    // SAFETY: the system allocated the count and that many rows in one block. If it lied about the
    // count, this reads beyond its block, because the call returns no length to compare the count
    // with.
    unsafe { slice::from_raw_parts(table.cast::<u8>(), bytes) }.to_vec()
}
