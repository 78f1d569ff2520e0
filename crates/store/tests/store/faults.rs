//! Crashes and failing disks, seeded: `SCRIP_FAULT_RUNS` sets how many, `SCRIP_FAULT_SEED` plays one again.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use scrip_store::conformance::{self, sample};
use scrip_store::fault::{FaultDisk, Faults, Random};
use scrip_store::{
    EmbeddedStore, EventStore, Group, Helper, MemoryStore, OpenReport, Options, StoreError, Verify,
};

const STREAMS: u64 = 9;

fn options(random: &mut Random, helper: Helper) -> Options {
    let verify_on_open = if random.below(4) == 0 { Verify::Tail } else { Verify::All };
    Options { segment_size: 4096 << random.below(3), verify_on_open, helper }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// What must be in the store.
struct Model {
    /// Everything acknowledged.
    sure: MemoryStore,
    /// A batch whose append failed in a way that leaves it open.
    open: Option<Vec<Group>>,
    numbers: u64,
}

impl Model {
    /// A batch that fits the streams as they are, with a few groups that do not.
    fn batch(&mut self, random: &mut Random) -> Vec<Group> {
        let mut last: Vec<Option<u64>> = (0..STREAMS)
            .map(|stream| self.sure.stream_head(&name(stream)).unwrap().map(|head| head.revision))
            .collect();
        let groups = 1 + random.below(6);
        (0..groups).map(|_| self.group(random, &mut last)).collect()
    }

    fn group(&mut self, random: &mut Random, last: &mut [Option<u64>]) -> Group {
        let first = random.below(STREAMS);
        let streams = 1 + random.below(3);
        let falls = random.below(10) == 0;
        let mut appends = Vec::new();
        for stream in (0..streams).map(|offset| (first + offset) % STREAMS) {
            let last = &mut last[stream as usize];
            let events = 1 + random.below(3);
            let expected = if falls { Some(1_000_000) } else { *last };
            let mut append =
                sample::append(name(stream).as_str(), expected, self.numbers..self.numbers + events);
            if random.below(30) == 0 {
                append.events[0].payload = vec![b'L'; 1 + random.below(20_000) as usize];
            }
            self.numbers += events;
            if !falls {
                *last = Some(last.map_or(events - 1, |last| last + events));
            }
            appends.push(append);
        }
        Group { appends }
    }

    /// The store holds what is sure, then the open batch whole or nothing of it, and nothing else.
    fn check(&mut self, store: &EmbeddedStore) {
        let found = store.head().unwrap();
        if found.next_position != self.sure.head().unwrap().next_position {
            let open = self.open.as_ref().expect("events that nobody appended, or too few");
            self.sure.append(open).unwrap();
        }
        self.open = None;
        assert_eq!(found, self.sure.head().unwrap());
        assert_eq!(store.read_all(0, usize::MAX).unwrap(), self.sure.read_all(0, usize::MAX).unwrap());
        for stream in 0..STREAMS {
            let name = name(stream);
            assert_eq!(store.stream_head(&name).unwrap(), self.sure.stream_head(&name).unwrap());
            let from = found.next_position / (STREAMS + stream);
            let read = store.read_stream(&name, from, 1_000).unwrap();
            assert_eq!(read, self.sure.read_stream(&name, from, 1_000).unwrap());
        }
        conformance::verify(store);
    }
}

fn name(stream: u64) -> scrip_store::StreamName {
    sample::stream(&format!("stream-{stream}"))
}

fn faults(random: &mut Random) -> Faults {
    let mut some = |odds: u64, most: u64| if random.below(odds) == 0 { random.below(most) } else { 0 };
    Faults {
        short_writes: some(2, 500),
        failing_writes: some(4, 60),
        full_writes: some(4, 100),
        failing_syncs: some(3, 100),
        capacity: None,
        off_after: None,
    }
}

/// Appends until the store cannot go on, or enough was written.
fn write(store: &EmbeddedStore, disk: &FaultDisk, model: &mut Model, random: &mut Random, helper: Helper) {
    for _ in 0..random.below(25) {
        let batch = model.batch(random);
        match store.append(&batch) {
            Ok(answers) => assert_eq!(answers, model.sure.append(&batch).unwrap()),
            Err(StoreError::Full { .. }) => {
                assert_eq!(store.head().unwrap(), model.sure.head().unwrap());
            }
            Err(StoreError::Poisoned { .. }) => {
                model.open = Some(batch);
                let operations = disk.operations();
                let again = model.batch(random);
                assert!(matches!(store.append(&again), Err(StoreError::Poisoned { .. })));
                if helper == Helper::Inline {
                    assert_eq!(disk.operations(), operations, "a poisoned writer does not touch the disk");
                }
                assert_eq!(store.head().unwrap(), model.sure.head().unwrap());
                return;
            }
            Err(other) => unreachable!("an append failed as it should not: {other}"),
        }
    }
}

/// Opens without faults: it must succeed, and report a cut only if something was under way.
fn reopen(disk: &FaultDisk, options: Options) -> (EmbeddedStore, OpenReport) {
    disk.set_faults(Faults::default());
    EmbeddedStore::open_on(Arc::new(disk.clone()), options).unwrap()
}

fn run(seed: u64, helper: Helper) {
    let mut random = Random(seed ^ 0x0DD5);
    let disk = FaultDisk::new(seed);
    let mut options = options(&mut random, helper);
    let mut model = Model { sure: MemoryStore::new(), open: None, numbers: 0 };
    for _ in 0..2 + random.below(3) {
        options.segment_size = 4096 << random.below(3);
        let off_after = (random.below(2) == 0).then(|| random.below(250));
        let capacity = (random.below(4) == 0).then(|| random.below(120_000));
        // Some failures hit the opening itself.
        let early = random.below(3) == 0;
        disk.set_faults(if early { Faults { off_after, ..faults(&mut random) } } else { Faults::default() });
        let opened = EmbeddedStore::open_on(Arc::new(disk.clone()), options);
        match opened {
            Ok((store, _)) => {
                disk.set_faults(Faults::default());
                model.check(&store);
                disk.set_faults(Faults { off_after, capacity, ..faults(&mut random) });
                write(&store, &disk, &mut model, &mut random, helper);
                disk.set_faults(Faults::default());
                if store.append(&[]).is_ok() {
                    // With room and a healthy disk it goes on, unless a sync failed beside the appends.
                    let batch = model.batch(&mut random);
                    match store.append(&batch) {
                        Err(StoreError::Poisoned { .. }) => model.open = Some(batch),
                        answers => assert_eq!(answers.unwrap(), model.sure.append(&batch).unwrap()),
                    }
                }
                let sure = model.sure.read_all(0, usize::MAX).unwrap();
                assert_eq!(store.read_all(0, usize::MAX).unwrap(), sure, "reads go on");
            }
            Err(StoreError::Io { .. } | StoreError::Full { .. }) if early => {}
            Err(other) => unreachable!("opening failed as it should not: {other}"),
        }
        // The process dies, or the power fails; the page cache outlives only the first. Sometimes the power
        // fails while the next process is opening what the first one left.
        match random.below(4) {
            0 => {}
            1 => {
                disk.set_faults(Faults { off_after: Some(random.below(80)), ..Faults::default() });
                match EmbeddedStore::open_on(Arc::new(disk.clone()), options) {
                    Ok(_) | Err(StoreError::Io { .. }) => {}
                    Err(other) => unreachable!("opening failed as it should not: {other}"),
                }
                disk.crash();
            }
            _ => disk.crash(),
        }
        let (store, report) = reopen(&disk, options);
        assert!(report.cut.is_none() || model.open.is_some() || early, "{report:?}");
        model.check(&store);
        let batch = model.batch(&mut random);
        assert_eq!(store.append(&batch).unwrap(), model.sure.append(&batch).unwrap());
        drop(store);
        disk.crash();
    }
    let (store, report) = reopen(&disk, options);
    assert_eq!(report.cut, None);
    model.check(&store);
}

#[test]
fn survives_seeded_faults() {
    if let Some(seed) = number("SCRIP_FAULT_SEED") {
        return run(seed, Helper::Inline);
    }
    let runs = number("SCRIP_FAULT_RUNS").unwrap_or(1_000);
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= runs {
                return;
            }
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed, Helper::Inline))) {
                println!("play it again with SCRIP_FAULT_SEED={seed}");
                resume_unwind(panic);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
}

/// With the helper thread the order of things is not the seed's alone, so these cannot be played again exactly.
#[test]
fn survives_faults_beside_the_helper_thread() {
    for seed in 0..100 {
        run(seed, Helper::Thread);
    }
}
