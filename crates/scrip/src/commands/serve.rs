//! `scrip serve`: the API and the gateway, by a configuration file, or for trial and test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use scrip_engine::Clock;
use scrip_gateway::mock::{Manner, Mock};
use scrip_gateway::{Models, Secret, Upstream};
use scrip_ledger::Timestamp;
use scrip_server::{TokenConfig, WebhookConfig, WebhookSecret};
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::data_dir::{DataDir, Mode};
use crate::dev;
use crate::stack::Stack;
use crate::{Ending, output};

/// Serve the API and the gateway.
#[derive(Args)]
pub struct Serve {
    /// The configuration file.
    #[arg(long, value_name = "FILE", required_unless_present = "dev")]
    config: Option<PathBuf>,
    /// Serve for trial and test, without a configuration file: the first line on standard output is JSON with the
    /// addresses and a token of each kind.
    #[arg(long, conflicts_with = "config")]
    dev: bool,
    /// The data directory.
    #[arg(long, value_name = "DIR", default_value = "data", conflicts_with = "config")]
    data: PathBuf,
    /// Where the API listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", conflicts_with = "config")]
    listen: SocketAddr,
    /// Where the gateway listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", conflicts_with = "config")]
    gateway: SocketAddr,
    /// The folder of books; without it, the data directory's own, which begins with two samples.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    books: Option<PathBuf>,
    /// The provider that the gateway calls; without it, a mock provider in this process.
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    upstream: Option<String>,
    /// The PostgreSQL database that the read models are kept in; without it, SQLite in the data directory.
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    read_models: Option<String>,
    /// Where the time comes from.
    #[arg(long, value_enum, default_value = "system", conflicts_with = "config")]
    clock: ClockKind,
    /// What a manual clock begins with.
    #[arg(long, value_name = "TIME", required_if_eq("clock", "manual"), conflicts_with = "config")]
    now: Option<Timestamp>,
    /// Serve `/v1/noop` too, to measure against.
    #[arg(long, hide = true, conflicts_with = "config")]
    bench: bool,
}

/// Where the time comes from.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClockKind {
    /// The system.
    System,
    /// `POST /v1/dev/clock`.
    Manual,
}

/// The configuration file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    data: PathBuf,
    books: PathBuf,
    listen: SocketAddr,
    gateway: SocketAddr,
    tokens: Vec<TokenConfig>,
    /// The environment variable that holds the URL of the PostgreSQL database for the read models; without it, they are in
    /// SQLite in the data directory.
    #[serde(default)]
    read_models_env: Option<String>,
    #[serde(default)]
    webhooks: Vec<WebhookConfig>,
    #[serde(default)]
    upstreams: Vec<UpstreamConfig>,
}

/// A provider in the configuration file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpstreamConfig {
    name: String,
    base_url: String,
    /// The environment variable that holds the provider's key.
    #[serde(default)]
    key_env: Option<String>,
    /// By the book's name, the provider's; without it, every model under the book's name.
    #[serde(default)]
    models: Option<BTreeMap<String, String>>,
}

impl Serve {
    pub fn run(self) -> anyhow::Result<Ending> {
        output::start_tracing("info");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            match &self.config {
                Some(config) => from_config(config).await,
                None => self.for_trial().await,
            }
        })
    }

    async fn for_trial(&self) -> anyhow::Result<Ending> {
        let data = DataDir::new(&self.data);
        data.claim(Mode::Dev)?;
        let clock = match (self.clock, self.now) {
            (ClockKind::Manual, Some(now)) => Clock::manual(now),
            _ => Clock::system(),
        };
        let engine = data.start_engine(self.books.as_deref(), clock)?;
        let tokens = dev::tokens();
        let (upstream, _mock) = match &self.upstream {
            Some(url) => (url.clone(), None),
            None => {
                let mock = Mock::start(Manner { remember: false, ..Manner::default() }).await?;
                (mock.base_url(), Some(mock))
            }
        };
        let upstream = Upstream::new("upstream", &upstream, None, Models::All)?;
        let webhook_secrets = dev::webhook_secrets();
        let (tokens_of_api, webhooks) = (tokens.configs(), webhook_secrets.configs());
        let api = scrip_server::Config { tokens: tokens_of_api, webhooks, dev: true, bench: self.bench };
        let gateway = scrip_gateway::Config { upstreams: vec![upstream], ..Default::default() };
        let read_side = data.start_read_side(&engine, self.read_models.as_deref()).await?;
        let stack = Stack::bind(engine, read_side, (self.listen, api), (self.gateway, gateway)).await?;
        let stop = stop()?;
        output::line(dev::first_line(stack.addresses()?, &tokens, &webhook_secrets)?);
        serve(stack, stop).await
    }
}

async fn from_config(path: &Path) -> anyhow::Result<Ending> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let config: Config = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
    if let Some(token) = config.tokens.iter().find(|token| token.is_reserved()) {
        let subject = &token.subject;
        bail!("{}: tokens: the subject {subject} is reserved: the program acts under it", path.display());
    }
    let data = DataDir::new(&config.data);
    data.claim(Mode::Production)?;
    let upstreams: anyhow::Result<Vec<Upstream>> = config.upstreams.iter().map(upstream).collect();
    let gateway = scrip_gateway::Config { upstreams: upstreams?, ..Default::default() };
    if config.tokens.is_empty() {
        bail!("{}: nobody could call: tokens is empty", path.display());
    }
    if config.webhooks.iter().any(|webhook| webhook.secrets.iter().any(WebhookSecret::is_empty)) {
        bail!("{}: webhooks: a secret is empty", path.display());
    }
    let api =
        scrip_server::Config { tokens: config.tokens, webhooks: config.webhooks, dev: false, bench: false };
    let engine = data.start_engine(Some(&config.books), Clock::system())?;
    let read_models = config.read_models_env.as_deref().map(|name| {
        std::env::var(name).with_context(|| format!("read_models_env: the variable {name} is not set"))
    });
    let read_side = data.start_read_side(&engine, read_models.transpose()?.as_deref()).await?;
    let stack = Stack::bind(engine, read_side, (config.listen, api), (config.gateway, gateway)).await?;
    let addresses = stack.addresses()?;
    let stop = stop()?;
    tracing::info!(api = %addresses.api, gateway = %addresses.gateway, "serving");
    serve(stack, stop).await
}

fn upstream(config: &UpstreamConfig) -> anyhow::Result<Upstream> {
    let key = match &config.key_env {
        Some(name) => Some(Secret::new(
            std::env::var(name)
                .with_context(|| format!("upstream {}: the variable {name} is not set", config.name))?,
        )),
        None => None,
    };
    let models = config.models.clone().map_or(Models::All, Models::Named);
    Ok(Upstream::new(&config.name, &config.base_url, key.as_ref(), models)?)
}

/// Resolves when the process is asked to stop. Listens from now on: whoever is told that it serves may ask at once.
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: requests and calls under way are drained");
    })
}

async fn serve(stack: Stack, stop: impl Future<Output = ()>) -> anyhow::Result<Ending> {
    if !stack.serve(stop).await {
        tracing::warn!("not everything could be drained in time; open holds free themselves at their end");
    }
    Ok(Ending::Done)
}
