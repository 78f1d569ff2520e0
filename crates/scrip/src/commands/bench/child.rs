//! A server in a process of its own, so that its processor time can be told from the load generator's.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::machine;

/// A running `scrip serve --dev`. It is ended when this is dropped.
pub struct Server {
    process: Child,
    first_line: Value,
}

impl Server {
    pub fn start(data: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", "--dev", "--bench", "--data"])
            .arg(data)
            .args(arguments)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("the server has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let first_line = serde_json::from_str(&line).context("the server did not start")?;
        Ok(Self { process, first_line })
    }

    /// A text of its first line.
    pub fn text(&self, pointer: &str) -> anyhow::Result<&str> {
        self.first_line.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no {pointer}"))
    }

    /// An address of its first line.
    pub fn address(&self, pointer: &str) -> anyhow::Result<SocketAddr> {
        Ok(self.text(pointer)?.trim_start_matches("http://").parse()?)
    }

    /// Processor time that it has used.
    pub fn cpu(&self) -> Duration {
        machine::cpu_of(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}
