//! Structures that contain texts, as Windows writes them to a buffer at `base`.

use super::fake_machine::Process;

/// A `UNICODE_STRING` followed by its text.
pub fn command_line(line: &[u16], base: usize) -> Vec<u8> {
    let mut bytes = unicode_string(line.len(), base + 16);
    bytes.extend(units(line));
    bytes.extend([0, 0]);
    bytes
}

/// Entries of 256 bytes with their names, as in the list of all processes.
pub fn process_list(processes: &[Process], base: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (i, process) in processes.iter().enumerate() {
        let name = process.name.encode_utf16().collect::<Vec<_>>();
        let begin = bytes.len();
        let next = 256 + name.len().next_multiple_of(4) * 2;
        let is_last = i + 1 == processes.len();
        let mut entry = vec![0xEE; 256];
        put(&mut entry, 0, &(if is_last { 0 } else { next as u32 }).to_le_bytes());
        put(&mut entry, 32, &process.created.to_le_bytes());
        put(&mut entry, 56, &unicode_string(name.len(), base + begin + 256));
        put(&mut entry, 80, &u64::from(process.pid).to_le_bytes());
        put(&mut entry, 88, &process.parent.to_le_bytes());
        bytes.extend(entry);
        bytes.extend(units(&name));
        bytes.resize(begin + next, 0xEE);
    }
    bytes
}

/// Returns as many entries from `begin` on as fit into `room`, with the texts at the end, then how
/// many entries these are, and how many bytes the rest needs.
pub fn service_list(
    services: &[(&'static str, u32)],
    begin: usize,
    base: usize,
    room: usize,
) -> (Vec<u8>, usize, usize) {
    let size = |(name, _): &(&str, u32)| 56 + (name.len() + 1) * 2;
    let (mut bytes, mut texts, mut count) = (vec![0; room], room, 0);
    for (name, pid) in &services[begin..] {
        let text = units(&name.encode_utf16().chain([0]).collect::<Vec<_>>());
        if (count + 1) * 56 + text.len() > texts {
            break;
        }
        texts -= text.len();
        put(&mut bytes, texts, &text);
        put(&mut bytes, count * 56, &((base + texts) as u64).to_le_bytes());
        put(&mut bytes, count * 56 + 44, &pid.to_le_bytes());
        count += 1;
    }
    let left = services[begin + count..].iter().map(size).sum();
    (bytes, count, left)
}

fn unicode_string(length: usize, address: usize) -> Vec<u8> {
    let mut bytes = ((length * 2) as u16).to_le_bytes().to_vec();
    bytes.extend(((length * 2 + 2) as u16).to_le_bytes());
    bytes.extend([0xEE; 4]);
    bytes.extend((address as u64).to_le_bytes());
    bytes
}

fn units(text: &[u16]) -> Vec<u8> {
    text.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    bytes[at..at + what.len()].copy_from_slice(what);
}
