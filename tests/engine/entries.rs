//! The log as entries: when each is booked, of which accounts, and what cannot be read.

use std::ops::ControlFlow;

use scrip_engine::{Entries, Entry, EntryError};
use scrip_ledger::{Timestamp, Token};
use scrip_store::{EventStore, Expected, Group, MemoryStore, NewEvent, StreamAppend, StreamName};
use serde_json::{Value, json};
use uuid::Uuid;

fn micros(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().micros()
}

/// A log that says what it is told.
#[derive(Default)]
struct Log(MemoryStore);

impl Log {
    /// An event of a stream, recorded at a time, and in effect since then or another.
    fn add(&self, stream: &str, event_type: &str, recorded: &str, effective: Option<&str>, payload: &Value) {
        let stream = StreamName::new(stream).unwrap();
        let last = self.0.stream_head(&stream).unwrap().map(|head| head.revision);
        let event = NewEvent {
            id: Uuid::from_u128(1),
            event_type: event_type.into(),
            version: 1,
            recorded_at: micros(recorded),
            effective_at: micros(effective.unwrap_or(recorded)),
            actor: "finance".into(),
            correlation: "".into(),
            causation: "".into(),
            key: "".into(),
            fingerprint: [0; 16],
            payload: payload.to_string().into_bytes(),
        };
        let append = StreamAppend { stream, expected: Expected::after(last), events: vec![event] };
        self.0.append(&[Group { appends: vec![append] }]).unwrap().remove(0).unwrap();
    }

    fn account(&self, id: &str, book: &str, recorded: &str) {
        let stream = format!("account-{id}");
        self.add(&stream, "account_opened", recorded, None, &json!({ "book": book }));
        let grant = json!({ "source": "promotional", "credits": "5", "priority": 1 });
        self.add(&stream, "granted", recorded, None, &grant);
    }

    fn expired(&self, id: &str, recorded: &str, effective: &str) {
        let expired = json!({ "lot": 1, "amount": "1", "expired_at": effective });
        self.add(&format!("account-{id}"), "lot_expired", recorded, Some(effective), &expired);
    }

    fn read(&self, entries: &mut Entries) -> Result<Vec<Entry>, EntryError> {
        let (mut read, mut failed) = (Vec::new(), None);
        let scanned = self.0.scan_all(0, &mut |stored| match entries.take(&stored) {
            Ok(entry) => {
                read.extend(entry);
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        });
        scanned.unwrap();
        failed.map_or(Ok(read), Err)
    }
}

#[test]
fn what_is_recorded_after_the_close_adjusts_the_open_period() {
    let log = Log::default();
    let closed = json!({ "until": "2026-04-01T00:00:00.000000Z" });
    log.account("alice", "b1", "2026-03-01T00:00:00Z");
    log.account("carol", "b2", "2026-03-01T00:00:00Z");
    log.expired("alice", "2026-04-02T00:00:00Z", "2026-03-20T00:00:00Z");
    log.add("book-b1", "period_closed", "2026-04-03T00:00:00Z", None, &closed);
    log.expired("alice", "2026-04-04T00:00:00Z", "2026-03-21T00:00:00Z");
    log.expired("alice", "2026-04-05T00:00:00Z", "2026-04-01T00:00:00Z");
    // Another book has closed nothing.
    log.expired("carol", "2026-04-04T00:00:00Z", "2026-03-21T00:00:00Z");
    let entries = log.read(&mut Entries::default()).unwrap();
    let booked: Vec<_> = entries
        .iter()
        .filter(|entry| entry.event == "lot_expired")
        .map(|entry| (entry.account.as_str(), entry.booked.at.to_string(), entry.booked.late))
        .collect();
    let expected = [
        ("alice", "2026-03-20T00:00:00.000000Z", false),
        ("alice", "2026-04-04T00:00:00.000000Z", true),
        ("alice", "2026-04-01T00:00:00.000000Z", false),
        ("carol", "2026-03-21T00:00:00.000000Z", false),
    ];
    assert_eq!(booked, expected.map(|(account, at, late)| (account, at.to_owned(), late)));
    let effective: Vec<i64> = entries.iter().map(|entry| entry.effective_at.micros()).collect();
    assert_eq!(
        effective[3],
        micros("2026-03-21T00:00:00Z"),
        "what is late says when it took effect all the same"
    );
}

#[test]
fn entries_are_of_all_accounts_of_one_or_of_a_book() {
    let log = Log::default();
    for (account, book) in [("alice", "b1"), ("bob", "b1"), ("carol", "b2")] {
        log.account(account, book, "2026-03-01T00:00:00Z");
    }
    log.add("owner-x", "account_of_owner", "2026-03-01T00:00:00Z", None, &json!({ "account": "alice" }));
    let token = |text: &str| Token::new(text).unwrap();
    let of = |entries: &mut Entries| {
        let read = log.read(entries).unwrap();
        read.into_iter().map(|entry| entry.account.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(&mut Entries::default()), ["alice", "bob", "carol"]);
    let mut bobs = Entries::of(Some(token("bob")), None);
    assert_eq!(of(&mut bobs), ["bob"]);
    assert!(bobs.knows_account(&token("bob")) && !bobs.knows_account(&token("nobody")));
    let mut second = Entries::of(None, Some(token("b2")));
    assert_eq!(of(&mut second), ["carol"]);
    assert_eq!(second.accounts().count(), 1);
    assert_eq!(of(&mut Entries::of(Some(token("bob")), Some(token("b2")))), Vec::<String>::new());
}

#[test]
fn what_contradicts_itself_or_cannot_be_read_has_no_entry() {
    let broken = |event: &str, payload: Value| {
        let log = Log::default();
        log.account("alice", "b1", "2026-03-01T00:00:00Z");
        let stream = if event == "period_closed" { "book-b1" } else { "account-alice" };
        log.add(stream, event, "2026-03-02T00:00:00Z", None, &payload);
        log.read(&mut Entries::default()).unwrap_err()
    };
    let too_much = json!({ "lot": 1, "amount": "6", "expired_at": "2026-03-02T00:00:00.000000Z" });
    let error = broken("lot_expired", too_much);
    assert!(matches!(&error, EntryError::Postings { position: 2, revision: 2, .. }), "{error}");
    assert!(matches!(broken("lot_melted", json!({})), EntryError::History(_)));
    assert!(matches!(broken("granted", json!({ "credits": 5 })), EntryError::History(_)));
    assert!(matches!(
        broken("period_closed", json!({ "until": "June" })),
        EntryError::Book { revision: 0, .. }
    ));
}
