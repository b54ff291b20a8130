//! The native surface of `socket-owner`: typed arrays in, numbers and strings out, one task each.
//!
//! JavaScript (`lib/queue.js`) makes one `Lookups` per environment and runs one task of it at a
//! time. Arguments, abort and Error objects are its business; here are only checked integers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::{AsyncTask, External, Int32Array, Uint32Array};
use napi::{Env, Task};
use napi_derive::napi;

mod error;
mod platform;
mod process;
pub mod processes;
mod question;
mod slice;
mod words;

use error::Error;
use platform::Search;
use question::{Answer, FoundBy};
use slice::Slice;
use words::QUESTION_WORDS;

/// The questions of one environment: what is remembered, and the walk under way. Never waited for:
/// JavaScript runs one task at a time, and a second one is refused.
type Lookups = Arc<Mutex<Search>>;

/// Look-ups that remember nothing yet and have nothing open.
#[napi]
pub fn create_lookups() -> External<Lookups> {
    External::new(Lookups::default())
}

/// Takes the questions in `asked` (20 words each, see `words.rs`), drops those in `abandoned`, and
/// works for one slice. Resolves to the answers found in it.
#[napi]
pub fn advance(
    lookups: &External<Lookups>,
    asked: Uint32Array,
    abandoned: Uint32Array,
) -> AsyncTask<Advance> {
    AsyncTask::new(Advance {
        search: Arc::clone(lookups),
        asked: asked.to_vec(),
        abandoned: abandoned.to_vec(),
    })
}

/// One slice of the search on a worker thread.
pub struct Advance {
    search: Lookups,
    asked: Vec<u32>,
    abandoned: Vec<u32>,
}

/// What one slice found.
#[napi(object, object_from_js = false)]
pub struct Advanced {
    /// id, pid, step, id, pid, step …; pid 0 for nobody, step as `FoundBy::number`.
    pub answered: Int32Array,
    /// The questions that could not be looked up.
    pub failed: Vec<Failure>,
}

/// A failure to look, for JavaScript to make an Error of.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The question's; 0 where none was asked by number.
    pub id: u32,
    /// The errno's name.
    pub code: String,
    /// The call that failed.
    pub syscall: String,
    /// What happened and what to do.
    pub message: String,
}

#[napi]
impl Task for Advance {
    type Output = Vec<Answer>;
    type JsValue = Advanced;

    fn compute(&mut self) -> napi::Result<Vec<Answer>> {
        let Ok(mut search) = self.search.try_lock() else {
            return Err(napi::Error::from_reason("a task of these look-ups is under way"));
        };
        guarded(|| look_up(&mut search, &self.asked, &self.abandoned))
    }

    fn resolve(&mut self, _: Env, answers: Vec<Answer>) -> napi::Result<Advanced> {
        let mut answered = Vec::with_capacity(answers.len().saturating_mul(3));
        let mut failed = Vec::new();
        for Answer { id, owner, found_by } in answers {
            match owner {
                Ok(pid) => answered.extend([id.cast_signed(), pid.unwrap_or(0), found_by.number()]),
                Err(error) => failed.push(failure(id, error)),
            }
        }
        Ok(Advanced { answered: Int32Array::new(answered), failed })
    }
}

fn look_up(search: &mut Search, asked: &[u32], abandoned: &[u32]) -> Vec<Answer> {
    let slice = Slice::begin();
    let mut answers = Vec::new();
    abandoned.iter().for_each(|id| search.forget(*id));
    let (questions, _) = asked.as_chunks::<QUESTION_WORDS>();
    for words in questions {
        match words::question(words, platform::interface_index) {
            Ok(Some(question)) => {
                panic_on_purpose(question.wanted == question::Wanted::Listener(65535));
                search.ask(question);
            }
            // No such connection can exist, or it cannot be told.
            other => answers.push(Answer {
                id: words[0],
                owner: other.map(|_| None),
                found_by: FoundBy::Sockets,
            }),
        }
    }
    search.advance(&slice, &mut answers);
    answers
}

fn failure(id: u32, error: Error) -> Failure {
    let Error { code, syscall, message } = error;
    Failure { id, code: code.to_owned(), syscall: syscall.to_owned(), message }
}

/// Runs `work` so that a panic, a bug of ours, becomes a rejection. Unwinding out of a task would
/// abort the host's process.
fn guarded<T>(work: impl FnOnce() -> T) -> napi::Result<T> {
    // The state that a panic leaves half changed is not used again: JavaScript makes a new one.
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| napi::Error::from_reason("a bug in socket-owner: its native part panicked"))
}

#[cfg(feature = "panic-on-purpose")]
#[allow(clippy::panic, reason = "the tests' way to see that a panic is survived")]
fn panic_on_purpose(now: bool) {
    if now {
        panic!("on purpose");
    }
}

#[cfg(not(feature = "panic-on-purpose"))]
fn panic_on_purpose(_: bool) {}
