//! An addon that reports how many bytes this process has allocated with malloc and not freed. That
//! includes what the product remembers, but not V8's own heap.

use std::ffi::{c_char, c_int, c_void};

type Handle = *mut c_void;
type Callback = extern "C" fn(Handle, Handle) -> Handle;

unsafe extern "C" {
    fn napi_create_double(env: Handle, value: f64, result: *mut Handle) -> c_int;
    fn napi_create_function(
        env: Handle,
        name: *const c_char,
        name_bytes: usize,
        callback: Callback,
        data: *mut c_void,
        result: *mut Handle,
    ) -> c_int;
}

extern "C" fn bytes_in_use(env: Handle, _info: Handle) -> Handle {
    // SAFETY: the call takes no argument and returns a plain structure.
    let heap = unsafe { libc::mallinfo2() };
    let mut result = std::ptr::null_mut();
    // SAFETY: `env` is the caller's; `result` is written before it is read.
    unsafe { napi_create_double(env, (heap.uordblks + heap.hblkhd) as f64, &mut result) };
    result
}

/// Registers the addon's only function.
///
/// # Safety
/// Only for Node to call, with one of its environments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn napi_register_module_v1(env: Handle, _exports: Handle) -> Handle {
    let (name, data, mut result) = (c"bytesInUse", std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the name is static, and the callback has the type that Node expects.
    unsafe {
        let bytes = name.count_bytes();
        napi_create_function(env, name.as_ptr(), bytes, bytes_in_use, data, &mut result);
    }
    result
}
