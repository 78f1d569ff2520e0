//! What the store promises: the conformance suite on both backends, crashes and failing disks, damage, and
//! stores of old formats.
#![expect(clippy::unwrap_used, reason = "a test's failure is a panic")]

mod conformance;
mod faults;
