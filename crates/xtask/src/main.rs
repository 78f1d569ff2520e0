//! `cargo xtask`: what has to be run, in one word each.

mod postgres;
mod tools;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};

use crate::postgres::Postgres;

/// What has to be run, in one word each.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check and every test, with all they need.
    Test {
        /// Only the tests whose names hold this.
        #[arg(default_value = "")]
        filter: String,
    },
    /// Check format and lints.
    Lint,
    /// Kill the real process at random moments under load, and hurt the simulated disk at length.
    Crash {
        /// Times that the process is killed.
        #[arg(long, default_value_t = 50)]
        rounds: u32,
        /// Seeded runs of the simulated disk.
        #[arg(long, default_value_t = 10_000)]
        faults: u32,
    },
    /// Write anew what is generated: the schemas, and the page that shows which test keeps which clause.
    Schemas,
}

fn main() -> ExitCode {
    match run(Xtask::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tools::say(format_args!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Test { filter } => {
            if filter.is_empty() {
                lint()?;
            }
            test(&[filter.as_str()], &[])
        }
        Task::Lint => lint(),
        Task::Crash { rounds, faults } => {
            let rounds = rounds.to_string();
            test(&["crash"], &[("SCRIP_CRASH_ROUNDS", &rounds)])?;
            let runs = faults.to_string();
            let mut faults = cargo(&["test", "--locked", "-p", "scrip-store", "fault"]);
            tools::run(faults.env("SCRIP_FAULT_RUNS", &runs))
        }
        Task::Schemas => test(&["schemas", "coverage"], &[("SCRIP_BLESS", "1")]),
    }
}

fn lint() -> anyhow::Result<()> {
    tools::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    tools::run(&mut cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

/// The binary first, since tests run the real one; then every test of every crate, beside a PostgreSQL of their own.
fn test(filters: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<()> {
    tools::need("chromium", "chromium", "the browser that opens the console")?;
    tools::need("chromedriver", "chromium-driver", "the browser to be driven")?;
    tools::need("python3", "python3", "the script by which an auditor verifies a store")?;
    tools::need("hledger", "hledger", "checking exported journals")?;
    tools::need("bean-check", "beancount", "checking exported journals")?;
    tools::run(&mut cargo(&["build", "--locked", "-p", "scrip"]))?;
    let binary = target_folder()?.join("debug").join("scrip");
    if !binary.is_file() {
        bail!("{} was not built", binary.display());
    }
    let mut tests = cargo(&["test", "--locked", "--workspace"]);
    tests.arg("--").args(filters);
    tests.env("SCRIP_BIN", binary).envs(variables.iter().copied());
    // Whoever names a server means that one; otherwise the tests get one of their own, for as long as they run.
    let own = if std::env::var_os(postgres::URL).is_some() { None } else { Some(Postgres::start()?) };
    tests.envs(own.iter().map(|server| (postgres::URL, server.url())));
    tools::run(&mut tests)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

fn target_folder() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        return Ok(folder.into());
    }
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let workspace = workspace.ancestors().nth(2).context("xtask is not in a workspace")?;
    Ok(workspace.join("target"))
}
