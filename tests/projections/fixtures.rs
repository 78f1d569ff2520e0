//! Every type of event that there is: taken without a fault, and shown as the accounts fold it.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use scrip_engine::load_books;
use scrip_ledger::{Event, Timestamp, decode};
use tempfile::TempDir;

use super::expected;
use super::tables::{Tables, int, text};
use super::world::{Log, catch_up, folder, follow, of_account};
use crate::properties::{policies, run, steps, terms};

const START: i64 = 1_772_000_000_000_000;

/// What the random histories do not reach: one account's life, an event a line.
const LIFE: &str = r#"
account_opened {"book":"mixed","owner":"owner-1","region":"DE"}
key_issued {"secret_sha256":"0101010101010101010101010101010101010101010101010101010101010101"}
granted {"source":"manual","credits":"100","priority":1}
hold_placed {"request_id":"r","model":"m","endpoint":"chat","key":1,"amount":"3","lots":[{"lot":2,"amount":"3"}],"expires_at":"2026-02-25T06:23:20.000000Z","catalog":1,"policy":1,"after":{"available":"97","posted":"100","held":"3"}}
hold_extended {"hold":3,"amount":"8","lots":[{"lot":2,"amount":"5"}],"expires_at":"2026-02-25T06:33:20.000000Z"}
hold_voided {"hold":3,"outcome":"failed","released":"8"}
key_rotated {"key":1,"secret_sha256":"0202020202020202020202020202020202020202020202020202020202020202"}
key_revoked {"key":1,"reason":"abuse"}
appeal_filed {"kind":"key","measure":1,"reference":"letter-1","by":"support"}
appeal_decided {"appeal":8,"upheld":true,"by":"admin"}
key_reinstated {"key":1,"secret_sha256":"0202020202020202020202020202020202020202020202020202020202020202"}
topped_up {"order_id":"order","product_id":"p20","catalog":1,"payment":{"provider":"stripe","payment_id":"pi","method":"card","amount":{"currency":"USD","amount":"20.00"}},"credits":"22","priority":5}
refund_requested {"order_id":"order","cause":"change_of_mind","evidence":[{"kind":"payment_proof","ref":"ticket-1"}],"channel":"alternative","handling":"review","clause":"Z5","policy":1,"missing":["identity","receiving_account"],"refundable":{"currency":"USD","amount":"20.00"},"by":"support"}
refund_evidence_added {"refund":12,"evidence":[{"kind":"identity","ref":"ticket-2"}],"missing":["receiving_account"],"by":"support"}
lot_received {"from":"alice","migration":9,"lot":2,"credits":"500","basis":{"order_id":"order-1","paid":{"currency":"USD","amount":"10.00"},"credits":"1000","paid_at":"2026-03-01T00:00:00.000000Z"},"priority":10}
compensation_claimed {"amount":{"currency":"USD","amount":"250.00"},"reason":"damages","reference":"case-1"}
compensation_settled {"claim":15,"paid":true,"reference":"wire-1"}
closure_announced {"by":"operator","reason":"business","effective_at":"2026-07-31T00:00:00.000000Z"}
announcement_withdrawn {"announcement":17,"reason":"resolved"}
frozen {"scope":{"kind":"account"},"reason":"abuse","owner_wide":true}
measure_spread {"measure":19,"accounts":2}
review_opened {"reason":"violations","count":2,"clause":"I12"}
review_closed {"review":21,"decision":"warned","by":"support"}
legal_hold_placed {"reason":"court","reference":"order-9"}
legal_hold_released {"legal_hold":23,"reason":"settled"}
legal_hold_placed {"reason":"court","reference":"order-10"}
approval_requested {"what":{"kind":"grant","source":"manual","credits":"11","reason":"goodwill"},"by":"finance"}
approval_rejected {"approval":26,"by":"ben"}
breach_notified {"by":"holder","reason":"resale","cure_until":"2026-07-31T00:00:00.000000Z"}
closure_announced {"by":"operator","reason":"business","effective_at":"2026-07-31T00:00:00.000000Z"}
account_closed {"by":"operator","reason":"fraud","breach":28}
lot_forfeited {"lot":2,"amount":"100","reason":"account_closed"}
appeal_filed {"kind":"closure","measure":30,"by":"support"}
appeal_decided {"appeal":32,"upheld":true,"by":"admin"}
account_reopened {"appeal":32}
lot_reinstated {"lot":2,"amount":"100"}
freeze_announced {"scope":{"kind":"account"},"reason":"upstream","effective_at":"2026-07-03T00:00:00.000000Z"}
"#;

fn life() -> Vec<(Event, Timestamp)> {
    let read = |(at, line): (i64, &str)| {
        let (wire_name, payload) = line.split_once(' ').unwrap();
        let event =
            decode(wire_name, 1, payload.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
        (event, Timestamp::from_micros(START + at * 1_000_000))
    };
    (0..).zip(LIFE.trim().lines()).map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_event_is_taken() {
    let mut histories = vec![life()];
    let mut runner = TestRunner::deterministic();
    let mixed = (policies::terms(), policies::steps());
    for _ in 0..400 {
        let (terms, steps) = mixed.new_tree(&mut runner).unwrap().current();
        histories.extend(policies::play(terms, steps).map(|run| run.history));
    }
    let plain = (terms::versions(), proptest::collection::vec(steps::step(), 60..100));
    for _ in 0..20 {
        let (versions, steps) = plain.new_tree(&mut runner).unwrap().current();
        let mut run = run::Run::new(versions);
        steps.iter().for_each(|step| run.step(step));
        histories.push(run.history);
    }
    let mut log = Log::default();
    let mut reached = BTreeSet::new();
    for (number, history) in histories.iter().enumerate() {
        for (event, at) in history {
            reached.insert(event.wire_name());
            log.append(&of_account(&format!("account{number}"), event, *at));
        }
    }
    let missing: Vec<_> = Event::WIRE_NAMES.iter().filter(|name| !reached.contains(**name)).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "types that no history has");
    let samples =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/events")).unwrap();
    for sample in samples {
        let name = sample.unwrap().file_name().into_string().unwrap();
        assert!(reached.contains(name.split('.').next().unwrap()), "{name}");
    }

    let path = TempDir::new().unwrap();
    let side = follow(&log, folder(path.path()), 1_000).await;
    catch_up(&side).await;
    assert_eq!(side.status().models.into_iter().find(|model| model.fault.is_some()), None);
    side.shutdown().await;
    let tables = Tables::of_folder(path.path()).await;
    expected::check(&tables, log.store.as_ref());

    // How cases of the one account ended, and by what.
    let cases = tables.rows("cases").iter().filter(|row| text(row, "account") == Some("account0"));
    let ended: BTreeSet<_> =
        cases.map(|row| (text(row, "id").unwrap(), text(row, "outcome").unwrap_or("open"))).collect();
    let expected = [
        ("account0.a8", "upheld"),
        ("account0.c15", "paid"),
        ("account0.n17", "withdrawn"),
        ("account0.w21", "warned"),
        ("account0.g23", "released"),
        ("account0.g25", "open"),
        ("account0.p26", "rejected"),
        ("account0.b28", "uncured"),
        ("account0.n29", "overtaken"),
        ("account0.a32", "upheld"),
        ("account0.n36", "open"),
    ];
    assert_eq!(ended, expected.into());
    let evidence =
        tables.rows("payout_evidence").iter().filter(|row| text(row, "account") == Some("account0"));
    let evidence: BTreeSet<_> = evidence
        .map(|row| {
            (text(row, "kind").unwrap(), text(row, "reference").unwrap(), int(row, "brought").unwrap())
        })
        .collect();
    let expected =
        [("identity", "ticket-2", 1), ("payment_proof", "ticket-1", 1), ("receiving_account", "", 0)];
    assert_eq!(evidence, expected.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_of_a_book_is_there() {
    let log = Log::default();
    let now = Timestamp::from_micros(START);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/books");
    let books = load_books(&dir, log.store.as_ref(), now).unwrap();
    let path = TempDir::new().unwrap();
    let side = follow(&log, folder(path.path()), 3).await;
    catch_up(&side).await;
    side.shutdown().await;
    let tables = Tables::of_folder(path.path()).await;
    let found: BTreeSet<(String, String, i64)> = tables
        .rows("versions")
        .iter()
        .map(|row| {
            let of = |column| text(row, column).unwrap().to_owned();
            assert_eq!(int(row, "announced_at"), Some(START));
            (of("book"), of("kind"), int(row, "version").unwrap())
        })
        .collect();
    let expected = books.iter().flat_map(|book| {
        let catalogs = book.catalogs().iter().map(|known| ("catalog", known.terms.version));
        let policies = book.policies().iter().map(|known| ("policy", known.terms.version));
        let all: Vec<_> = catalogs.chain(policies).collect();
        all.into_iter().map(|(kind, version)| (book.id.to_string(), kind.to_owned(), i64::from(version)))
    });
    assert_eq!(found, expected.collect());
}
