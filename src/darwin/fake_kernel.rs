//! What the scripted kernel answers: bytes or an errno, for each call that is used here.
//!
//! It does what `bsd/kern/proc_info.c`, `kern_sysctl.c` and `uipc_usrreq.c` of XNU do, check by
//! check and in the same order. Its offsets and numbers come from the SDK's headers and are written
//! out here. They are never taken from `layout.rs`, `process_layout.rs` or `libproc.rs`, which this
//! file exists to check.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

use std::ffi::{CStr, c_int};

use super::fake_world::{Call, Descriptor, Process, World};
use super::kernel::Fd;
use crate::question::Pid;

/// ARG_MAX plus the argument count in front. A larger buffer is refused.
const PROCARGS_BYTES_MAX: usize = 1_048_580;

type Told = Result<Vec<u8>, c_int>;

impl World {
    /// Notes a call, after running the events that are due before it.
    pub fn enter(&mut self, call: Call) {
        let now = self.calls.len();
        let events = std::mem::take(&mut self.events);
        let (due, rest) = events.into_iter().partition::<Vec<_>, _>(|(when, _)| *when <= now);
        self.events = rest;
        due.into_iter().for_each(|(_, event)| event(self));
        self.calls.push(call);
    }

    /// Makes room for the answer before the processes are counted, as the kernel does.
    pub fn pids(&mut self, kind: u32, of: u32) -> Vec<u8> {
        let room = self.processes.len() + self.zombies.len() + 20;
        if let Some((count, uid)) = self.births.pop_front() {
            (0..count).for_each(|_| self.start_any(uid));
        }
        let live = self.processes.iter().map(|process| (process.pid, process.uid));
        let all =
            live.chain([(0, 0)]).chain(self.zombies.iter().map(|zombie| (zombie.pid, zombie.uid)));
        let pids = all.filter(|(_, uid)| kind == 1 || (kind == 4 && *uid == of)).take(room);
        pids.flat_map(|(pid, _)| pid.to_ne_bytes()).collect()
    }

    pub fn fds(&mut self, pid: Pid, room: usize) -> Told {
        if self.fill.contains(&Call::ListFds(pid)) {
            return Ok(vec![0; room]);
        }
        let entry = |(fd, descriptor): (&Fd, &Descriptor)| {
            let kind: u32 = if matches!(descriptor, Descriptor::File) { 1 } else { 2 };
            [fd.to_ne_bytes(), kind.to_ne_bytes()].concat()
        };
        Ok(self.visible(pid)?.fds.iter().take(room / 8).flat_map(entry).collect())
    }

    pub fn bsd_info(&mut self, pid: Pid, room: usize) -> Told {
        enough(room, 136)?;
        let process = self.visible(pid)?;
        let mut info = vec![0xAA; 136];
        put(&mut info, 12, &pid.to_ne_bytes());
        put(&mut info, 16, &process.parent.to_ne_bytes());
        put(&mut info, 20, &process.uid.to_ne_bytes());
        put(&mut info, 48, &name::<16>(process));
        put(&mut info, 64, &name::<32>(process));
        put(&mut info, 120, &process.started.0.to_ne_bytes());
        put(&mut info, 128, &process.started.1.to_ne_bytes());
        Ok(info)
    }

    pub fn short_info(&mut self, pid: Pid, room: usize) -> Told {
        enough(room, 64)?;
        let process = self.alive(pid)?;
        let mut info = vec![0xAA; 64];
        put(&mut info, 0, &pid.to_ne_bytes());
        put(&mut info, 4, &process.parent.to_ne_bytes());
        put(&mut info, 16, &name::<16>(process));
        put(&mut info, 36, &process.uid.to_ne_bytes());
        Ok(info)
    }

    pub fn vnode_info(&mut self, pid: Pid, room: usize) -> Told {
        enough(room, 2352)?;
        let process = self.visible(pid)?;
        let mut info = vec![0xAA; 2352];
        put(&mut info, 152, &[process.cwd.as_slice(), b"\0"].concat());
        put(&mut info, 1328, b"/a root of its own\0");
        Ok(info)
    }

    pub fn socket_info(&mut self, pid: Pid, fd: Fd, room: usize) -> Told {
        enough(room, self.struct_bytes)?;
        match self.visible(pid)?.fds.get(&fd) {
            None => Err(9),
            Some(Descriptor::File) => Err(38),
            Some(Descriptor::Socket(so)) => {
                let info = self.socket_bytes(*so);
                Ok(info.get(..self.struct_bytes).unwrap_or(&info).to_vec())
            }
        }
    }

    /// Writes the whole buffer.
    pub fn path(&mut self, pid: Pid, room: usize) -> Told {
        match room {
            0..1024 => Err(12),
            4097.. => Err(84),
            _ => {
                let mut path = self.paths.get(&pid).cloned().ok_or(3)?;
                path.resize(room, 0);
                Ok(path)
            }
        }
    }

    /// `kern.proc.pid`: works for any user's process, including zombies. For a pid that no process
    /// has, it succeeds with no bytes.
    pub fn kinfo_proc(&mut self, pid: Pid, room: usize) -> Told {
        let live = self.processes.iter().find(|process| process.pid == pid);
        let zombie = || self.zombies.iter().find(|zombie| zombie.pid == pid);
        let started = live.map(|live| live.started).or_else(|| Some(zombie()?.started));
        let Some((seconds, microseconds)) = started.filter(|_| !self.hides_starts) else {
            return Ok(Vec::new());
        };
        enough(room, 648)?;
        let mut info = vec![0xAA; 648];
        put(&mut info, 0, &seconds.to_ne_bytes());
        put(&mut info, 8, &i32::try_from(microseconds).expect("a small number").to_ne_bytes());
        put(&mut info, 40, &pid.to_ne_bytes());
        Ok(info)
    }

    /// `KERN_PROCARGS2`: every refusal is EINVAL. A buffer that is too small receives the end of
    /// the strings.
    pub fn procargs(&mut self, pid: Pid, room: usize) -> Told {
        let process = self.visible(pid).map_err(|_| 22)?;
        if !(4..=PROCARGS_BYTES_MAX).contains(&room) {
            return Err(22);
        }
        let strings = process.strings.clone().unwrap_or_else(|| {
            let mut strings = self.paths.get(&pid).cloned().unwrap_or_default();
            strings.resize((strings.len() + 1).next_multiple_of(8), 0);
            let all = process.args.iter().chain(&process.environment);
            strings.extend(all.flat_map(|each| [each.as_slice(), b"\0"].concat()));
            strings
        });
        let end = strings.len().saturating_sub(room - 4);
        let count = i32::try_from(process.args.len()).expect("a small number");
        Ok([count.to_ne_bytes().as_slice(), &strings[end..]].concat())
    }

    /// `LOCAL_PEERPID` of a descriptor of this process.
    pub fn peer_pid(&mut self, fd: Fd) -> Told {
        let pid = self.peers.get(&fd).copied().unwrap_or(Err(38))?;
        Ok(pid.to_ne_bytes().to_vec())
    }

    pub fn interface_index(&self, name: &CStr) -> Result<u32, c_int> {
        let name = name.to_str().map_err(|_| 6)?;
        self.interfaces.get(name).copied().unwrap_or(Err(6))
    }

    pub fn interface_name(&self, index: u32) -> Option<&'static str> {
        self.interfaces.iter().find(|(_, each)| **each == Ok(index)).map(|(name, _)| *name)
    }

    /// Returns a live process that the caller may inspect: `proc_find`, then the same-user check.
    fn visible(&self, pid: Pid) -> Result<&Process, c_int> {
        let process = self.alive(pid)?;
        if self.euid == 0 || process.uid == self.euid { Ok(process) } else { Err(1) }
    }

    fn alive(&self, pid: Pid) -> Result<&Process, c_int> {
        self.processes.iter().find(|process| process.pid == pid).ok_or(3)
    }

    fn socket_bytes(&self, so: u64) -> [u8; 792] {
        let socket = self.sockets.get(&so).expect("a socket");
        let mut info = [0; 792];
        let shared = u32::from(self.is_shared(so));
        put(&mut info, 4, &(shared | 2).to_ne_bytes());
        put(&mut info, 16, &socket.kind_of_file.to_ne_bytes());
        put(&mut info, 160, &so.to_ne_bytes());
        put(&mut info, 176, &socket.socket_type.to_ne_bytes());
        put(&mut info, 180, &socket.protocol.to_ne_bytes());
        put(&mut info, 184, &socket.family.to_ne_bytes());
        put(&mut info, 256, &socket.kind.to_ne_bytes());
        put(&mut info, 264, &socket.remote.1.to_ne_bytes());
        put(&mut info, 268, &socket.local.1.to_ne_bytes());
        put(&mut info, 272, &socket.generation.to_ne_bytes());
        put(&mut info, 288, &[socket.vflag]);
        put(&mut info, 296, &socket.remote.0);
        put(&mut info, 312, &socket.local.0);
        put(&mut info, 344, &socket.state.to_ne_bytes());
        info
    }
}

fn enough(room: usize, bytes: usize) -> Result<(), c_int> {
    if room < bytes { Err(12) } else { Ok(()) }
}

/// Returns the process's name, truncated so that it ends with a NUL.
fn name<const N: usize>(process: &Process) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(process.name.iter().take(N - 1)).for_each(|(to, from)| *to = *from);
    bytes
}

fn put(info: &mut [u8], offset: usize, bytes: &[u8]) {
    info[offset..offset + bytes.len()].copy_from_slice(bytes);
}
