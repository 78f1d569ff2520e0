//! A real Chromium, driven by Debian's chromedriver; both end with the test.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};

use crate::cli::process::until;

/// One browser at a time: a machine that also serves has little room for more.
static ONE: Mutex<()> = Mutex::const_new(());

/// How Chromium starts: without a screen, a network of its own or a sandbox, which it cannot make as root.
const ARGUMENTS: [&str; 10] = [
    "--window-size=1280,900",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// A browser with one window.
pub struct Browser {
    pub client: Client,
    driver: Child,
    base: String,
    _profile: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// A command of Chromium's own protocol.
#[derive(Debug)]
struct Chromium(&'static str, Value);

impl WebDriverCompatibleCommand for Chromium {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.0, "params": self.1 }).to_string()))
    }
}

impl Browser {
    /// Opens one for what is served at an address.
    pub async fn open(base: &str) -> Self {
        let turn = ONE.lock().await;
        let mut driver = Command::new("chromedriver")
            .args(["--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is needed: cargo xtask test installs it");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next_line().await.unwrap().expect("chromedriver ended");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let profile = TempDir::new().unwrap();
        let mut arguments: Vec<String> = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let Value::Object(capabilities) = json!({ "goog:chromeOptions": { "args": arguments } }) else {
            unreachable!()
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { client, driver, base: base.to_owned(), _profile: profile, _turn: turn }
    }

    /// Closes it, and waits for its end.
    pub async fn close(mut self) {
        self.client.clone().close().await.unwrap();
        self.driver.kill().await.unwrap();
    }

    pub async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// The one element that a selector finds first.
    pub async fn find(&self, selector: &str) -> Element {
        self.client.find(Locator::Css(selector)).await.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// The text of an element, as it is seen.
    pub async fn text(&self, selector: &str) -> String {
        self.find(selector).await.text().await.unwrap()
    }

    /// How many elements a selector finds.
    pub async fn count(&self, selector: &str) -> usize {
        self.client.find_all(Locator::Css(selector)).await.unwrap().len()
    }

    pub async fn click(&self, selector: &str) {
        self.find(selector).await.click().await.unwrap();
    }

    /// Clicks what leads to another page, and waits until that is there.
    pub async fn follow(&self, selector: &str) {
        self.ask("document.documentElement.dataset.left = 'here'").await;
        self.click(selector).await;
        let arrived = "return document.readyState == 'complete' && !document.documentElement.dataset.left";
        until("another page is shown", async || {
            // While one page goes and the other comes there is nothing to ask.
            self.client.execute(arrived, Vec::new()).await.is_ok_and(|arrived| arrived == true)
        })
        .await;
    }

    /// Fills a field in.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// What a script answers, for what no other way tells.
    pub async fn ask(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The path that is shown, with its query.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
    }

    /// Waits until a path is shown, which is not at once after a key was pressed.
    pub async fn arrive(&self, path: &str) {
        let url = url::Url::parse(&format!("{}{path}", self.base)).unwrap();
        self.client.wait().for_url(&url).await.unwrap();
    }

    /// Signs in with a token, and expects to be let in.
    pub async fn sign_in(&self, token: &str) {
        self.go("/console/sign-in").await;
        self.fill("#token", token).await;
        self.follow("main button").await;
        assert!(!self.path().await.starts_with("/console/sign-in"), "{}", self.text("main").await);
    }

    /// Signs out by the button of the page.
    pub async fn sign_out(&self) {
        self.follow(".wide .who button").await;
        assert!(self.path().await.starts_with("/console/sign-in"));
    }

    async fn chromium(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(Chromium(command, parameters)).await.unwrap()
    }

    /// Makes the window so wide, and the system light or dark; `None` for as high as the page.
    pub async fn look(&self, width: u32, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.chromium("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
        self.resize(width, 900).await;
        let height = self.ask("return document.documentElement.scrollHeight").await.as_u64().unwrap();
        self.resize(width, u32::try_from(height).unwrap().clamp(900, 2_600)).await;
    }

    async fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.chromium("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Keeps a picture of the page.
    pub async fn keep(&self, folder: &Path, name: &str) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(name), self.client.screenshot().await.unwrap()).unwrap();
    }
}

/// Where pictures are kept: beside what was built.
pub fn pictures() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(3).unwrap().join("console-screenshots")
}
