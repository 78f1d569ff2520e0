//! The table and its thread, on real files: what is kept, until when, and that nothing is left of what was purged.

use std::path::Path;
use std::sync::Arc;

use scrip_ledger::event::{LegalHoldPlaced, LegalHoldReleased, ProviderAnswer};
use scrip_ledger::{AccountId, Event, Timestamp, Token, encode};
use scrip_store::{EventStore, Expected, Group, MemoryStore, NewEvent, StreamAppend, StreamName};
use tempfile::TempDir;

use super::table::{MIGRATIONS, Table};
use super::{CallMetadata, MetadataError, Row, Start};
use crate::clock::Clock;
use crate::stats::Stats;

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(0).plus_seconds(seconds)
}

fn row(account: &str, revision: u64, recorded_at: Timestamp, kept_until: Timestamp) -> Row {
    // Of many lengths, as real ones are.
    let more = "x".repeat(usize::try_from(revision % 28).unwrap());
    let provider = ProviderAnswer {
        request_id: Some(token(&format!("prov-{account}-{revision}-{}-{more}", kept_until.micros()))),
        status: Some(token("200")),
    };
    Row { account: token(account), revision, book: token("aiproxynode"), recorded_at, kept_until, provider }
}

/// A log that holds events of accounts.
fn append(store: &MemoryStore, account: &AccountId, event: &Event) -> u64 {
    let stream = StreamName::new(&format!("account-{account}")).unwrap();
    let head = store.stream_head(&stream).unwrap();
    let expected = head.as_ref().map_or(Expected::NoStream, |head| Expected::Revision(head.revision));
    let event = NewEvent {
        id: uuid::Uuid::from_u128(7),
        event_type: event.wire_name().into(),
        version: scrip_ledger::VERSION,
        recorded_at: 0,
        effective_at: 0,
        actor: "test".into(),
        correlation: "".into(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload: encode(event),
    };
    let appends = vec![StreamAppend { stream, expected, events: vec![event] }];
    store.append(&[Group { appends }]).unwrap().remove(0).unwrap();
    head.map_or(0, |head| head.revision + 1)
}

struct World {
    store: Arc<MemoryStore>,
    clock: Clock,
    stats: Arc<Stats>,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Arc::new(MemoryStore::new()),
            clock: Clock::manual(at(0)),
            stats: Arc::default(),
            folder,
        }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("calls.sqlite")
    }

    fn try_open(&self) -> Result<CallMetadata, MetadataError> {
        CallMetadata::start(Start {
            file: Some(self.file()),
            store: self.store.clone(),
            clock: self.clock.clone(),
            stats: Arc::clone(&self.stats),
        })
    }

    fn open(&self) -> CallMetadata {
        self.try_open().unwrap()
    }

    async fn stop(calls: CallMetadata) {
        tokio::task::spawn_blocking(move || calls.stop()).await.unwrap();
    }

    /// Places or releases a legal hold, in the log and in what is told of it.
    fn hold(&self, calls: &CallMetadata, account: &str, event: &Event) -> u64 {
        let account = token(account);
        let revision = append(&self.store, &account, event);
        calls.take_in(&account, revision, event);
        calls.reached(self.store.head().unwrap().next_position);
        revision
    }

    /// Every file beside the database, its own included.
    fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            all.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
        all
    }
}

fn placed() -> Event {
    LegalHoldPlaced { reason: token("court_order"), reference: None }.into()
}

fn released(legal_hold: u64) -> Event {
    LegalHoldReleased { legal_hold, reason: token("court_order") }.into()
}

async fn kept(calls: &CallMetadata, account: &str) -> Vec<u64> {
    let kept = calls.kept(&token(account), (0, u64::MAX)).await.unwrap();
    kept.into_iter().map(|call| call.revision).collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_row_is_read_until_its_last_instant_and_gone_after_it() {
    let world = World::new();
    let calls = world.open();
    calls.hand_over(Box::new(row("alice", 3, at(0), at(100))));
    calls.hand_over(Box::new(row("alice", 4, at(1), at(101))));
    calls.hand_over(Box::new(row("bob", 3, at(0), at(500))));
    assert_eq!(kept(&calls, "alice").await, [3, 4]);
    world.clock.set(at(100));
    calls.purge().await.unwrap();
    assert_eq!(kept(&calls, "alice").await, [3, 4]);
    // The instant after, and nothing was purged yet.
    world.clock.set(Timestamp::from_micros(at(100).micros() + 1));
    assert_eq!(kept(&calls, "alice").await, [4]);
    assert!(contains(&world.bytes(), "prov-alice-3-100000000"));
    calls.purge().await.unwrap();
    assert_eq!((kept(&calls, "alice").await, kept(&calls, "bob").await), (vec![4], vec![3]));
    assert!(!contains(&world.bytes(), "prov-alice-3-100000000"));
    assert!(contains(&world.bytes(), "prov-alice-4-101000000"));
    assert_eq!((world.stats.call_metadata_written(), world.stats.call_metadata_purged()), (3, 1));
    // What was written is there after a restart.
    World::stop(calls).await;
    let calls = world.open();
    let bob = calls.kept(&token("bob"), (0, 9)).await.unwrap();
    assert_eq!(bob.len(), 1);
    assert_eq!((bob[0].revision, bob[0].recorded_at), (3, at(0)));
    assert_eq!(bob[0].provider, row("bob", 3, at(0), at(500)).provider);
    World::stop(calls).await;
}

#[tokio::test]
async fn the_same_call_twice_is_one_row() {
    let world = World::new();
    let calls = world.open();
    for _ in 0..3 {
        calls.hand_over(Box::new(row("alice", 3, at(0), at(100))));
    }
    assert_eq!(kept(&calls, "alice").await, [3]);
    World::stop(calls).await;
}

#[tokio::test]
async fn a_legal_hold_keeps_what_is_overdue_until_it_is_released() {
    let world = World::new();
    let calls = world.open();
    let first = world.hold(&calls, "alice", &placed());
    let second = world.hold(&calls, "alice", &placed());
    for account in ["alic", "alice", "alice-2"] {
        calls.hand_over(Box::new(row(account, 9, at(0), at(100))));
    }
    world.clock.set(at(101));
    calls.purge().await.unwrap();
    assert_eq!(kept(&calls, "alice").await, [9]);
    assert_eq!((kept(&calls, "alic").await.len(), kept(&calls, "alice-2").await.len()), (0, 0));
    // What is held is known after a restart, also what the file has not heard of.
    World::stop(calls).await;
    append(&world.store, &token("alice"), &released(first));
    let calls = world.open();
    calls.purge().await.unwrap();
    assert_eq!(kept(&calls, "alice").await, [9], "one of two holds stands");
    world.hold(&calls, "alice", &released(second));
    assert_eq!(kept(&calls, "alice").await.len(), 0);
    calls.purge().await.unwrap();
    assert!(!contains(&world.bytes(), "prov-alice-9"));
    World::stop(calls).await;
}

#[tokio::test]
async fn nothing_is_left_of_what_was_purged_however_pages_were_rearranged() {
    let world = World::new();
    let calls = world.open();
    // Ends in no order of insertion, so that pages lose rows here and there, and are merged again and again.
    let end = |call: u64| at(1 + (call * 2_654_435_761 / 97) % 20);
    for call in 0..3_000_u64 {
        calls.hand_over(Box::new(row(&format!("account-{}", call * 31 % 97), call, at(0), end(call))));
    }
    for second in 1..=20 {
        world.clock.set(at(second));
        calls.purge().await.unwrap();
        let bytes = world.bytes();
        // By the end that is part of what was planted.
        for end in 1..=20_u64 {
            let there = contains(&bytes, &format!("-{}-", at(end).micros()));
            assert_eq!(there, end >= second, "rows that are kept until {end}, at {second}");
        }
    }
    World::stop(calls).await;
}

#[tokio::test]
async fn what_is_damaged_or_foreign_is_refused() {
    let world = World::new();
    let calls = world.open();
    for call in 0..2_000 {
        calls.hand_over(Box::new(row("alice", call, at(0), at(100))));
    }
    World::stop(calls).await;
    let whole = std::fs::read(world.file()).unwrap();
    assert!(whole.len() > 100_000);

    let mut damaged = whole.clone();
    damaged[40_000..44_096].fill(0x55);
    std::fs::write(world.file(), &damaged).unwrap();
    assert!(matches!(world.try_open(), Err(MetadataError::Damaged { .. })));
    std::fs::write(world.file(), &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(world.try_open(), Err(MetadataError::Damaged { .. })));
    std::fs::write(
        world.file(),
        "no database at all, but longer than a header is: a hundred bytes and more of it",
    )
    .unwrap();
    let refused = world.try_open().err().unwrap();
    assert!(matches!(refused, MetadataError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains("move the file"), "{refused}");

    for (offset, value, wrong) in [(68, 7_u32, "foreign"), (60, 99, "newer")] {
        let mut other = whole.clone();
        other[offset..offset + 4].copy_from_slice(&value.to_be_bytes());
        std::fs::write(world.file(), &other).unwrap();
        let refused = world.try_open().err().unwrap();
        match wrong {
            "foreign" => assert!(matches!(refused, MetadataError::Foreign(_)), "{refused}"),
            _ => assert!(matches!(refused, MetadataError::Newer { format: 99, .. }), "{refused}"),
        }
    }
    std::fs::write(world.file(), &whole).unwrap();
    World::stop(world.open()).await;
}

#[tokio::test]
async fn a_file_of_another_log_is_refused() {
    let world = World::new();
    let calls = world.open();
    world.hold(&calls, "alice", &placed());
    World::stop(calls).await;
    World::stop(world.open()).await;
    let other = World { store: Arc::new(MemoryStore::new()), ..world };
    assert!(matches!(other.try_open(), Err(MetadataError::OtherLog(_))), "the log has no events");
    append(&other.store, &token("bob"), &placed());
    assert!(matches!(other.try_open(), Err(MetadataError::OtherLog(_))), "the log has other events");
}

#[tokio::test]
async fn a_table_that_cannot_be_written_loses_rows_by_count_and_reads_fail() {
    let world = World::new();
    let calls = world.open();
    assert_eq!(kept(&calls, "alice").await.len(), 0);
    let mut rival = rival(&world.file()).await;
    sqlx::raw_sql("DROP TABLE call_metadata").execute(&mut rival).await.unwrap();
    calls.hand_over(Box::new(row("alice", 3, at(0), at(100))));
    assert!(calls.kept(&token("alice"), (0, 9)).await.is_err());
    assert!(calls.purge().await.is_err());
    assert_eq!((world.stats.call_metadata_lost(), world.stats.call_metadata_failures()), (1, 2));
    World::stop(calls).await;
}

async fn rival(file: &Path) -> sqlx::SqliteConnection {
    use sqlx::ConnectOptions;
    sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap()
}

#[tokio::test]
async fn every_migration_is_run_in_its_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/calls");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts: Vec<_> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    assert_eq!(texts, MIGRATIONS);
    for (at, file) in files.iter().enumerate() {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!("{:04}_", at + 1)), "{name}");
    }
    // In memory too, twice.
    for _ in 0..2 {
        Table::open(None, &MemoryStore::new()).await.unwrap().table.close().await.unwrap();
    }
}
