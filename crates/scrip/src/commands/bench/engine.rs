//! The engine in process, beside the bare log with the same records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use scrip_engine::Engine;
use scrip_ledger::{AccountId, Token};
use scrip_store::{EmbeddedStore, EventStore, Expected, Group, Recorded, StreamAppend};

use super::report::{Aim, Report};
use super::traffic::{Terms, accounts, start};
use super::{Setting, machine};

/// Producers, each with one command under way.
const PRODUCERS: usize = 1024;
const ACCOUNTS: usize = 10_000;
/// Commands of a batch: TigerBeetle's own is 8,189 transfers.
const BATCH: usize = 8000;
/// Batches under way at once: one is decided while another is written.
const BATCHES: usize = 3;
/// Events of a batch of the bare log.
const LOG_BATCH: usize = 1024;

pub fn measure(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = setting.folder.join("engine");
    let names = accounts("account", ACCOUNTS)?;
    let [mut decided, mut raw, mut ratio, mut batched] = [const { Vec::new() }; 4];
    for round in 0..setting.rounds {
        let folder = folder.join(round.to_string());
        let (store, _) = EmbeddedStore::open(&folder.join("log"), scrip_store::Options::default())?;
        let store: Arc<dyn EventStore> = Arc::new(store);
        let (engine, terms) = start(Arc::clone(&store), Some(folder.join("index")))?;
        let (from, rate) = runtime.block_on(async {
            terms.prepare(&engine, &names).await?;
            let from = store.head()?.next_position;
            let rate = produce(&engine, &terms, &names, setting.time).await?;
            anyhow::Ok((from, rate))
        })?;
        batched.push(runtime.block_on(batches(&engine, &terms, &names, setting.time))?);
        runtime.block_on(engine.shutdown());
        drop(engine);
        let log_rate = bare_log(&store, from, &folder.join("bare"))?;
        decided.push(rate);
        raw.push(log_rate);
        ratio.push(rate / log_rate);
        drop(store);
        std::fs::remove_dir_all(&folder)?;
    }
    report.add(
        "engine in process, 1,024 producers: durable debits",
        "/s",
        &decided,
        Some(Aim::AtLeast(300_000.0)),
    );
    report.add("the bare log, the same records, batches of 1,024", "/s", &raw, None);
    report.add("  ratio", "", &ratio, Some(Aim::AtLeast(0.5)));
    report.add(
        "engine in process, batches of 8,000 on 10,000 accounts: durable debits",
        "/s",
        &batched,
        None,
    );

    let sync = machine::sync_times(&setting.folder, 2000)?;
    let sync_p50 = sync.get(sync.len() / 2).context("no sync was timed")?.as_secs_f64() * 1e6;
    report.add("the disk: write and sync of 4 KiB, p50", "µs", &[sync_p50], None);
    Ok(())
}

/// One command at a time from each producer, for a time; answers a second.
async fn produce(engine: &Engine, terms: &Terms, names: &[AccountId], time: Duration) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut producers = tokio::task::JoinSet::new();
    for producer in 0..PRODUCERS {
        let (engine, terms) = (engine.clone(), terms.clone());
        let own: Vec<AccountId> = names.iter().skip(producer).step_by(PRODUCERS).cloned().collect();
        producers.spawn(async move {
            let mut answered = 0u64;
            while started.elapsed() < time {
                for account in &own {
                    let key = Token::new(&format!("p{producer}-{answered}"))?;
                    engine.submit(terms.debit(account, key)?).await?;
                    answered += 1;
                }
            }
            anyhow::Ok(answered)
        });
    }
    let mut answered = 0;
    while let Some(producer) = producers.join_next().await {
        answered += producer??;
    }
    Ok(answered as f64 / started.elapsed().as_secs_f64())
}

/// Whole batches, a few under way at once; answers a second.
async fn batches(engine: &Engine, terms: &Terms, names: &[AccountId], time: Duration) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut producers = tokio::task::JoinSet::new();
    for producer in 0..BATCHES {
        let (engine, terms, names) = (engine.clone(), terms.clone(), names.to_vec());
        producers.spawn(async move {
            let mut answered = 0usize;
            while started.elapsed() < time {
                let mut requests = Vec::with_capacity(BATCH);
                for number in 0..BATCH {
                    let at = (answered + number * 7919) % names.len();
                    let key = Token::new(&format!("b{producer}-{}", answered + number))?;
                    requests.push(terms.debit(names.get(at).context("no account")?, key)?);
                }
                for answer in engine.submit_batch(requests).await {
                    answer?;
                }
                answered += BATCH;
            }
            anyhow::Ok(answered)
        });
    }
    let mut answered = 0;
    while let Some(producer) = producers.join_next().await {
        answered += producer??;
    }
    Ok(answered as f64 / started.elapsed().as_secs_f64())
}

/// Appends what an engine wrote to a log of its own, as fast as that goes.
fn bare_log(written: &Arc<dyn EventStore>, from: u64, folder: &std::path::Path) -> anyhow::Result<f64> {
    let (log, _) = EmbeddedStore::open(folder, scrip_store::Options::default())?;
    let mut position = 0;
    let mut appended = 0usize;
    let mut spent = Duration::ZERO;
    loop {
        let records = written.read_all(position, LOG_BATCH)?;
        let Some(last) = records.last() else { break };
        let measured = position >= from;
        position = last.position + 1;
        let count = records.len();
        let groups: Vec<Group> = records.into_iter().map(group).collect();
        let started = Instant::now();
        for result in log.append(&groups)? {
            result.map_err(|conflict| anyhow::anyhow!("{conflict:?}"))?;
        }
        if measured {
            spent += started.elapsed();
            appended += count;
        }
    }
    Ok(appended as f64 / spent.as_secs_f64())
}

fn group(record: Recorded) -> Group {
    let expected = record.revision.checked_sub(1).map_or(Expected::NoStream, Expected::Revision);
    Group { appends: vec![StreamAppend { stream: record.stream, expected, events: vec![record.event] }] }
}
