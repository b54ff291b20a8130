//! Questions about sockets: each comes in as a line of text; one task does one slice of work.
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

/// The questions of one environment: what is remembered, and the walk under way. Never waited for:
/// JavaScript runs one task at a time, and a second one is refused.
type Lookups = Arc<Mutex<Search>>;

/// Lookups that remember nothing yet and have nothing open.
#[napi]
pub fn create_lookups() -> External<Lookups> {
    External::new(Lookups::default())
}

/// Takes `questions` (a line each, see `wire.rs`), drops those in `abandoned`, and works for one
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

/// What the system tells of the Unix-domain socket `fd` of this process: two numbers for a question
/// of the kind `unix`. `null`: it is none, or it is not connected any more. `is_kept`: whether the
/// question will want the socket itself once more.
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

/// What one slice found. Most have no answer of the last three kinds, and what is not there costs nothing
/// to hand over.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Advanced {
    /// id, pid, step, id, pid, step …; pid 0 for nobody, step as `FoundBy` is numbered.
    pub answered: Vec<i32>,
    /// The questions that are answered by a record.
    pub records: Option<Vec<Recorded>>,
    /// The questions that are answered by a list.
    pub lists: Option<Vec<Listed>>,
    /// The questions that could not be looked up.
    pub failed: Option<Vec<Failure>>,
}

/// A question that is answered by a record.
#[napi(object, object_from_js = false)]
pub struct Recorded {
    /// The question's.
    pub id: u32,
    /// As `FoundBy` is numbered.
    pub step: i32,
    /// What is told of the holder.
    pub record: Info,
}

/// A question that is answered by a list.
#[napi(object, object_from_js = false)]
pub struct Listed {
    /// The question's.
    pub id: u32,
    /// As `FoundBy` is numbered.
    pub step: i32,
    /// See `wire.rs`.
    pub rows: Uint32Array,
    /// The names of the interfaces that scopes in `rows` are indices of.
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
            // No such socket can exist, or it cannot be told.
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
