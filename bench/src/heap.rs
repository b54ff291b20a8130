//! An addon that tells how many bytes this process has taken from malloc and not given back: what
//! the product remembers shows there, and V8's own heap does not.

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
    // SAFETY: takes nothing and returns a plain structure.
    let heap = unsafe { libc::mallinfo2() };
    let mut result = std::ptr::null_mut();
    // SAFETY: `env` is the one that called; the result is written before it is read.
    unsafe { napi_create_double(env, (heap.uordblks + heap.hblkhd) as f64, &mut result) };
    result
}

/// The addon is one function.
///
/// # Safety
/// For Node to call, with an environment of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn napi_register_module_v1(env: Handle, _exports: Handle) -> Handle {
    let (name, data, mut result) = (c"bytesInUse", std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the name lives for ever and the callback is a function.
    unsafe {
        let bytes = name.count_bytes();
        napi_create_function(env, name.as_ptr(), bytes, bytes_in_use, data, &mut result);
    }
    result
}
