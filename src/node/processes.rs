//! Questions about processes, for JavaScript: one task each for paths and for everything.
//!
//! `lib/processes.js` runs one of them at a time.

use napi::bindgen_prelude::{AsyncTask, Either, Either3, Null};
use napi::{Env, Task};
use napi_derive::napi;

use super::task::{Failure, guarded, or_null, panic_on_purpose};
use crate::answer::ProcessInfo;
use crate::error::Error;
use crate::platform;
use crate::question::Pid;
use crate::slice::Slice;

/// The paths of as many of `pids` as fit into one slice, at least one. Resolves to one entry
/// each: the path, `null`, or the failure to look.
#[napi]
pub fn process_paths(pids: &[i32]) -> AsyncTask<ProcessPaths> {
    AsyncTask::new(ProcessPaths { pids: pids.to_vec() })
}

/// The same for all that is told of a process.
#[napi]
pub fn process_infos(pids: &[i32]) -> AsyncTask<ProcessInfos> {
    AsyncTask::new(ProcessInfos { pids: pids.to_vec() })
}

/// Asks for paths on a worker thread.
pub struct ProcessPaths {
    pids: Vec<Pid>,
}

/// Asks for what is told of processes on a worker thread.
pub struct ProcessInfos {
    pids: Vec<Pid>,
}

/// What is told of a process, in the types of JavaScript; see `ProcessInfo`.
#[napi(object, object_from_js = false)]
pub struct Info {
    /// Its number.
    pub pid: Pid,
    /// 0 for none.
    pub ppid: Pid,
    /// `null`: not told; so in the fields below.
    pub uid: Either<u32, Null>,
    /// The kernel's short name.
    pub name: Either<String, Null>,
    /// The program.
    pub path: Either<String, Null>,
    /// The command line.
    pub args: Either<Vec<String>, Null>,
    /// The working directory.
    pub cwd: Either<String, Null>,
    /// Milliseconds since 1970.
    pub start_ms: Either<i64, Null>,
    /// The control group.
    pub cgroup: Either<String, Null>,
    /// The services.
    pub services: Either<Vec<String>, Null>,
}

impl From<ProcessInfo> for Info {
    fn from(info: ProcessInfo) -> Self {
        Self {
            pid: info.pid,
            ppid: info.parent.unwrap_or(0),
            uid: or_null(info.uid),
            name: or_null(info.name),
            path: or_null(info.path),
            args: or_null(info.args),
            cwd: or_null(info.cwd),
            start_ms: or_null(info.start_ms),
            cgroup: or_null(info.cgroup),
            services: or_null(info.services),
        }
    }
}

type Told<T> = Vec<Result<Option<T>, Error>>;

#[napi]
impl Task for ProcessPaths {
    type Output = Told<String>;
    type JsValue = Vec<Either3<String, Null, Failure>>;

    fn compute(&mut self) -> napi::Result<Told<String>> {
        guarded(|| in_a_slice(&self.pids, platform::process_path))
    }

    fn resolve(&mut self, _: Env, paths: Told<String>) -> napi::Result<Self::JsValue> {
        Ok(paths.into_iter().map(|path| told(path, |path| path)).collect())
    }
}

#[napi]
impl Task for ProcessInfos {
    type Output = Told<ProcessInfo>;
    type JsValue = Vec<Either3<Info, Null, Failure>>;

    fn compute(&mut self) -> napi::Result<Told<ProcessInfo>> {
        guarded(|| in_a_slice(&self.pids, platform::process_info))
    }

    fn resolve(&mut self, _: Env, infos: Told<ProcessInfo>) -> napi::Result<Self::JsValue> {
        Ok(infos.into_iter().map(|info| told(info, Info::from)).collect())
    }
}

fn in_a_slice<T>(pids: &[Pid], tell: impl Fn(Pid) -> Result<Option<T>, Error>) -> Told<T> {
    let slice = Slice::begin();
    let mut told = Vec::new();
    for &pid in pids {
        panic_on_purpose(pid == Pid::MAX);
        told.push(tell(pid));
        if slice.is_over() {
            break;
        }
    }
    told
}

fn told<T, V>(told: Result<Option<T>, Error>, value: impl Fn(T) -> V) -> Either3<V, Null, Failure> {
    match told {
        Ok(Some(told)) => Either3::A(value(told)),
        Ok(None) => Either3::B(Null),
        Err(error) => Either3::C(Failure::new(0, error)),
    }
}
