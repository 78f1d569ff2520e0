//! The console, in a real browser and by plain HTTP, on the real binary.

mod browser;
mod day;
mod flows;
mod forms;
mod looks;
