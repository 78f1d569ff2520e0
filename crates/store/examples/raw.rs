//! Measures the store alone: `cargo run --release -p scrip-store --example raw -- <directory> [events]`.
//!
//! The directory must be on the disk that is meant, and is left for `fixtures/stores/verify.py` to look at.
#![expect(clippy::print_stdout, reason = "an example that prints figures")]

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use scrip_store::envelope::{chain_hash, encode};
use scrip_store::{
    EmbeddedStore, EventStore, Expected, Group, NewEvent, Options, RecordedRef, StreamAppend, StreamName,
};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const STREAMS: u64 = 100_000;

/// An event of about 350 bytes with its envelope, like a hold's.
fn event(number: u64) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(u128::from(number)),
        event_type: "hold_placed".into(),
        version: 1,
        recorded_at: number as i64,
        effective_at: number as i64,
        actor: "gateway".into(),
        correlation: format!("req-{number:012}").into(),
        causation: "".into(),
        key: format!("hold:{number:016x}").into(),
        fingerprint: [7; 16],
        payload: format!(r#"{{"hold":"h-{number:012}","credits":"1.250000000","fill":"{:0>110}"}}"#, number)
            .into(),
    }
}

fn batch(first: u64, size: u64) -> Result<Vec<Group>> {
    let group = |number: u64| {
        let expected = Expected::after((number / STREAMS).checked_sub(1));
        let stream = StreamName::new(&format!("account-{:06}", number % STREAMS))?;
        Ok(Group { appends: vec![StreamAppend { stream, expected, events: vec![event(number)] }] })
    };
    (first..first + size).map(group).collect()
}

fn rate(events: u64, time: Duration) -> f64 {
    events as f64 / time.as_secs_f64()
}

/// Appends batches made beforehand, some at a time; answers the time of the appends alone and their median.
fn append(store: &EmbeddedStore, size: u64, count: u64) -> Result<()> {
    let mut next = store.head()?.next_position;
    let mut times = Vec::new();
    for _ in 0..count {
        let groups = batch(next, size)?;
        let begin = Instant::now();
        let answers = store.append(&groups)?;
        times.push(begin.elapsed());
        assert!(answers.iter().all(std::result::Result::is_ok));
        next += size;
    }
    let total: Duration = times.iter().sum();
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 1000).copied().unwrap_or_default();
    println!(
        "append, batches of {size:>4}: {:>9.0} events/s, p50 {:?}, p99 {:?}, max {:?}",
        rate(size * count, total),
        at(500),
        at(990),
        at(999),
    );
    Ok(())
}

fn hashing() {
    let mut bytes = Vec::new();
    let event = event(1);
    encode(&mut bytes, "account-000001", 1, &event);
    bytes.extend_from_slice(&event.payload);
    let begin = Instant::now();
    let mut hash = [0; 32];
    for _ in 0..1_000_000 {
        hash = chain_hash(&hash, black_box(&bytes));
    }
    println!("hash of {} bytes: {:.0} ns", bytes.len(), begin.elapsed().as_secs_f64() * 1e3);
    black_box(hash);
}

fn sync(dir: &Path) -> Result<()> {
    let path = dir.join("sync-probe");
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    file.write_all_at(&vec![0; 16 << 20], 0)?;
    File::sync_all(&file)?;
    let mut times: Vec<Duration> = (0..2_000)
        .map(|at| {
            let begin = Instant::now();
            file.write_all_at(&[1; 4096], at * 4096)?;
            file.sync_data()?;
            Ok(begin.elapsed())
        })
        .collect::<Result<_>>()?;
    times.sort_unstable();
    println!("4 KiB write and sync on prewritten blocks: p50 {:?}", times.get(1_000));
    std::fs::remove_file(path)?;
    Ok(())
}

fn scan(store: &EmbeddedStore) -> Result<()> {
    let events = store.head()?.next_position;
    let count = |event: RecordedRef<'_>| {
        black_box(event);
        ControlFlow::Continue(())
    };
    let begin = Instant::now();
    store.scan_all(0, &mut { count })?;
    println!("scan_all, 1 thread: {:.0} events/s", rate(events, begin.elapsed()));
    let begin = Instant::now();
    thread::scope(|scope| {
        for range in store.partitions(2) {
            scope.spawn(move || store.scan_range(range, &mut { count }));
        }
    });
    println!("scan_range, 2 threads: {:.0} events/s", rate(events, begin.elapsed()));
    let begin = Instant::now();
    let mut seen = 0;
    for stream in (0..STREAMS).step_by(10) {
        let name = StreamName::new(&format!("account-{stream:06}"))?;
        store.scan_stream(&name, 0, &mut |_| {
            seen += 1;
            ControlFlow::Continue(())
        })?;
    }
    println!(
        "scan_stream: {:?} a stream of {:.0} scattered events",
        begin.elapsed() / (STREAMS / 10) as u32,
        seen as f64 / (STREAMS / 10) as f64
    );
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("which directory?")?;
    let events: u64 = arguments.next().map_or(Ok(5_000_000), |events| events.parse())?;
    let dir = Path::new(&dir);
    hashing();
    let begin = Instant::now();
    let (store, _) = EmbeddedStore::open(dir, Options::default())?;
    println!("open an empty store: {:?}", begin.elapsed());
    sync(dir)?;
    append(&store, 1, 3_000)?;
    append(&store, 64, 1_000)?;
    let rest = events.saturating_sub(store.head()?.next_position) / 1_000;
    append(&store, 1_000, rest)?;
    scan(&store)?;
    let begin = Instant::now();
    drop(store);
    println!("close: {:?}", begin.elapsed());
    let begin = Instant::now();
    let (store, report) = EmbeddedStore::open(dir, Options::default())?;
    println!("open {} events, {} segments: {:?}", report.events, report.segments, begin.elapsed());
    assert_eq!(report.indexes_rebuilt, 0);
    drop(store);
    Ok(())
}
