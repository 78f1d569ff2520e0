//! A PostgreSQL of the tests' own: in a temporary folder, reached by a socket in it, and ended with the tests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::tools;

/// Where the tests find the URL of a server in which they may make databases.
pub const URL: &str = "SCRIP_TEST_POSTGRES_URL";
/// Where Debian keeps the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Who the server runs as where these are root's tests: it refuses to be root.
const UNPRIVILEGED: [&str; 3] = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"];
/// By default text is ordered as people in America do, not by its bytes: what depends on that shows.
const ORDER: [&str; 3] = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"];
/// How long it may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked whether it has started, or stopped.
const PAUSE: Duration = Duration::from_millis(50);
/// How it is asked, but for where.
const READY: [&str; 6] = ["-q", "-U", "scrip", "-d", "postgres", "-h"];
/// Nothing of it has to outlive a crash: no sync, small and quick.
const SETTINGS: [&str; 6] = [
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "log_min_messages=fatal",
];

/// A server that this process started. Dropped, it is stopped and its folder removed.
pub struct Postgres {
    server: Child,
    folder: TempDir,
}

impl Postgres {
    /// Finds or installs PostgreSQL and starts a server that nobody else knows.
    pub fn start() -> anyhow::Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("scrip-postgres-").tempdir()?;
        if tools::is_root() {
            tools::run(Command::new("chown").arg("nobody:nogroup").arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb.args(["--username=scrip", "--auth=trust", "--encoding=UTF8", "--no-sync"]).args(ORDER);
        tools::run(initdb.arg("--pgdata").arg(&data).stdout(Stdio::null()))?;
        let mut server = unprivileged(&programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(folder.path());
        for setting in SETTINGS {
            server.args(["-c", setting]);
        }
        tools::say(format_args!("$ postgres -D {}", data.display()));
        let server = server.stdin(Stdio::null()).spawn().context("cannot start postgres")?;
        let mut started = Self { server, folder };
        started.wait(&programs)?;
        Ok(started)
    }

    /// Where to reach it.
    pub fn url(&self) -> String {
        format!("postgres://scrip@localhost/postgres?host={}", self.folder.path().display())
    }

    fn wait(&mut self, programs: &Path) -> anyhow::Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.server.try_wait()? {
                bail!("postgres did not start: {status}");
            }
            let mut ready = Command::new(programs.join("pg_isready"));
            ready.args(READY).arg(self.folder.path());
            if ready.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            sleep(PAUSE);
        }
        bail!("postgres did not start within {PATIENCE:?}")
    }

    /// Asks it to end at once, without waiting for its clients.
    fn interrupt(&self) -> bool {
        let mut kill = Command::new("kill");
        kill.args(["-s", "INT", &self.server.id().to_string()]);
        kill.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Once it has ended its number may be another's.
        if matches!(self.server.try_wait(), Ok(Some(_))) {
            return;
        }
        let asked = self.interrupt();
        let start = Instant::now();
        while asked && start.elapsed() < PATIENCE {
            if matches!(self.server.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(PAUSE);
        }
        let _killed = self.server.kill().and_then(|()| self.server.wait());
    }
}

/// A program as somebody who is not root, which ends when this process does, however that ends.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if tools::is_root() {
        command.args(UNPRIVILEGED);
    }
    command.args(["--pdeathsig", "INT", "--"]).arg(program);
    // Where root works, an unprivileged user may not be able to be.
    command.current_dir("/");
    command
}

/// The folder of PostgreSQL's programs; they are installed if they are not there and can be.
fn programs() -> anyhow::Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    tools::install("postgresql")?;
    find().context("PostgreSQL is needed for the read side's tests: install the package postgresql")
}

/// The newest version of Debian's, or what is on the path.
fn find() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().filter_map(Result::ok);
    let debian = versions.map(|version| version.path().join("bin")).filter(|folder| has_all(folder));
    let number = |folder: &PathBuf| -> u32 {
        let version = folder.parent().and_then(Path::file_name).and_then(|version| version.to_str());
        version.and_then(|version| version.parse().ok()).unwrap_or(0)
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.max_by_key(number).or_else(|| std::env::split_paths(&path).find(|folder| has_all(folder)))
}

fn has_all(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_isready"].iter().all(|program| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_answers_while_it_is_kept_and_leaves_nothing() {
        let server = Postgres::start().unwrap();
        let socket = server.folder.path().to_owned();
        let pid = server.server.id().to_string();
        let answers = || {
            let mut ready = Command::new(programs().unwrap().join("pg_isready"));
            ready.args(READY).arg(&socket).status().unwrap().success()
        };
        assert!(server.url().contains(socket.to_str().unwrap()) && answers());
        drop(server);
        assert!(!answers() && !socket.exists());
        let lives = Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().unwrap();
        assert!(!lives.success(), "it still runs");
    }
}
