//! Selects this system's back end, and defines what a back end must do.
//!
//! A back end is a module with
//! - `Search`, with `Default`: everything that is remembered, and the walk in progress. Only one
//!   task at a time owns it, so it holds no lock.
//!   - `ask(question)`: adds a question. It costs nothing; the kernel is asked later.
//!   - `forget(id)`: the answer is no longer wanted. Unknown ids are ignored.
//!   - `advance(slice, answers)`: works until the slice is over or no question is left, and pushes
//!     each answer when it is found. All waiting questions share one walk. If the lookup itself
//!     fails, every waiting question is answered with that error.
//! - `process_path(pid)`: the absolute path of the program that `pid` runs. `None`: no such
//!   process, a zombie, a kernel thread, or one that is hidden from the caller.
//! - `process_info(pid)`: its record. `None`: no such process, or one that has exited.
//! - `interface_index(name)`: `None` if no interface has that name.
//! - `interface_name(index)`: `None` if no interface has that index.
//! - `local_peer(fd, is_kept)`: what is known, immediately and without waiting, about a Unix-domain
//!   socket of this process. `None`: it is not one, or not connected.
//!
//! What every answer must guarantee:
//! - a pid is returned only if, after the question, the kernel matched a socket to it and then
//!   showed that socket in that pid's table;
//! - `None` requires a complete listing and a complete read of every listed table, both begun after
//!   the question;
//! - what is remembered between questions decides only where to look first.
//!
//! A back end must never start a process, panic, wait for a lock, change the process's signals or
//! working directory, or use a descriptor that it did not just open without checking that it is
//! still its own.

#[cfg(any(target_os = "macos", test))]
#[path = "darwin/mod.rs"]
pub mod darwin;

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
pub mod linux;

#[cfg(any(all(target_os = "windows", target_pointer_width = "64"), test))]
#[path = "windows/mod.rs"]
pub mod windows;

#[cfg(not(any(
    target_os = "macos",
    target_os = "linux",
    all(target_os = "windows", target_pointer_width = "64")
)))]
#[path = "unsupported.rs"]
pub mod unsupported;

#[cfg(target_os = "macos")]
use darwin as system;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(any(
    target_os = "macos",
    target_os = "linux",
    all(target_os = "windows", target_pointer_width = "64")
)))]
use unsupported as system;
#[cfg(all(target_os = "windows", target_pointer_width = "64"))]
use windows as system;

pub use system::{Search, interface_index, interface_name, local_peer, process_info, process_path};
