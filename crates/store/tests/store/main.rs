//! What the store promises: the conformance suite on both backends, crashes and failing disks, damage, and
//! stores of old formats.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's failure is a panic")]
#![expect(clippy::print_stdout, reason = "a test says which seed to play again")]

mod behaviour;
mod conformance;
mod damage;
mod faults;
mod formats;
