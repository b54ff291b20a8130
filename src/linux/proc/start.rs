//! When a process started, in wall-clock time.
//!
//! The kernel reports it in ticks since the system started. `btime` in `/proc/stat` is the time of
//! that start, but only in whole seconds, and in a container it may be missing (`subset=pid`) or
//! made up.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::platform::linux::kernel;

/// USER_HZ, the unit of the times that the kernel reports to programs, is 100 on every current
/// architecture.
const NANOSECONDS_PER_TICK: i64 = 10_000_000;
const NANOSECONDS_PER_MS: i64 = 1_000_000;
/// How often both clocks are read to find a moment at which nothing happened in between.
const READINGS: usize = 8;

/// Returns when a process started, in milliseconds since 1970 and exact to one tick. `ticks` is
/// field 22 of its `stat`.
pub fn start_ms(ticks: u64) -> Option<i64> {
    let age = i64::try_from(ticks).ok()?.checked_mul(NANOSECONDS_PER_TICK)?;
    boot()?.checked_add(age)?.checked_div_euclid(NANOSECONDS_PER_MS)
}

/// Returns when the system started. The first result is kept: if the clock is set later, a process
/// that is known by its pid and start must not turn into another one.
fn boot() -> Option<i64> {
    static BOOT: AtomicI64 = AtomicI64::new(0);
    let known = BOOT.load(Ordering::Relaxed);
    if known != 0 {
        return Some(known);
    }
    let read = reckoned()?;
    match BOOT.compare_exchange(0, read, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Some(read),
        Err(first) => Some(first),
    }
}

/// Returns CLOCK_REALTIME minus CLOCK_BOOTTIME, which also counts while the system sleeps, as the
/// ticks do.
fn reckoned() -> Option<i64> {
    let reading = |_| {
        let before = kernel::clock(libc::CLOCK_BOOTTIME).ok()?;
        let wall = kernel::clock(libc::CLOCK_REALTIME).ok()?;
        let between = kernel::clock(libc::CLOCK_BOOTTIME).ok()?.checked_sub(before)?;
        Some((between, wall.checked_sub(before)?.checked_sub(between.checked_div(2)?)?))
    };
    (0..READINGS).filter_map(reading).min().map(|(_, boot)| boot)
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn what_starts_now_has_the_time_of_now() {
        let boot_time = kernel::clock(libc::CLOCK_BOOTTIME).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();

        let start = start_ms((boot_time / NANOSECONDS_PER_TICK).cast_unsigned()).unwrap();

        let late = i64::try_from(now).unwrap() - start;
        assert!((-10..=1000).contains(&late), "{late} ms");
    }

    #[test]
    fn ticks_that_no_clock_has_are_no_time() {
        assert_eq!(start_ms(u64::MAX), None);
        assert_eq!(start_ms(i64::MAX.cast_unsigned()), None);
    }
}
