//! The grain of what is summed up: quarters of an hour, which the days of every time zone are made of.

use scrip_ledger::Timestamp;

/// Seconds of a quarter of an hour: every offset from UTC that is in use is so many of them.
pub const QUARTER: i64 = 900;

/// Seconds of a day of UTC.
pub const DAY: i64 = 86_400;

/// When the quarter of an hour of a time began, in seconds since the Unix epoch.
pub fn quarter(time: Timestamp) -> i64 {
    beginning(time, QUARTER)
}

/// When the day of UTC of a time began, in seconds since the Unix epoch.
pub fn day(time: Timestamp) -> i64 {
    beginning(time, DAY)
}

fn beginning(time: Timestamp, length: i64) -> i64 {
    let seconds = time.micros().div_euclid(1_000_000);
    seconds.saturating_sub(seconds.rem_euclid(length))
}
