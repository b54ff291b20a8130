//! One who asks: the same few lines for every test.

use crate::answer::Answer;
use crate::error::Error;
use crate::platform::darwin::Search;
use crate::platform::darwin::fake_libproc::{calls, install};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::{Pid, Question, Wanted};
use crate::slice::Slice;
use crate::socket::End;

pub type Owner = Result<Option<Pid>, Error>;

/// A search and the ids it has used.
#[derive(Default)]
pub struct Asker {
    pub search: Search,
    /// Slices of so many steps; none: one long slice.
    pub steps: Option<u32>,
    last_id: u32,
}

impl Asker {
    pub fn in_world(world: World) -> Self {
        install(world);
        Self::default()
    }

    pub fn ask(&mut self, wanted: Wanted) -> u32 {
        self.last_id += 1;
        self.search.ask(Question::pid(self.last_id, wanted));
        self.last_id
    }

    pub fn advance(&mut self, slice: &Slice) -> Vec<Answer> {
        let mut answers = Vec::new();
        self.search.advance(slice, &mut answers);
        answers
    }

    /// Slice after slice until all waiting questions have an answer, by id.
    pub fn finish(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for _ in 0..100_000 {
            let slice = self.steps.map_or_else(Slice::begin, Slice::of_steps);
            self.search.advance(&slice, &mut answers);
            if self.search.context.waiting.is_empty() {
                answers.sort_by_key(|answer| answer.id);
                return answers;
            }
        }
        panic!("the search does not end");
    }

    /// One question, its one answer.
    pub fn look(&mut self, wanted: Wanted) -> Owner {
        let id = self.ask(wanted);
        let answers = self.finish();
        let [answer] = answers.as_slice() else {
            panic!("one answer, not {answers:?}");
        };
        assert_eq!(answer.id, id);
        answer.owner()
    }

    /// The calls of one question, and its answer.
    pub fn cost(&mut self, wanted: Wanted) -> (Vec<Call>, Owner) {
        calls();
        let owner = self.look(wanted);
        (calls(), owner)
    }
}

/// The connection with these ends, as its own process sees it.
pub fn connection(local: &str, remote: &str) -> Wanted {
    Wanted::Connection { local: end(local), remote: end(remote) }
}

pub fn end(text: &str) -> End {
    let end: std::net::SocketAddr = text.parse().expect("an address with a port");
    let scope = if let std::net::SocketAddr::V6(end) = end { end.scope_id() } else { 0 };
    End::new(end.ip(), scope, end.port())
}
