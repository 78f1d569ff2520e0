//! Replay, double entry, opening with and without the index, and memory.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use scrip_engine::{Entries, Folded, fold_all};
use scrip_ledger::{AccountId, Token};
use scrip_store::{EmbeddedStore, EventStore};

use super::report::{Aim, Report};
use super::traffic::{accounts, start};
use super::{Setting, machine};
use crate::commands::threads;
use crate::output;

const ACCOUNTS: usize = 10_000;
const BATCH: usize = 8000;
/// Accounts whose memory is measured.
const IDLE_ACCOUNTS: usize = 200_000;
const EVENTS_OF_THE_AIM: u64 = 5_000_000;

pub fn measure(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let folder = setting.folder.join("log");
    output::remark(format_args!("writing a log of {} events …", setting.events));
    fill(&folder, setting.events)?;

    let [mut replayed, mut posted, mut with, mut without] = [const { Vec::new() }; 4];
    for _ in 0..setting.rounds {
        replayed.push(replay(&folder)?);
        posted.push(post(&folder)?);
        with.push(open(&folder, Some(folder.join("index")))?.as_secs_f64());
    }
    for _ in 0..setting.rounds.min(3) {
        std::fs::remove_dir_all(folder.join("index"))?;
        without.push(open(&folder, Some(folder.join("index")))?.as_secs_f64());
    }
    let scale = setting.events as f64 / EVENTS_OF_THE_AIM as f64;
    let events = setting.events;
    report.add(
        format!("replay of {events} events: decode and fold, all processors"),
        "/s",
        &replayed,
        Some(Aim::AtLeast(2e6)),
    );
    report.add(
        format!("entries of {events} events: decode, fold and post, one processor"),
        "/s",
        &posted,
        Some(Aim::AtLeast(2e5)),
    );
    report.add(format!("open {events} events with the index"), "s", &with, Some(Aim::AtMost(scale)));
    report.add(format!("open {events} events without it"), "s", &without, Some(Aim::AtMost(5.0 * scale)));
    report.add(
        "memory of a resident idle account, keys apart",
        "bytes",
        &[memory(&folder)?],
        Some(Aim::AtMost(1024.0)),
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Writes a log of debits over many accounts, and its index.
fn fill(folder: &Path, events: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (store, _) = EmbeddedStore::open(&folder.join("log"), scrip_store::Options::default())?;
    let store: Arc<dyn EventStore> = Arc::new(store);
    let (engine, terms) = start(Arc::clone(&store), Some(folder.join("index")))?;
    let names = accounts("account", ACCOUNTS)?;
    runtime.block_on(async {
        terms.prepare(&engine, &names).await?;
        let mut key = 0u64;
        while store.head()?.next_position < events {
            let mut requests = Vec::with_capacity(BATCH);
            for account in names.iter().cycle().skip(key as usize % ACCOUNTS).take(BATCH) {
                key += 1;
                requests.push(terms.debit(account, Token::new(&format!("key-{key}"))?)?);
            }
            for answer in engine.submit_batch(requests).await {
                answer?;
            }
        }
        engine.shutdown().await;
        Ok(())
    })
}

fn replay(folder: &Path) -> anyhow::Result<f64> {
    let (store, _) = EmbeddedStore::open(&folder.join("log"), scrip_store::Options::default())?;
    let events = store.head()?.next_position;
    let started = Instant::now();
    let folded: Vec<Folded<()>> = fold_all(&store, threads(), &AtomicU64::new(0), &|(), _| {})?;
    let seconds = started.elapsed().as_secs_f64();
    drop(folded);
    Ok(events as f64 / seconds)
}

/// Every event's postings, as an export or a read model takes them.
fn post(folder: &Path) -> anyhow::Result<f64> {
    let (store, _) = EmbeddedStore::open(&folder.join("log"), scrip_store::Options::default())?;
    let events = store.head()?.next_position;
    let started = Instant::now();
    let (mut entries, mut failed) = (Entries::default(), None);
    store.scan_all(0, &mut |stored| match entries.take(&stored) {
        Ok(_) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    let seconds = started.elapsed().as_secs_f64();
    failed.map_or(Ok(events as f64 / seconds), |error| Err(error.into()))
}

/// Opens the store and the engine, until it would serve.
fn open(folder: &Path, index: Option<std::path::PathBuf>) -> anyhow::Result<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let started = Instant::now();
    let (store, _) = EmbeddedStore::open(&folder.join("log"), scrip_store::Options::default())?;
    let (engine, _) = start(Arc::new(store), index)?;
    let opened = started.elapsed();
    runtime.block_on(engine.shutdown());
    Ok(opened)
}

/// What an account takes that was opened and has credits, by what the process grows with many of them.
fn memory(folder: &Path) -> anyhow::Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let names: Vec<AccountId> = accounts("idle", IDLE_ACCOUNTS)?;
    let (store, _) = EmbeddedStore::open(&folder.join("idle"), scrip_store::Options::default())?;
    let (engine, terms) = start(Arc::new(store), None)?;
    let grown = runtime.block_on(async {
        terms.prepare(&engine, names.get(..1000).unwrap_or(&names)).await?;
        let before = machine::resident();
        terms.prepare(&engine, names.get(1000..).unwrap_or(&[])).await?;
        anyhow::Ok(machine::resident().saturating_sub(before))
    })?;
    runtime.block_on(engine.shutdown());
    Ok(grown as f64 / (IDLE_ACCOUNTS - 1000) as f64)
}
