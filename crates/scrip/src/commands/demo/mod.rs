//! `scrip demo`: everything on this machine, with traffic, to be looked at.

mod services;
mod story;

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use scrip_engine::{Clock, Engine, Folded, fold_all, verify};
use scrip_gateway::mock::{Manner, Mock};
use scrip_gateway::{Models, Upstream};
use tokio::sync::oneshot;

use super::replay::Totals;
use super::threads;
use crate::client::Api;
use crate::data_dir::{DataDir, Mode};
use crate::dev::{self, Tokens};
use crate::stack::{Addresses, Stack};
use crate::{Ending, output};

/// Start everything on this machine, play traffic through it, and stay up to be looked at.
#[derive(Args)]
pub struct Demo {
    /// The data directory; a new one in the temporary folder by default.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How long traffic is played, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// End with a summary: exit 0 only if every credit is accounted for.
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub fn run(self) -> anyhow::Result<Ending> {
        output::start_tracing("warn");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.play())
    }

    async fn play(self) -> anyhow::Result<Ending> {
        let folder = match self.data {
            Some(folder) => folder,
            None => new_folder()?,
        };
        let data = DataDir::new(&folder);
        data.claim(Mode::Dev)?;
        let engine = data.start_engine(None, Clock::system())?;
        let tokens = dev::tokens();
        let mock =
            Mock::start(Manner { words: 24, pause: Duration::from_millis(2), remember: false }).await?;
        let upstream = Upstream::new("mock", &mock.base_url(), None, Models::All)?;
        let api = scrip_server::Config { tokens: tokens.configs(), dev: true, ..Default::default() };
        let gateway = scrip_gateway::Config { upstreams: vec![upstream], ..Default::default() };
        let any = "127.0.0.1:0".parse()?;
        let read_side = data.start_read_side(&engine, None).await?;
        let stack = Stack::bind(engine.clone(), read_side, (any, api), (any, gateway)).await?;
        let addresses = stack.addresses()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = stack.serve(async { drop(stopped.await) });

        let playing = async {
            output::line(format_args!("Scrip is up. Data: {}", folder.display()));
            output::line(format_args!(
                "Playing a day of five services, then {} s of traffic through the gateway and a mock provider …\n",
                self.seconds
            ));
            let api = Api::new(&format!("http://{}", addresses.api), &tokens.finance);
            for said in services::play(&api, &tokens).await? {
                output::line(&said);
            }
            output::line("");
            let story = story::play(addresses, &tokens, &mock, Duration::from_secs(self.seconds)).await?;
            output::line(&story);
            let ending = check(&engine).await?;
            if !self.once {
                what_to_try(addresses, &tokens, &story);
                tokio::signal::ctrl_c().await?;
                output::line("\nStopping.");
            }
            drop(stop);
            Ok::<_, anyhow::Error>(ending)
        };
        let (drained, played) = tokio::join!(serving, playing);
        let ending = played?;
        Ok(if drained { ending } else { Ending::Finding })
    }
}

fn new_folder() -> anyhow::Result<PathBuf> {
    let parent = std::env::temp_dir();
    let folder = parent.join(format!("scrip-demo-{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    Ok(folder)
}

/// Verifies the history that the traffic left and folds it again: is every credit accounted for?
async fn check(engine: &Engine) -> anyhow::Result<Ending> {
    // What is in flight still moves; every answer was read, so nothing is.
    engine.sweep().await?;
    let store = engine.store().clone();
    let checked = tokio::task::spawn_blocking(move || {
        let count = AtomicU64::new(0);
        let verified = verify(store.as_ref(), threads(), &count, None)?;
        let folded: Vec<Folded<()>> = fold_all(store.as_ref(), threads(), &count, &|(), _| {})?;
        Ok::<_, anyhow::Error>((verified, Totals::of(&folded)?))
    });
    let (verified, totals) = checked.await??;
    output::line(format_args!(
        "{} events in {} streams, hashes verified.",
        verified.head.next_position, verified.streams
    ));
    for (name, amount) in &totals.amounts {
        output::line(format_args!("  {name:<10} {amount}"));
    }
    if verified.finding_count == 0 && totals.conserved {
        output::line(
            "Conservation holds: granted = free + held + spent + expired + forfeited + reclaimed + withdrawn + migrated\nfor every lot, and charged = taken from lots + owed + absorbed for every account.",
        );
        Ok(Ending::Done)
    } else {
        output::line("Conservation does NOT hold: run scrip verify on the data directory.");
        Ok(Ending::Finding)
    }
}

fn what_to_try(addresses: Addresses, tokens: &Tokens, story: &story::Story) {
    let Addresses { api, gateway } = addresses;
    let (account, key, model) = (&story.account, &story.key, &story.model);
    output::line(format_args!(
        "\nOpen     http://{api}/console\n         and sign in with a token: as finance   {finance}\n         \
         as a second person   {finance2}\n         to read only   {auditor}\n\nTry\n\
         1. what an account has\n   curl -s http://{api}/v1/accounts/{account} -H 'authorization: Bearer {auditor}'\n\
         2. a streamed call, held before and charged after\n   curl -sN http://{gateway}/v1/chat/completions -H 'authorization: Bearer {key}' \\\n     \
         -d '{{\"model\":\"{model}\",\"stream\":true,\"messages\":[{{\"role\":\"user\",\"content\":\"hello\"}}]}}'\n\
         3. the lots that pay for it\n   curl -s http://{api}/v1/accounts/{account}/lots -H 'authorization: Bearer {auditor}'\n\
         4. the last events of the log\n   curl -s 'http://{api}/v1/accounts/{account}/events?limit=5' -H 'authorization: Bearer {auditor}'\n\
         5. a freeze: the next call is refused\n   curl -s http://{api}/v1/accounts/{account}/freeze -H 'authorization: Bearer {support}' \\\n     \
         -H 'idempotency-key: try-1' -d '{{\"scope\":\"account\",\"reason\":\"security\"}}'\n\nCtrl-C stops it.",
        auditor = tokens.auditor,
        finance = tokens.finance,
        finance2 = tokens.finance2,
        support = tokens.support,
    ));
}
