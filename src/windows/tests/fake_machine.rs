//! The machine behind `fake_windows.rs`: its sockets, its processes, and what goes wrong when.

use std::collections::{HashMap, VecDeque};

use super::rows::Family;

/// A call that was made, by the name of its function; tables with their family.
pub type Call = String;

/// What happens just before a call.
type Event = Box<dyn FnOnce(&mut Machine)>;

/// All that the fake functions know.
#[derive(Default)]
pub struct Machine {
    /// Each table's rows.
    pub tables: HashMap<Family, Vec<Vec<u8>>>,
    /// What a table's function returns before it works: 122 says "too small" whatever the size.
    pub codes: HashMap<Family, VecDeque<u32>>,
    /// The processes; the first one of a number counts.
    pub processes: Vec<Process>,
    /// What `OpenProcess` fails with for these pids, whatever they are.
    pub open_errors: HashMap<u32, u32>,
    /// The handles that are open, each with the place of its process at that moment.
    pub handles: HashMap<isize, Process>,
    /// The drives and what the object manager calls them.
    pub drives: Vec<(char, &'static str)>,
    /// The services: name and pid.
    pub services: Vec<(&'static str, u32)>,
    /// Whether the service manager lets this process ask.
    pub services_refused: bool,
    /// What the first calls for services fail with.
    pub service_codes: VecDeque<u32>,
    /// This machine's addresses, as rows of `GetUnicastIpAddressTable`.
    pub addresses: Vec<Vec<u8>>,
    /// What that function fails with; 0: it works.
    pub addresses_code: u32,
    /// What `NtQuerySystemInformation` fails with for the list of processes.
    pub list_status: VecDeque<i32>,
    /// The calls that were made.
    pub calls: Vec<Call>,
    /// What happens before the call of that number, counted from the fake's installation.
    pub events: HashMap<usize, Event>,
    /// `GetLastError`.
    pub last_error: u32,
    /// Calls since the installation.
    pub count: usize,
    /// The last handle that was given.
    pub last_handle: isize,
}

/// One process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// A multiple of four.
    pub pid: u32,
    /// FILETIMEs.
    pub created: u64,
    /// 0: it lives. One with a time here is held open by somebody.
    pub exited: u64,
    /// Its creator's pid.
    pub parent: u64,
    /// Its program; `None`: one of the system's own.
    pub path: Option<Vec<u16>>,
    /// The same as the object manager names it.
    pub native_path: Option<&'static str>,
    /// The name in the list of all processes.
    pub name: &'static str,
    /// `None`: the system does not know that class of information.
    pub command_line: Option<Vec<u16>>,
    /// Whether it may not be opened.
    pub is_refused: bool,
}

impl Process {
    /// An ordinary one.
    pub fn new(pid: u32, created: u64) -> Self {
        Self {
            pid,
            created,
            path: Some(r"C:\app\app.exe".encode_utf16().collect()),
            native_path: Some(r"\Device\HarddiskVolume3\app\app.exe"),
            name: "app.exe",
            command_line: Some("app.exe --port 80".encode_utf16().collect()),
            ..Self::default()
        }
    }

    /// The same, which may not be opened.
    pub fn refused(pid: u32, created: u64) -> Self {
        Self { is_refused: true, ..Self::new(pid, created) }
    }
}

impl Machine {
    /// An empty one.
    pub fn new() -> Self {
        Self { drives: vec![('C', r"\Device\HarddiskVolume3")], ..Self::default() }
    }

    /// Adds a row.
    pub fn with(mut self, (family, row): (Family, Vec<u8>)) -> Self {
        self.tables.entry(family).or_default().push(row);
        self
    }

    /// Adds a process.
    pub fn and(mut self, process: Process) -> Self {
        self.processes.push(process);
        self
    }

    /// Lets the number of `process` become its own, as if the one before had exited.
    pub fn reuse(&mut self, process: Process) {
        self.processes.retain(|other| other.pid != process.pid);
        self.processes.push(process);
    }

    /// Notes a call, and lets happen what is due before it.
    pub fn note(&mut self, call: impl Into<Call>) {
        if let Some(event) = self.events.remove(&self.count) {
            event(self);
        }
        self.count += 1;
        self.calls.push(call.into());
    }

    /// How often a call was made.
    pub fn count_of(&self, call: &str) -> usize {
        self.calls.iter().filter(|made| *made == call).count()
    }

    /// The process that `OpenProcess` finds: it ignores the lowest two bits.
    pub fn process(&self, pid: u32) -> Option<&Process> {
        self.processes.iter().find(|process| process.pid == pid & !3)
    }
}
