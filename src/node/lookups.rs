//! Questions about sockets: each arrives as a line of text, and one task works for one slice.
//!
//! `lib/sockets.js` creates one `Lookups` per environment and runs one of its tasks at a time.

use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::{AsyncTask, Either3, External, Null, Uint32Array};
use napi::{Env, Task};
use napi_derive::napi;

use super::processes::Info;
use super::task::{Failure, guarded, panic_on_purpose};
use super::wire;
use crate::answer::{Answer, Found, FoundBy};
use crate::platform::{self, Search};
use crate::question::{Port, Wanted};
use crate::slice::Slice;

/// The questions of one environment: what is remembered, and the walk in progress. The lock is
/// never waited for: JavaScript runs one task at a time, and a second one is refused.
type Lookups = Arc<Mutex<Search>>;

/// Creates lookups that remember nothing and have nothing open.
#[napi]
pub fn create_lookups() -> External<Lookups> {
    External::new(Lookups::default())
}

/// Takes `questions` (one per line, see `wire.rs`), drops those in `abandoned`, and works for one
/// slice. Resolves to the answers found in it.
#[napi]
pub fn advance(
    lookups: &External<Lookups>,
    questions: String,
    abandoned: &[u32],
) -> AsyncTask<Advance> {
    AsyncTask::new(Advance {
        search: Arc::clone(lookups),
        questions,
        abandoned: abandoned.to_vec(),
    })
}

/// Returns what the system says about this process's Unix-domain socket `fd`, as two numbers for a
/// question of the kind `unix`, or `null` if it is not such a socket or no longer connected.
/// `is_kept`: whether the question will need the socket itself later.
#[napi]
pub fn local_peer(fd: i32, is_kept: bool) -> Either3<Vec<u32>, Null, Failure> {
    match platform::local_peer(fd, is_kept) {
        Ok(Some(peer)) => Either3::A(vec![peer.socket, peer.pid.cast_unsigned()]),
        Ok(None) => Either3::B(Null),
        Err(error) => Either3::C(Failure::new(0, error)),
    }
}

/// One slice of the search on a worker thread.
pub struct Advance {
    search: Lookups,
    questions: String,
    abandoned: Vec<u32>,
}

/// What one slice found. Most slices have no answers of the last three kinds, and an absent field
/// costs nothing to hand over.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Advanced {
    /// id, pid, step, id, pid, step …; a pid of 0 means that no process was found, and the steps
    /// are numbered as in `FoundBy`.
    pub answered: Vec<i32>,
    /// The questions that a record answers.
    pub records: Option<Vec<Recorded>>,
    /// The questions that a list answers.
    pub lists: Option<Vec<Listed>>,
    /// The questions whose lookup failed.
    pub failed: Option<Vec<Failure>>,
}

/// A question that a record answers.
#[napi(object, object_from_js = false)]
pub struct Recorded {
    /// The question's id.
    pub id: u32,
    /// Numbered as in `FoundBy`.
    pub step: i32,
    /// What is known about the holder.
    pub record: Info,
}

/// A question that a list answers.
#[napi(object, object_from_js = false)]
pub struct Listed {
    /// The question's id.
    pub id: u32,
    /// Numbered as in `FoundBy`.
    pub step: i32,
    /// In the format that `wire.rs` defines.
    pub rows: Uint32Array,
    /// The names of the interfaces that the scopes in `rows` refer to, by index.
    pub scopes: Vec<String>,
}

#[napi]
impl Task for Advance {
    type Output = Advanced;
    type JsValue = Advanced;

    fn compute(&mut self) -> napi::Result<Advanced> {
        let Ok(mut search) = self.search.try_lock() else {
            return Err(napi::Error::from_reason("a task of these lookups is under way"));
        };
        guarded(|| {
            let mut advanced = Advanced::default();
            let answers = look_up(&mut search, &self.questions, &self.abandoned);
            answers.into_iter().for_each(|answer| advanced.add(answer));
            advanced
        })
    }

    fn resolve(&mut self, _: Env, advanced: Advanced) -> napi::Result<Advanced> {
        Ok(advanced)
    }
}

impl Advanced {
    fn add(&mut self, Answer { id, found, found_by }: Answer) {
        let step = found_by as i32;
        match found {
            Ok(Found::Nobody) => self.answered.extend([id.cast_signed(), 0, step]),
            Ok(Found::Process(pid)) => self.answered.extend([id.cast_signed(), pid, step]),
            Ok(Found::Record(record)) => {
                let record = Info::from(*record);
                self.records.get_or_insert_default().push(Recorded { id, step, record });
            }
            Ok(Found::Sockets(rows)) => {
                let wire::Rows { words, scopes } = wire::rows(&rows, platform::interface_name);
                let rows = Uint32Array::new(words);
                self.lists.get_or_insert_default().push(Listed { id, step, rows, scopes });
            }
            Err(error) => self.failed.get_or_insert_default().push(Failure::new(id, error)),
        }
    }
}

fn look_up(search: &mut Search, questions: &str, abandoned: &[u32]) -> Vec<Answer> {
    let slice = Slice::begin();
    let mut answers = Vec::new();
    for line in questions.lines() {
        let Some((id, rest)) = wire::id(line) else { continue };
        match wire::question(id, rest, platform::interface_index) {
            Ok(Some(question)) => {
                panic_on_purpose(matches!(question.wanted, Wanted::Port(Port { port: 65535, .. })));
                search.ask(question);
            }
            // No such socket can exist, or an interface could not be looked up.
            other => answers.push(Answer {
                id,
                found: other.map(|_| Found::Nobody),
                found_by: FoundBy::Sockets,
            }),
        }
    }
    abandoned.iter().for_each(|id| search.forget(*id));
    search.advance(&slice, &mut answers);
    answers
}
