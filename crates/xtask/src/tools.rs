//! Programs that the tests need, and running them.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Prints a line on standard error.
pub fn say(text: impl std::fmt::Display) {
    let _gone = writeln!(std::io::stderr().lock(), "{text}");
}

/// Runs a command that must succeed, and says what it runs.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    let name = command.get_program().to_string_lossy().rsplit('/').next().unwrap_or("").to_owned();
    let text = format!("{name} {}", arguments.join(" "));
    say(format_args!("$ {text}"));
    let status = command.status().with_context(|| format!("cannot run {text}"))?;
    if status.success() { Ok(()) } else { bail!("{text}: {status}") }
}

/// Finds a program, or installs its Debian package when that can be done, or says what to install.
pub fn need(program: &str, package: &str, why: &str) -> anyhow::Result<()> {
    if is_there(program) {
        return Ok(());
    }
    install(package)?;
    if is_there(program) {
        Ok(())
    } else {
        bail!("{program} is needed for {why}: install the package {package}")
    }
}

/// Installs a Debian package, where that can be done.
pub fn install(package: &str) -> anyhow::Result<()> {
    if is_root() && is_there("apt-get") {
        // Lists may be old or missing; an update that fails shows in the installation.
        let _lists = run(Command::new("apt-get").args(["update", "-q"]));
        run(Command::new("apt-get").args(["install", "-y", "-q", "--no-install-recommends", package]))?;
    }
    Ok(())
}

/// Whether this runs as root.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", "command -v \"$0\"", program]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}
