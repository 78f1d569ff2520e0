//! What crosses rooms, in one binary: a folder a kind of test.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

mod api;
mod cli;
mod console;
mod crash;
mod engine;
mod gateway;
mod house;
mod projections;
mod properties;
mod reports;
mod rules;
mod scenarios;
mod terms;
