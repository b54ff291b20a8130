//! The machine behind `fake_windows.rs`: its sockets, its processes, and which calls fail.

use std::collections::{HashMap, VecDeque};

use super::rows::Family;

/// A call that was made: the name of its function and, for tables, the family.
pub type Call = String;

/// Runs just before a call.
type Event = Box<dyn FnOnce(&mut Machine)>;

/// Everything that the fake functions know.
#[derive(Default)]
pub struct Machine {
    /// Each table's rows.
    pub tables: HashMap<Family, Vec<Vec<u8>>>,
    /// What a table's function returns before it works. 122 means "too small", whatever the size.
    pub codes: HashMap<Family, VecDeque<u32>>,
    /// The processes. The first one with a pid counts.
    pub processes: Vec<Process>,
    /// The error with which `OpenProcess` fails for these pids, whatever they are.
    pub open_errors: HashMap<u32, u32>,
    /// The open handles, each with its process as it was at that moment.
    pub handles: HashMap<isize, Process>,
    /// The drives, and their names in the object manager.
    pub drives: Vec<(char, &'static str)>,
    /// The services: name and pid.
    pub services: Vec<(&'static str, u32)>,
    /// Whether the service manager lets this process ask.
    pub services_refused: bool,
    /// The errors with which the first calls for services fail.
    pub service_codes: VecDeque<u32>,
    /// This machine's addresses, as rows of `GetUnicastIpAddressTable`.
    pub addresses: Vec<Vec<u8>>,
    /// The error with which that function fails. 0: it works.
    pub addresses_code: u32,
    /// The statuses with which `NtQuerySystemInformation` fails for the list of processes.
    pub list_status: VecDeque<i32>,
    /// The calls that were made.
    pub calls: Vec<Call>,
    /// What happens before the call with that number, counted from the installation of this
    /// machine.
    pub events: HashMap<usize, Event>,
    /// What `GetLastError` returns.
    pub last_error: u32,
    /// How many calls were made since the installation.
    pub count: usize,
    /// The last handle that was returned.
    pub last_handle: isize,
}

/// One process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// A multiple of four.
    pub pid: u32,
    /// FILETIMEs.
    pub created: u64,
    /// 0: it is alive. A process with a time here has exited, but is held open.
    pub exited: u64,
    /// Its creator's pid.
    pub parent: u64,
    /// Its program. `None`: one of the system's own processes.
    pub path: Option<Vec<u16>>,
    /// The same in the object manager's form.
    pub native_path: Option<&'static str>,
    /// The name in the list of all processes.
    pub name: &'static str,
    /// `None`: the system does not know that class of information.
    pub command_line: Option<Vec<u16>>,
    /// Whether it may not be opened.
    pub is_refused: bool,
}

impl Process {
    /// An ordinary process.
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

    /// The same, but it may not be opened.
    pub fn refused(pid: u32, created: u64) -> Self {
        Self { is_refused: true, ..Self::new(pid, created) }
    }
}

impl Machine {
    /// An empty machine.
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

    /// Gives its pid to `process`, as if the process that had it before had exited.
    pub fn reuse(&mut self, process: Process) {
        self.processes.retain(|other| other.pid != process.pid);
        self.processes.push(process);
    }

    /// Notes a call, after running the event that is due before it.
    pub fn note(&mut self, call: impl Into<Call>) {
        if let Some(event) = self.events.remove(&self.count) {
            event(self);
        }
        self.count += 1;
        self.calls.push(call.into());
    }

    /// Returns how often a call was made.
    pub fn count_of(&self, call: &str) -> usize {
        self.calls.iter().filter(|made| *made == call).count()
    }

    /// Returns the process that `OpenProcess` finds: it ignores the lowest two bits.
    pub fn process(&self, pid: u32) -> Option<&Process> {
        self.processes.iter().find(|process| process.pid == pid & !3)
    }
}
