//! Questions about processes, for JavaScript: one kind of task for paths, one for whole records.
//!
//! `lib/processes.js` runs one task at a time.

use napi::bindgen_prelude::{AsyncTask, Either3, Null, ToNapiValue, TypeName};
use napi::{Env, Task};
use napi_derive::napi;

use super::task::{Failure, guarded, panic_on_purpose};
use crate::answer::ProcessInfo;
use crate::error::Error;
use crate::platform;
use crate::question::Pid;
use crate::slice::Slice;

/// Looks up the paths of as many of `pids` as fit into one slice, and of at least one. Resolves to
/// one entry each: the path, `null`, or the failure.
#[napi]
pub fn process_paths(pids: &[i32]) -> AsyncTask<Telling<String>> {
    AsyncTask::new(Telling { pids: pids.to_vec(), tell: platform::process_path })
}

/// The same for the whole record of each process.
#[napi]
pub fn process_infos(pids: &[i32]) -> AsyncTask<Telling<Info>> {
    let tell = |pid| platform::process_info(pid).map(|info| info.map(Info::from));
    AsyncTask::new(Telling { pids: pids.to_vec(), tell })
}

/// Looks up one process after the other on a worker thread.
pub struct Telling<V> {
    pids: Vec<Pid>,
    tell: fn(Pid) -> Result<Option<V>, Error>,
}

impl<V: ToNapiValue + TypeName + Send + 'static> Task for Telling<V> {
    type Output = Vec<Either3<V, Null, Failure>>;
    type JsValue = Self::Output;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        guarded(|| {
            let slice = Slice::begin();
            let mut told = Vec::new();
            for &pid in &self.pids {
                panic_on_purpose(pid == Pid::MAX);
                told.push(match (self.tell)(pid) {
                    Ok(Some(value)) => Either3::A(value),
                    Ok(None) => Either3::B(Null),
                    Err(error) => Either3::C(Failure::new(0, error)),
                });
                if slice.is_over() {
                    break;
                }
            }
            told
        })
    }

    fn resolve(&mut self, _: Env, told: Self::Output) -> napi::Result<Self::JsValue> {
        Ok(told)
    }
}

/// What is known about a process, in JavaScript's types; see `ProcessInfo`. `None` becomes `null`.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Info {
    /// The process id.
    pub pid: Pid,
    /// The parent's pid, or 0 for none.
    pub ppid: Pid,
    /// The effective user id.
    pub uid: Option<u32>,
    /// The short name that the kernel keeps.
    pub name: Option<String>,
    /// The program.
    pub path: Option<String>,
    /// The command line.
    pub args: Option<Vec<String>>,
    /// The working directory.
    pub cwd: Option<String>,
    /// When it started, in milliseconds since 1970.
    pub start_ms: Option<i64>,
    /// The control group.
    pub cgroup: Option<String>,
    /// The services that it runs.
    pub services: Option<Vec<String>>,
}

impl From<ProcessInfo> for Info {
    fn from(info: ProcessInfo) -> Self {
        let ProcessInfo { pid, parent, uid, name, path, args, cwd, start_ms, cgroup, services } =
            info;
        let ppid = parent.unwrap_or(0);
        Self { pid, ppid, uid, name, path, args, cwd, start_ms, cgroup, services }
    }
}
