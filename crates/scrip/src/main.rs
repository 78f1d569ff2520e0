//! `scrip`: the credit ledger of a service that resells AI calls, in one binary.
//!
//! Exit codes: 0 done, 1 a finding, 2 wrong usage, 3 something cannot be reached or opened.

mod client;
mod commands;
mod data_dir;
mod dev;
mod output;
mod progress;
mod stack;

use std::process::ExitCode;

use clap::Parser;

use commands::Command;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The credit ledger of a service that resells AI calls for prepaid credits.
#[derive(Parser)]
#[command(name = "scrip", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It did what it was asked.
    Done,
    /// It found something that is not as it must be.
    Finding,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.run() {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Finding) => ExitCode::from(1),
        Err(error) => {
            output::error(&error);
            ExitCode::from(if error.is::<WrongUsage>() { 2 } else { 3 })
        }
    }
}

/// What was asked for can never be had, wherever it is asked.
#[derive(Debug)]
struct WrongUsage(&'static str);

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for WrongUsage {}
