//! FILETIME, Windows' timestamp: units of 100 ns since 1601.

use std::time::{SystemTime, UNIX_EPOCH};

/// The FILETIME of the beginning of 1970.
const UNIX_EPOCH_UNITS: u64 = 116_444_736_000_000_000;
const UNITS_A_MILLISECOND: u64 = 10_000;

/// Returns the current time.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let units = u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX);
    units.saturating_add(UNIX_EPOCH_UNITS)
}

/// Returns milliseconds since 1970. `None`: the time is unknown.
pub fn milliseconds(filetime: u64) -> Option<i64> {
    let units = filetime.checked_sub(UNIX_EPOCH_UNITS)?;
    i64::try_from(units / UNITS_A_MILLISECOND).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filetime_is_told_in_milliseconds_of_unix() {
        assert_eq!(milliseconds(116_444_736_000_000_000), Some(0));
        assert_eq!(milliseconds(133_485_408_001_239_999), Some(1_704_067_200_123));
        assert_eq!([0, 116_444_735_999_999_999].map(milliseconds), [None; 2]);
    }

    #[test]
    fn now_is_after_2024() {
        assert!(milliseconds(now()) > Some(1_704_067_200_000));
    }
}
