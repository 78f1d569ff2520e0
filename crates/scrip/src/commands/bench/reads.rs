//! The read side: how fast it takes the log in, how far it lags behind, and how long questions about the past take.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use scrip_engine::{AsOf, Clock, Engine};
use scrip_ledger::{AccountId, Timestamp, Token};
use scrip_projections::reports::calendar::{Span, Unit};
use scrip_projections::reports::usage::{Dimension, UsageQuery};
use scrip_projections::{ReadSide, Source};
use scrip_store::{EmbeddedStore, EventStore};

use super::Setting;
use super::report::{Aim, Report};
use super::traffic::{Terms, accounts, start_at};
use crate::output;

/// Accounts of the book whose month end is asked for.
const ACCOUNTS: usize = 100_000;
/// Events of the account that is asked for as it was: a fifth of all, at the most.
const HOT: u64 = 1_000_000;
const BATCH: usize = 8_000;
/// Questions of a round.
const QUESTIONS: u64 = 50;
/// Debits a second while the lag is measured, and how many are sent at a time.
const RATE: u64 = 10_000;
const BURST: u64 = 100;

/// When the log that is written begins, and the month end that is asked for.
const BEGIN: &str = "2026-09-01T00:00:00Z";
const MONTH_END: &str = "2026-10-01T00:00:00Z";

pub fn measure(setting: &Setting, postgres: Option<&str>, report: &mut Report) -> anyhow::Result<()> {
    let folder = setting.folder.join("reads");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    output::remark(format_args!("writing a log of {} events over two months …", setting.events));
    runtime.block_on(fill(&folder, setting.events))?;

    let (store, _) = EmbeddedStore::open(&folder.join("log"), scrip_store::Options::default())?;
    let store: Arc<dyn EventStore> = Arc::new(store);
    let events = store.head()?.next_position;
    let in_folder = || Source::Folder(folder.join("read"));
    let mut rates = Vec::new();
    let mut seconds = Vec::new();
    for _ in 0..setting.rounds.min(3) {
        std::fs::remove_dir_all(folder.join("read")).ok();
        let taken = runtime.block_on(catch_up(&store, in_folder()))?;
        rates.push(events as f64 / taken.as_secs_f64());
        seconds.push(taken.as_secs_f64());
    }
    report.add(format!("all {events} events into SQLite"), "/s", &rates, Some(Aim::AtLeast(50_000.0)));
    let scale = events as f64 / 5_000_000.0;
    report.add(
        format!("the same: a rebuild of {events} events"),
        "s",
        &seconds,
        Some(Aim::AtMost(120.0 * scale)),
    );
    if let Some(url) = postgres {
        let taken = runtime.block_on(catch_up(&store, Source::Postgres(url.to_owned())))?;
        let rate = events as f64 / taken.as_secs_f64();
        report.add(
            format!("all {events} events into PostgreSQL"),
            "/s",
            &[rate],
            Some(Aim::AtLeast(50_000.0)),
        );
    }
    runtime.block_on(ask(&store, in_folder(), setting, report))?;
    drop(store);
    runtime.block_on(follow(&folder, setting, report))?;
    std::fs::remove_dir_all(&folder)?;
    output::remark("writing a year of one account …");
    runtime.block_on(year(&folder, setting, report))?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Writes a log: a month of many accounts and of a busy one, and the month after.
async fn fill(folder: &Path, events: u64) -> anyhow::Result<()> {
    let (engine, terms) = open(folder, Clock::manual(BEGIN.parse()?))?;
    let names = accounts("account", ACCOUNTS)?;
    terms.prepare(&engine, &names).await?;
    let hot = vec![Token::new("hot")?];
    terms.prepare(&engine, &hot).await?;
    let mut key = 0;
    let hot_events = HOT.min(events / 5);
    let spread = (events.saturating_sub(hot_events) / 2).saturating_sub(ACCOUNTS as u64);
    for day in [9, 19, 29, 39, 49] {
        let begin: Timestamp = BEGIN.parse()?;
        engine.advance(begin.plus_days(day)).await?;
        debit(&engine, &terms, &hot, hot_events / 5, &mut key).await?;
        debit(&engine, &terms, &names, spread * 2 / 5, &mut key).await?;
    }
    engine.shutdown().await;
    Ok(())
}

fn open(folder: &Path, clock: Clock) -> anyhow::Result<(Engine, Terms)> {
    let (store, _) = EmbeddedStore::open(&folder.join("log"), scrip_store::Options::default())?;
    start_at(Arc::new(store), Some(folder.join("index")), clock)
}

/// So many debits, over the accounts in turn.
async fn debit(
    engine: &Engine,
    terms: &Terms,
    names: &[AccountId],
    count: u64,
    key: &mut u64,
) -> anyhow::Result<()> {
    let mut left = usize::try_from(count)?;
    let mut names = names.iter().cycle();
    while left > 0 {
        let some = left.min(BATCH);
        left -= some;
        let mut requests = Vec::with_capacity(some);
        for account in names.by_ref().take(some) {
            *key += 1;
            requests.push(terms.debit(account, Token::new(&format!("key-{key}"))?)?);
        }
        for answer in engine.submit_batch(requests).await {
            answer?;
        }
    }
    Ok(())
}

/// Builds the read models from the first event on.
async fn catch_up(store: &Arc<dyn EventStore>, source: Source) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let side = ReadSide::start(Arc::clone(store), source).await?;
    let last = store.head()?.next_position.saturating_sub(1);
    if !side.wait_for(last, Duration::from_secs(3600)).await {
        bail!("the read side did not catch up: {:?}", side.status());
    }
    let taken = started.elapsed();
    side.shutdown().await;
    Ok(taken)
}

/// Questions about the past.
async fn ask(
    store: &Arc<dyn EventStore>,
    source: Source,
    setting: &Setting,
    report: &mut Report,
) -> anyhow::Result<()> {
    let side = ReadSide::start(Arc::clone(store), source).await?;
    let (hot, book): (AccountId, _) = (Token::new("hot")?, Token::new("pixapi")?);
    let end: Timestamp = MONTH_END.parse()?;
    let head = store.head()?.next_position;
    let [mut account, mut whole] = [const { Vec::new() }; 2];
    for round in 0..setting.rounds {
        for question in 0..QUESTIONS {
            let position = (question * 7919 + round as u64) * (head / QUESTIONS / 8000).max(1) % head;
            let as_of = AsOf { position: Some(position), ..AsOf::default() };
            let started = Instant::now();
            side.account_as_of(&hot, &as_of).await?;
            account.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let started = Instant::now();
        let totals = side.balance_totals(&book, &AsOf { time: Some(end), ..AsOf::default() }).await?;
        whole.push(started.elapsed().as_secs_f64());
        if totals.accounts < ACCOUNTS as u64 {
            bail!("{} accounts of {ACCOUNTS}", totals.accounts);
        }
    }
    let events = store_events(store, &hot)?;
    report.add(format!("an account of {events} events as it was"), "ms", &account, Some(Aim::AtMost(50.0)));
    report.add(
        format!("all {ACCOUNTS} balances of a book at a month's end"),
        "s",
        &whole,
        Some(Aim::AtMost(2.0)),
    );
    side.shutdown().await;
    Ok(())
}

fn store_events(store: &Arc<dyn EventStore>, account: &AccountId) -> anyhow::Result<u64> {
    let stream = format!("account-{account}").parse()?;
    let head = store.stream_head(&stream)?.context("no such account")?;
    Ok(head.revision + 1)
}

/// How far the read side is behind while debits come in at a steady rate.
async fn follow(folder: &Path, setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let (engine, terms) = open(folder, Clock::system())?;
    let side = ReadSide::start(engine.store().clone(), Source::Folder(folder.join("read"))).await?;
    let names = accounts("account", 10_000)?;
    let store = engine.store().clone();
    // What was written before is not what is measured.
    side.wait_for(store.head()?.next_position.saturating_sub(1), Duration::from_secs(3600)).await;
    let stop = Instant::now() + setting.time * 5;
    let mut watch = tokio::task::JoinSet::new();
    watch.spawn({
        let side = side.clone();
        async move {
            let mut lags = Vec::new();
            while Instant::now() < stop {
                let Ok(head) = store.head() else { break };
                let seen = Instant::now();
                while side.status().position < head.next_position {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                lags.push(seen.elapsed().as_secs_f64() * 1e3);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            lags
        }
    });
    let mut key = 0;
    let steady = steady(&engine, &terms, &names, stop - Instant::now(), &mut key).await?;
    let mut lags = watch.join_all().await.concat();
    lags.sort_by(f64::total_cmp);
    let p99 = lags.get(lags.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    report.add(
        format!("lag behind {:.0} debits/s, median of {} looks", steady.rate, lags.len()),
        "ms",
        &lags,
        None,
    );
    report.add("the same, 99 of 100 looks", "ms", &[p99], Some(Aim::AtMost(1000.0)));
    disturb(&engine, &terms, &side, setting, &mut key, report).await?;
    side.shutdown().await;
    engine.shutdown().await;
    Ok(())
}

/// What a round of debits at a steady rate saw.
struct Steady {
    /// Debits a second.
    rate: f64,
    /// The median time in which a burst of them was answered, in milliseconds.
    answered: f64,
}

/// Debits in bursts at a steady rate, over the accounts in turn.
async fn steady(
    engine: &Engine,
    terms: &Terms,
    names: &[AccountId],
    time: Duration,
    key: &mut u64,
) -> anyhow::Result<Steady> {
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 * BURST / RATE));
    let mut names = names.iter().cycle();
    let mut answers = tokio::task::JoinSet::new();
    let (started, mut sent) = (Instant::now(), 0u64);
    while started.elapsed() < time {
        ticks.tick().await;
        let mut requests = Vec::with_capacity(BURST as usize);
        for account in names.by_ref().take(BURST as usize) {
            *key += 1;
            requests.push(terms.debit(account, Token::new(&format!("steady-{key}"))?)?);
        }
        sent += BURST;
        let engine = engine.clone();
        answers.spawn(async move {
            let began = Instant::now();
            let well = engine.submit_batch(requests).await.into_iter().all(|answer| answer.is_ok());
            (well, began.elapsed().as_secs_f64() * 1e3)
        });
    }
    let answers = answers.join_all().await;
    let rate = sent as f64 / started.elapsed().as_secs_f64();
    if answers.iter().any(|(well, _)| !well) {
        bail!("a debit was refused");
    }
    let mut times: Vec<f64> = answers.into_iter().map(|(_, time)| time).collect();
    times.sort_by(f64::total_cmp);
    Ok(Steady { rate, answered: times.get(times.len() / 2).copied().unwrap_or(f64::NAN) })
}

/// How much slower debits are while reports are asked for.
async fn disturb(
    engine: &Engine,
    terms: &Terms,
    side: &ReadSide,
    setting: &Setting,
    key: &mut u64,
    report: &mut Report,
) -> anyhow::Result<()> {
    let names = accounts("account", 10_000)?;
    let [mut ratios, mut alone, mut beside, mut asked] = [const { Vec::new() }; 4];
    for _ in 0..setting.rounds {
        let without = steady(engine, terms, &names, setting.time, key).await?;
        let mut questions = tokio::task::JoinSet::new();
        questions.spawn(mixed(side.clone(), setting.time));
        let with = steady(engine, terms, &names, setting.time, key).await?;
        ratios.push(with.rate / without.rate);
        alone.push(without.answered);
        beside.push(with.answered);
        for count in questions.join_all().await {
            asked.push(count? as f64 / setting.time.as_secs_f64());
        }
    }
    report.add(format!("mixed reports beside {RATE} debits/s"), "/s", &asked, None);
    report.add("debits with them, against without", "", &ratios, Some(Aim::AtLeast(0.9)));
    report.add(format!("{BURST} debits answered, without reports"), "ms", &alone, None);
    report.add(format!("{BURST} debits answered, beside reports"), "ms", &beside, None);
    Ok(())
}

/// Fifty questions a second, of the kinds in turn. Answers how many were asked.
async fn mixed(side: ReadSide, time: Duration) -> anyhow::Result<u64> {
    let book = Token::new("pixapi")?;
    let (started, mut asked) = (Instant::now(), 0u64);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while started.elapsed() < time {
        ticks.tick().await;
        match asked % 3 {
            0 => {
                let as_of = AsOf { time: Some(MONTH_END.parse()?), ..AsOf::default() };
                side.balances(&book, &as_of, None, 100).await?;
            }
            1 => {
                side.snapshot().await?.usage(&usage_of(book.clone(), None, Unit::Day, BEGIN, 61)?).await?;
            }
            _ => {
                let account = Token::new(&format!("account-{}", asked % 10_000))?;
                let as_of = AsOf { time: Some(MONTH_END.parse()?), ..AsOf::default() };
                side.account_as_of(&account, &as_of).await?;
            }
        }
        asked += 1;
    }
    Ok(asked)
}

/// Usage from a time on, for so many days of a place that is half an hour off.
fn usage_of(
    book: Token,
    account: Option<&str>,
    unit: Unit,
    from: &str,
    days: u64,
) -> anyhow::Result<UsageQuery> {
    let from: Timestamp = from.parse()?;
    let span = Span { from, until: from.plus_days(days) };
    let spans = unit.divide(chrono_tz::Asia::Kolkata, span, 10_000).context("too many spans")?;
    let only = account.map(|account| (Dimension::Account, account.into())).into_iter().collect();
    Ok(UsageQuery { book, spans, group: vec![Dimension::Model], only, after: None, limit: 1_000 })
}

/// A year of one account, with calls in each of its quarters of an hour.
async fn year(folder: &Path, setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    const CALLS: u64 = 4;
    let begin: Timestamp = BEGIN.parse()?;
    let (engine, terms) = open(folder, Clock::manual(begin))?;
    let busy = vec![Token::new("busy")?];
    terms.prepare(&engine, &busy).await?;
    let mut key = 0;
    for quarter in 0..365 * 96 {
        if quarter > 0 {
            engine.advance(begin.plus_seconds(quarter * 900)).await?;
        }
        debit(&engine, &terms, &busy, CALLS, &mut key).await?;
    }
    let side = ReadSide::start(engine.store().clone(), Source::Folder(folder.join("read"))).await?;
    side.wait_for(engine.store().head()?.next_position - 1, Duration::from_secs(3600)).await;
    for (unit, name) in [(Unit::Day, "day"), (Unit::Month, "month")] {
        let query = usage_of(Token::new("pixapi")?, Some("busy"), unit, BEGIN, 365)?;
        let mut times = Vec::new();
        for _ in 0..setting.rounds {
            let started = Instant::now();
            let told = side.snapshot().await?.usage(&query).await?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
            if told.what.total.calls != i64::try_from(key)? {
                bail!("{} calls of {key}", told.what.total.calls);
            }
        }
        let what = format!("a year of one account by {name} in Asia/Kolkata, all 35,040 quarters busy");
        report.add(what, "ms", &times, Some(Aim::AtMost(100.0)));
    }
    side.shutdown().await;
    engine.shutdown().await;
    Ok(())
}
