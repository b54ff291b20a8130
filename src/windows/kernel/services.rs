//! The service manager, in advapi32, which is loaded only when services are first requested.

use std::mem::transmute;
use std::ptr;

use super::imports::{GetLastError, GetProcAddress, Handle, LoadLibraryExW, Procedure};

/// The service manager, held open.
pub struct Manager {
    handle: Handle,
    functions: Functions,
}

/// What one call returned.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// How many entries are at the front of the buffer.
    pub entries: u32,
    /// 0: that was all; 234 (ERROR_MORE_DATA): there are more; anything else is a failure.
    pub code: u32,
    /// How many bytes the remaining entries need.
    pub needed: u32,
}

type OpenManager = unsafe extern "system" fn(*const u16, *const u16, u32) -> Handle;
type Enumerate = unsafe extern "system" fn(
    Handle,
    u32,
    u32,
    u32,
    *mut u8,
    u32,
    *mut u32,
    *mut u32,
    *mut u32,
    *const u16,
) -> i32;
type Close = unsafe extern "system" fn(Handle) -> i32;

#[derive(Clone, Copy)]
struct Functions {
    open: OpenManager,
    enumerate: Enumerate,
    close: Close,
}

/// Loads only from the system's own folder, whatever is in the program's folder.
const LOAD_LIBRARY_SEARCH_SYSTEM32: u32 = 0x800;
// <winsvc.h>.
const SC_MANAGER_ENUMERATE_SERVICE: u32 = 4;
const SC_ENUM_PROCESS_INFO: u32 = 0;
const SERVICE_WIN32: u32 = 0x30;
const SERVICE_ACTIVE: u32 = 1;

impl Manager {
    /// `OpenSCManagerW`. `None`: this process may not ask, or the library is missing.
    pub fn open() -> Option<Self> {
        let functions = load()?;
        let open = functions.open;
        // SAFETY: two null pointers mean this machine and its only database. The call returns a
        // handle of our own.
        match unsafe { open(ptr::null(), ptr::null(), SC_MANAGER_ENUMERATE_SERVICE) } {
            0 => None,
            handle => Some(Self { handle, functions }),
        }
    }

    /// `EnumServicesStatusExW`: writes running services to the front of `buffer`, starting at
    /// `resume`, which is 0 at first. The call sets `resume` to where the next call continues.
    pub fn enumerate(&self, buffer: &mut [u8], resume: &mut u32) -> Told {
        let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let (place, enumerate) = (buffer.as_mut_ptr(), self.functions.enumerate);
        let (mut needed, mut entries) = (0, 0);
        // SAFETY: it writes at most `length` bytes to `place` and four to each of the three
        // numbers, all of which are ours and live until it returns; null is the group of all
        // services. The pointers among what it writes are compared with `place`, never followed.
        let done = unsafe {
            enumerate(
                self.handle,
                SC_ENUM_PROCESS_INFO,
                SERVICE_WIN32,
                SERVICE_ACTIVE,
                place,
                length,
                &raw mut needed,
                &raw mut entries,
                resume,
                ptr::null(),
            )
        };
        let code = if done == 0 { last_error() } else { 0 };
        Told { entries, code, needed }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let close = self.functions.close;
        // SAFETY: this value owns the handle, which is not used after this.
        unsafe { close(self.handle) };
    }
}

fn load() -> Option<Functions> {
    const NAME: &[u8; 13] = b"advapi32.dll\0";
    let name = NAME.map(u16::from);
    // SAFETY: it reads `name` up to its NUL. The library is part of Windows and stays loaded, so
    // its functions keep their addresses.
    let module = unsafe { LoadLibraryExW(name.as_ptr(), 0, LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if module == 0 {
        return None;
    }
    let open = find(module, c"OpenSCManagerW".to_bytes_with_nul())?;
    let enumerate = find(module, c"EnumServicesStatusExW".to_bytes_with_nul())?;
    let close = find(module, c"CloseServiceHandle".to_bytes_with_nul())?;
    Some(Functions {
        // SAFETY: <winsvc.h> declares this type. 64-bit Windows has only one calling convention.
        open: unsafe { transmute::<Procedure, OpenManager>(open) },
        // SAFETY: as above.
        enumerate: unsafe { transmute::<Procedure, Enumerate>(enumerate) },
        // SAFETY: as above.
        close: unsafe { transmute::<Procedure, Close>(close) },
    })
}

fn find(module: Handle, name: &[u8]) -> Option<Procedure> {
    // SAFETY: it reads `name` up to its NUL, which the callers' literals have.
    unsafe { GetProcAddress(module, name.as_ptr()) }
}

fn last_error() -> u32 {
    // SAFETY: it takes nothing and reads a number that belongs to this thread.
    unsafe { GetLastError() }
}
