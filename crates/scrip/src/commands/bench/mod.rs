//! `scrip bench`: what this machine does, side by side in one run.
//!
//! Machines differ and neighbours disturb, so every claim is a ratio of two things measured in turn, round by round;
//! medians are reported, and how far the rounds were apart.

mod child;
mod engine;
mod gateway;
mod http;
mod load;
mod log;
mod machine;
mod reads;
mod report;
mod traffic;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::{Ending, output};
use report::Report;

/// Measure this machine: the log, the engine, HTTP and the gateway, side by side in one run.
#[derive(Args)]
pub struct Bench {
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Rounds of each measurement.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each round.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Events of the log that is replayed and opened.
    #[arg(long, default_value_t = 5_000_000)]
    events: u64,
    /// A PostgreSQL database to build the read models in too.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The folder to work in; it should be on the disk that will serve.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What can be measured alone.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The engine in process, beside the bare log.
    Engine,
    /// The API over HTTP, beside a handler that does nothing.
    Http,
    /// Replay, opening, and memory.
    Log,
    /// The read side: catching up, lag, and questions about the past.
    Reads,
    /// The gateway, beside a bare relay.
    Gateway,
}

/// What every measurement needs to know.
struct Setting {
    folder: PathBuf,
    rounds: usize,
    time: Duration,
    events: u64,
}

impl Bench {
    pub fn run(self) -> anyhow::Result<Ending> {
        output::start_tracing("warn");
        let folder =
            self.data.unwrap_or_else(|| PathBuf::from(format!("scrip-bench-{}", std::process::id())));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let setting = Setting {
            folder: folder.clone(),
            rounds: self.rounds.max(1),
            time: Duration::from_secs(self.seconds.max(1)),
            events: self.events,
        };
        let wanted = |part| self.only.is_empty() || self.only.contains(&part);
        let mut report = Report::new(machine::describe());
        output::line(&report);
        let measured = (|| -> anyhow::Result<()> {
            if wanted(Part::Engine) {
                engine::measure(&setting, &mut report)?;
            }
            if wanted(Part::Http) {
                http::measure(&setting, &mut report)?;
            }
            if wanted(Part::Log) {
                log::measure(&setting, &mut report)?;
            }
            if wanted(Part::Reads) {
                reads::measure(&setting, self.postgres.as_deref(), &mut report)?;
            }
            if wanted(Part::Gateway) {
                gateway::measure(&setting, &mut report)?;
            }
            Ok(())
        })();
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        measured?;
        output::line(format_args!("load at the end: {}", machine::load()));
        if let Some(file) = self.json {
            let json = serde_json::to_vec_pretty(&report)?;
            std::fs::write(&file, json).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(Ending::Done)
    }
}
