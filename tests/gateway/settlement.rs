//! A ledger that cannot write for a while: calls wait for it, and are settled once.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use scrip_gateway::mock::{Manner, Mock, Script, completion, usage_chunk};
use scrip_gateway::{Config, Limits, Models, Times, Upstream};
use scrip_store::{
    Appended, Conflict, EventStore, Group, Head, MemoryStore, RecordedRef, StoreError, StreamHead, StreamName,
};
use serde_json::json;

use super::streams::{DONE, begun};
use super::world::{World, ask, book, eventually, times};

/// A store whose disk can be full.
#[derive(Default)]
struct Disk {
    store: MemoryStore,
    full: AtomicBool,
    refused: AtomicUsize,
}

impl EventStore for Disk {
    fn append(&self, groups: &[Group]) -> Result<Vec<Result<Appended, Conflict>>, StoreError> {
        if self.full.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(StoreError::Full {
                name: "segment".to_owned(),
                source: std::io::ErrorKind::StorageFull.into(),
            });
        }
        self.store.append(groups)
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.store.head()
    }

    fn stream_head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError> {
        self.store.stream_head(stream)
    }

    fn scan_stream(
        &self,
        stream: &StreamName,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.store.scan_stream(stream, from, visit)
    }

    fn scan_all(
        &self,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.store.scan_all(from, visit)
    }

    fn wait_past(&self, position: u64, timeout: Duration) -> Result<u64, StoreError> {
        self.store.wait_past(position, timeout)
    }
}

async fn world(times: Times) -> (World, Arc<Disk>) {
    let disk = Arc::new(Disk::default());
    let provider = Mock::start(Manner::default()).await.unwrap();
    let upstream = Upstream::new("mock", &provider.base_url(), None, Models::All).unwrap();
    let config = Config { upstreams: vec![upstream], limits: Limits::default(), times };
    let store: Arc<dyn EventStore> = Arc::clone(&disk) as _;
    (World::on(store, book("pixapi"), "2", config, provider).await, disk)
}

#[tokio::test]
async fn a_stream_waits_for_its_receipt_until_the_ledger_can_write() {
    let (world, disk) = world(times()).await;
    let (mut reading, gate) = begun(&world, json!({"stream_options": {"include_usage": true}})).await;
    disk.full.store(true, Ordering::SeqCst);
    gate.send(usage_chunk(100, 50) + DONE);
    reading.until("\"total_tokens\":150").await;
    eventually(|| disk.refused.load(Ordering::SeqCst) >= 2).await;
    assert!(!reading.seen.contains("[DONE]"), "no receipt for what is not recorded");
    disk.full.store(false, Ordering::SeqCst);
    assert!(reading.rest().await.ends_with(DONE));
    assert_eq!(world.charge().1, "0.000875");
    world.end().await;
}

#[tokio::test]
async fn an_answer_whose_charge_cannot_be_recorded_is_withheld_and_its_hold_frees_itself() {
    let (world, disk) = world(Times { settle: Duration::from_millis(50), ..times() }).await;
    let (script, release) = Script::json(200, completion("hi", 100, 50)).held_back();
    world.provider.script(script);
    let (reply, ()) = tokio::join!(world.call(ask("gpt-5.2", json!({}))), async {
        world.provider.received_in_all(1).await;
        disk.full.store(true, Ordering::SeqCst);
        release.release();
    });
    assert_eq!((reply.status, reply.code().as_str()), (503, "store_unavailable"));
    disk.full.store(false, Ordering::SeqCst);
    world.pass_seconds(601);
    world.engine.sweep().await.unwrap();
    assert_eq!(world.balance().await, ["2", "0", "0"]);
    world.end().await;
}
