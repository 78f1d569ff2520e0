//! The real binary as a user runs it, and a client for what it serves.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

use crate::api::client::Reply;

/// The longest that anything here may take; a loaded machine is slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test: `SCRIP_BIN`, or what was built beside the tests.
fn binary() -> PathBuf {
    let path = std::env::var_os("SCRIP_BIN").map_or_else(
        || {
            let tests = std::env::current_exe().unwrap();
            tests.parent().unwrap().parent().unwrap().join("scrip")
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is not there: run `cargo xtask test`, or `cargo build -p scrip` first, or set SCRIP_BIN",
        path.display()
    );
    path
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Asserts the exit code.
    #[track_caller]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

/// Runs a command to its end.
pub async fn scrip(arguments: &[&str]) -> Ended {
    let output = timeout(PATIENCE, command(arguments).output()).await;
    let output = output.unwrap_or_else(|_| panic!("scrip {arguments:?} does not end")).unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command on a data directory.
pub async fn scrip_on(data: &Path, arguments: &[&str]) -> Ended {
    scrip(&[arguments, &["--data", data.to_str().unwrap()]].concat()).await
}

/// Starts a command whose reader leaves after the first line; answers that line and how the command ended.
pub async fn scrip_cut_off(data: &Path, arguments: &[&str]) -> (String, Ended) {
    let data = ["--data", data.to_str().unwrap()];
    let mut child =
        command(&[arguments, &data].concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).await.unwrap();
    drop(reader);
    let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    (line, Ended { code: output.status.code(), out: String::new(), err })
}

/// Asks until the answer is yes.
pub async fn until(what: &str, mut asked: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !asked().await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("not in {PATIENCE:?}: {what}"));
}

/// A serving process.
pub struct Server {
    pub api: Api,
    /// The first line on standard output.
    pub first_line: Value,
    child: Child,
    /// Kept open: a process whose output nobody can read is another test.
    out: BufReader<ChildStdout>,
}

impl Server {
    /// `serve --dev` on a data directory, once it listens.
    pub async fn start(data: &Path, more: &[&str]) -> Self {
        Self::start_with(data, more, &[]).await
    }

    /// The same, with variables in its environment.
    pub async fn start_with(data: &Path, more: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = spawn_with(data, more, variables);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        timeout(PATIENCE, out.read_line(&mut line)).await.expect("no first line").unwrap();
        let first_line = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("the first line is {line:?}; {}", errors(data)));
        Self { api: Api::new(&first_line), first_line, child, out }
    }

    /// One that will not come to serve: how it ends.
    pub async fn refused(data: &Path, more: &[&str]) -> Ended {
        let output = timeout(PATIENCE, spawn(data, more).wait_with_output()).await;
        let output = output.expect("it serves, or hangs").unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        Ended { code: output.status.code(), out, err: errors(data) }
    }

    /// One that says nothing on standard output.
    pub fn start_quietly(data: &Path, more: &[&str]) -> Child {
        spawn(data, more)
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends it as a power switch would, as far as a process can tell.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, and does not wait.
    pub async fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
    }

    /// Waits for its end: the exit code, and what it printed after its first line.
    pub async fn ended(mut self) -> (Option<i32>, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it does not end").unwrap();
        let mut rest = String::new();
        while self.out.read_line(&mut rest).await.unwrap() > 0 {}
        (status.code(), rest)
    }

    /// Asks it to stop, and expects that it does so in peace.
    pub async fn stop(self) {
        self.terminate().await;
        assert_eq!(self.ended().await, (Some(0), String::new()));
    }
}

/// Kills a process that has only begun to open its data directory.
pub async fn kill_while_opening(data: &Path) {
    let mut child = spawn(data, &[]);
    let holder = format!("process {}", child.id().unwrap());
    let lock = data.join("log/lock");
    until("the lock names the process that opens", async || {
        std::fs::read_to_string(&lock).is_ok_and(|text| text.trim() == holder)
    })
    .await;
    child.kill().await.unwrap();
}

fn error_file(data: &Path) -> PathBuf {
    data.with_extension("stderr")
}

/// What the last server on a data directory said on standard error.
pub fn errors(data: &Path) -> String {
    std::fs::read_to_string(error_file(data)).unwrap()
}

fn spawn(data: &Path, more: &[&str]) -> Child {
    spawn_with(data, more, &[])
}

fn spawn_with(data: &Path, more: &[&str], variables: &[(&str, &str)]) -> Child {
    let production = more.contains(&"--config");
    let dev = ["serve", "--dev", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let arguments = if production { [&["serve"], more].concat() } else { [&dev, more].concat() };
    let errors = std::fs::File::create(error_file(data)).unwrap();
    command(&arguments).envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap()
}

/// A client of a serving process. Clones share their connections.
#[derive(Clone)]
pub struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    pub gateway: String,
    tokens: Value,
}

impl Api {
    /// Of what a first line names.
    pub fn new(first_line: &Value) -> Self {
        let text = |name: &str| first_line[name].as_str().unwrap().to_owned();
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            base: text("listening"),
            gateway: text("gateway"),
            tokens: first_line["tokens"].clone(),
        }
    }

    /// Where the API listens.
    pub fn base(&self) -> &str {
        &self.base
    }

    fn secret(&self, role: &str) -> &str {
        self.tokens[role].as_str().unwrap_or_else(|| panic!("no token for {role}"))
    }

    /// A command by a role, under a key; `None` if no whole answer came.
    pub async fn try_post(&self, role: &str, path: &str, key: &str, body: &Value) -> Option<Reply> {
        let request = Request::builder().method(Method::POST).uri(format!("{}{path}", self.base));
        let request = request.header("authorization", format!("Bearer {}", self.secret(role)));
        let request = request.header("idempotency-key", key).body(Full::from(body.to_string())).unwrap();
        self.send(request).await
    }

    /// A command that must be answered, one way or the other.
    pub async fn post(&self, role: &str, path: &str, key: &str, body: Value) -> Reply {
        self.try_post(role, path, key, &body).await.expect("no answer")
    }

    /// A query that must be answered.
    pub async fn get(&self, role: &str, path: &str) -> Reply {
        let request = Request::builder().uri(format!("{}{path}", self.base));
        let request = request.header("authorization", format!("Bearer {}", self.secret(role)));
        self.send(request.body(Full::default()).unwrap()).await.expect("no answer")
    }

    /// An account with credits that do not expire.
    pub async fn account(&self, id: &str, credits: &str) {
        let open = serde_json::json!({ "account_id": id });
        self.post("support", "/v1/books/pixapi/accounts", &format!("open-{id}"), open).await.ok();
        let grant = serde_json::json!({ "source": "compensation", "credits": credits });
        self.post("finance", &format!("/v1/accounts/{id}/grants"), &format!("grant-{id}"), grant).await.ok();
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Option<Reply> {
        let answering = async {
            let (head, body) = self.client.request(request).await.ok()?.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Reply { status: head.status.as_u16(), headers: head.headers, body })
        };
        timeout(PATIENCE, answering).await.expect("neither an answer nor an end")
    }
}
