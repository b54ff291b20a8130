//! The path of a process that may not be opened. Every user may read it, but it is in the object
//! manager's form (`\Device\HarddiskVolume3\Windows\…`).

use super::kernel::processes::{device_of, native_path};
use super::win32_error::failed;
use crate::error::Error;
use crate::question::Pid;

/// The longest `UNICODE_STRING`, in units.
const UNITS_MAX: usize = 0x7FFF;
/// The names of devices are short. A longer one is skipped.
const DEVICE_UNITS: usize = 512;

// NTSTATUS.
const STATUS_INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();
const STATUS_INVALID_CID: i32 = 0xC000_000B_u32.cast_signed();
const STATUS_ACCESS_DENIED: i32 = 0xC000_0022_u32.cast_signed();
const STATUS_NOT_IMPLEMENTED: i32 = 0xC000_0002_u32.cast_signed();
const STATUS_INVALID_INFO_CLASS: i32 = 0xC000_0003_u32.cast_signed();

/// Returns the path in its usual form. `None`: there is no such process, it has no program, or its
/// program is on a device without a drive letter.
pub fn of(pid: Pid) -> Result<Option<String>, Error> {
    let mut path = vec![0; UNITS_MAX];
    match native_path(pid, &mut path) {
        Ok(units) => {
            let path = String::from_utf16_lossy(path.get(..units).unwrap_or_default());
            Ok(with_drive(&path, drive_devices))
        }
        Err(
            STATUS_INVALID_CID
            | STATUS_INVALID_PARAMETER
            | STATUS_ACCESS_DENIED
            | STATUS_NOT_IMPLEMENTED
            | STATUS_INVALID_INFO_CLASS,
        ) => Ok(None),
        Err(status) => {
            let code = status.cast_unsigned();
            Err(failed("NtQuerySystemInformation", code, &pid.to_string()))
        }
    }
}

/// Returns each drive and its device.
fn drive_devices() -> impl Iterator<Item = (char, String)> {
    let mut target = [0; DEVICE_UNITS];
    (b'A'..=b'Z').filter_map(move |letter| {
        let filled = device_of(letter, &mut target);
        let all = target.get(..filled)?;
        // The first of several names is the current one. Each name ends with a NUL.
        let first = all.split(|unit| *unit == 0).next().filter(|name| !name.is_empty())?;
        Some((char::from(letter), String::from_utf16_lossy(first)))
    })
}

fn with_drive<T: Iterator<Item = (char, String)>>(
    path: &str,
    devices: impl Fn() -> T,
) -> Option<String> {
    if let Some(path) = path.strip_prefix(r"\??\") {
        return Some(path.to_owned());
    }
    if let Some(share) = path.strip_prefix(r"\Device\Mup\") {
        return Some(format!(r"\\{share}"));
    }
    // `HarddiskVolume1` is not a prefix of `HarddiskVolume10\…`.
    let behind = |device: &str| path.strip_prefix(device).filter(|rest| rest.starts_with('\\'));
    devices().find_map(|(letter, device)| Some(format!("{letter}:{}", behind(&device)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> impl Iterator<Item = (char, String)> {
        [('C', r"\Device\HarddiskVolume1"), ('D', r"\Device\HarddiskVolume10")]
            .map(|(letter, device)| (letter, device.to_owned()))
            .into_iter()
    }

    #[test]
    fn a_device_becomes_the_drive_that_it_is() {
        let of = |path| with_drive(path, devices);

        assert_eq!(of(r"\Device\HarddiskVolume1\a\b.exe").as_deref(), Some(r"C:\a\b.exe"));
        assert_eq!(of(r"\Device\HarddiskVolume10\b.exe").as_deref(), Some(r"D:\b.exe"));
        assert_eq!(of(r"\Device\HarddiskVolume2\b.exe"), None);
    }

    #[test]
    fn a_share_and_a_name_of_win32_need_no_drive() {
        let of = |path| with_drive(path, devices);

        assert_eq!(of(r"\Device\Mup\host\share\b.exe").as_deref(), Some(r"\\host\share\b.exe"));
        assert_eq!(of(r"\??\Z:\b.exe").as_deref(), Some(r"Z:\b.exe"));
        assert_eq!(of(""), None);
    }
}
