//! One file per command.

mod balance;
mod bench;
mod demo;
mod events;
mod export;
mod head;
mod read_models;
mod replay;
mod serve;
mod verify;

use std::path::PathBuf;

use clap::Subcommand;

use crate::Ending;
use crate::data_dir::DataDir;

/// What can be asked of `scrip`.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the API and the gateway.
    Serve(serve::Serve),
    /// Start everything on this machine, play traffic through it, and stay up to be looked at.
    Demo(demo::Demo),
    /// Print events as JSON lines.
    Events(events::Events),
    /// Write the postings of every event: as a journal of plain-text accounting, or as a table.
    Export(export::Export),
    /// Print an account's balance, now or at any past moment.
    Balance(balance::Balance),
    /// Verify every hash and fold every stream; exit 1 with the first damage if there is any.
    Verify(verify::Verify),
    /// Print the position and running hash that an auditor keeps.
    Head(head::Head),
    /// Fold the whole log and print totals and rate.
    Replay(replay::Replay),
    /// Measure this machine: the log, the engine, HTTP and the gateway, side by side in one run.
    Bench(bench::Bench),
}

impl Command {
    pub fn run(self) -> anyhow::Result<Ending> {
        match self {
            Self::Serve(command) => command.run(),
            Self::Demo(command) => command.run(),
            Self::Events(command) => command.run(),
            Self::Export(command) => command.run(),
            Self::Balance(command) => command.run(),
            Self::Verify(command) => command.run(),
            Self::Head(command) => command.run(),
            Self::Replay(command) => command.run(),
            Self::Bench(command) => command.run(),
        }
    }
}

/// Where the data is: for commands that open a log that nobody serves.
#[derive(clap::Args)]
pub struct Data {
    /// The data directory. While a server has it, its log is locked: stop the server, or work on a copy.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
}

impl Data {
    pub fn dir(&self) -> DataDir {
        DataDir::new(&self.data)
    }
}

/// Threads for work that is spread over the processors.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
