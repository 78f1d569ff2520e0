//! An event that cannot be taken: what needs it stops there and says so, everything else goes on, and somebody's recorded
//! decision lets it be left out.

use std::path::Path;

use rand::SeedableRng;
use rand::rngs::StdRng;
use scrip_engine::Options as EngineOptions;
use scrip_ledger::{Timestamp, Token};
use scrip_projections::{Decision, ReadSide, SkipError, model_names};
use tempfile::TempDir;

use super::tables::{Tables, int, text};
use super::world::{BOOK, Log, Next, catch_up, closing, folder, follow, new_event};
use crate::engine::world::{World, request, token};

/// A history of two accounts, the same every time.
fn history() -> Vec<Next> {
    let mut random = StdRng::seed_from_u64(7);
    super::histories::sample(2, &mut random)
}

/// When the account that breaks was opened: nothing happens to it after that, as nothing is decided on such an account.
const OPENED: Timestamp = Timestamp::from_micros(1_772_000_000_000_000);

/// An account that breaks.
fn broken(log: &mut Log) {
    for (wire_name, payload) in [
        ("account_opened", &br#"{"book":"mixed"}"#[..]),
        ("granted", br#"{"source":"manual","credits":"100","priority":1}"#),
    ] {
        log.append(&poison("account-broken", wire_name, payload, OPENED));
    }
}

/// Something that cannot be taken, in the stream of an account or of the book.
fn poison(stream: &str, event_type: &str, payload: &[u8], at: Timestamp) -> Next {
    Next { stream: stream.to_owned(), event: new_event(event_type, at, at, payload.to_vec()) }
}

/// What stands where, and why.
fn stopped(side: &ReadSide) -> Vec<(&'static str, u64, String)> {
    let models = side.status().models.into_iter();
    models.filter_map(|model| Some((model.name, model.position, model.fault?))).collect()
}

async fn decide(side: &ReadSide, model: &str, position: u64) -> Option<u64> {
    let decision = Decision {
        position,
        reason: Token::new("damaged").unwrap(),
        actor: "root".into(),
        correlation: "".into(),
        now: Timestamp::from_micros(1_772_400_000_000_000),
    };
    let (side, model) = (side.clone(), model.to_owned());
    match tokio::task::spawn_blocking(move || side.skip(&model, &decision)).await.unwrap() {
        Ok(decided) => Some(decided.position),
        Err(SkipError::NotThere { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Half of a history, a poison, the other half: who stops, and what becomes of them when it is left out.
async fn goes_on_without(poison: Next, stops: &[&str], says: &str) {
    let (grown, rebuilt) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let events = history();
    let (before, after) = events.split_at(events.len() / 2);
    let mut log = Log::default();
    log.extend(before);
    let side = follow(&log, folder(grown.path()), 7).await;
    catch_up(&side).await;
    broken(&mut log);
    let at = log.append(&poison);
    log.extend(after);
    let others: Vec<&str> = model_names().into_iter().filter(|name| !stops.contains(name)).collect();
    assert!(!others.is_empty(), "somebody goes on");
    catch_up(&side).await;
    let found = stopped(&side);
    assert_eq!(found.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), ordered(stops));
    for (name, position, fault) in &found {
        assert_eq!(*position, at, "{name}");
        assert!(fault.contains(says), "{fault}");
    }
    for model in side.status().models.iter().filter(|model| others.contains(&model.name)) {
        assert_eq!((model.position, &model.fault), (log.len(), &None), "{}", model.name);
    }

    // A start anew changes nothing about that.
    side.shutdown().await;
    let side = follow(&log, folder(grown.path()), 1_000).await;
    catch_up(&side).await;
    assert_eq!(stopped(&side), found);

    // Only what stopped a model can be left out, and only of that model.
    assert_eq!(decide(&side, stops[0], at + 1).await, None);
    assert_eq!(decide(&side, others[0], at).await, None);
    let (first, rest) = stops.split_first().unwrap();
    let next = log.len();
    assert_eq!(decide(&side, first, at).await, Some(next));
    until_running(&side, first).await;
    assert_eq!(stopped(&side).len(), rest.len());
    for name in rest {
        assert!(decide(&side, name, at).await.is_some());
        until_running(&side, name).await;
    }
    catch_up(&side).await;
    assert_eq!(stopped(&side), vec![]);
    side.shutdown().await;

    // Who begins from nothing keeps to what was decided, and comes to the same.
    let side = follow(&log, folder(rebuilt.path()), 1_000).await;
    catch_up(&side).await;
    assert_eq!(stopped(&side), vec![]);
    side.shutdown().await;
    let (grown, rebuilt) = (tables(grown.path()).await, tables(rebuilt.path()).await);
    grown.assert_same(&rebuilt, "grown, and built from nothing");
    let events = grown.rows("balances").iter().map(|row| int(row, "events").unwrap()).sum::<i64>();
    let left_out = u64::from(stops.contains(&"balances"));
    assert_eq!(events as u64 + left_out, log.events_of("account-"), "everything else was taken");
}

async fn tables(path: &Path) -> Tables {
    Tables::of_folder(path).await
}

async fn until_running(side: &ReadSide, model: &str) {
    let running = || stopped(side).iter().all(|(name, ..)| *name != model);
    crate::cli::process::until("a model goes on", async || running()).await;
}

fn ordered<'a>(names: &[&'a str]) -> Vec<&'a str> {
    model_names().into_iter().filter_map(|name| names.iter().find(|known| **known == name).copied()).collect()
}

/// Everything that takes the events of accounts.
fn of_accounts() -> Vec<&'static str> {
    model_names().into_iter().filter(|name| *name != "versions").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_stops_who_needs_it() {
    for (wire_name, payload) in
        [("debited", &br#"{"charge":1}"#[..]), ("sold", b"{}"), ("granted", &[0xff, 0, 0x7b])]
    {
        let unreadable = poison("account-broken", wire_name, payload, OPENED);
        goes_on_without(unreadable, &of_accounts(), "cannot be read").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_the_history_stops_who_needs_it() {
    let hold_voided = br#"{"hold":9999,"outcome":"failed","released":"0"}"#;
    let contradiction = poison("account-broken", "hold_voided", hold_voided, OPENED);
    goes_on_without(contradiction, &of_accounts(), "contradicts").await;
    // One that has changed a part of the account before it is found out.
    let dispute_closed = br#"{"order_id":"nobodys","dispute":"dp","won":false,"credits":"5","debt":"5",
        "lots":[{"lot":1,"amount":"200"}]}"#;
    let half_way = poison("account-broken", "payment_dispute_closed", dispute_closed, OPENED);
    goes_on_without(half_way, &of_accounts(), "contradicts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_of_a_book_stops_who_needs_it() {
    let stream = format!("book-{BOOK}");
    let unreadable = poison(&stream, "period_closed", br#"{"until":"yesterday"}"#, OPENED);
    goes_on_without(unreadable, &["entries", "versions"], "cannot be read").await;
}

/// A sum of calls that no column holds: it is not cut, and no float takes its place.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_column_can_hold_stops_who_needs_it() {
    const MOST: &str = "1000000000000000000";
    const TIMES: u64 = 10;
    let mut log = Log::default();
    let open = br#"{"book":"mixed"}"#;
    log.append(&poison("account-rich", "account_opened", open, OPENED));
    let mut last = 0;
    for round in 0..TIMES {
        let grant = format!(r#"{{"source":"manual","credits":"{MOST}","priority":1}}"#);
        log.append(&poison("account-rich", "granted", grant.as_bytes(), OPENED));
        let charge = format!(
            r#"{{"charge":{{"request_id":"r","model":"m","endpoint":"e","outcome":"completed","charged":"{MOST}",
            "lots":[{{"lot":{},"amount":"{MOST}"}}],"catalog":1,"policy":1}}}}"#,
            2 * round + 1
        );
        last = log.append(&poison("account-rich", "debited", charge.as_bytes(), OPENED));
    }
    log.extend(&history());
    let mut found = Vec::new();
    for batch in [1, 5, 16_384] {
        let path = TempDir::new().unwrap();
        let side = follow(&log, folder(path.path()), batch).await;
        catch_up(&side).await;
        found.push(stopped(&side).into_iter().map(|(name, at, _)| (name, at)).collect::<Vec<_>>());
        side.shutdown().await;
    }
    let names: Vec<&str> = found[0].iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ordered(&["balances", "usage", "entries"]));
    assert!(found[0].iter().all(|(_, at)| *at <= last), "{found:?}");
    assert!(found.iter().all(|others| *others == found[0]), "it depends on batches: {found:?}");

    let (decided, anew) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let side = follow(&log, folder(decided.path()), 16_384).await;
    catch_up(&side).await;
    for name in names {
        // It may stop again where the sum is too large still.
        while let Some((_, at, _)) = stopped(&side).into_iter().find(|(stopped, ..)| *stopped == name) {
            assert!(decide(&side, name, at).await.is_some());
            let goes_on = || stopped(&side).iter().all(|(known, stands, _)| *known != name || *stands > at);
            crate::cli::process::until("a model goes on", async || goes_on()).await;
            catch_up(&side).await;
        }
    }
    assert_eq!(stopped(&side), vec![]);
    side.shutdown().await;
    let side = follow(&log, folder(anew.path()), 3).await;
    catch_up(&side).await;
    assert_eq!(stopped(&side), vec![]);
    side.shutdown().await;
    let (decided, anew) = (tables(decided.path()).await, tables(anew.path()).await);
    decided.assert_same(&anew, "decided as it came, and built from nothing");
}

/// What was gathered of a batch up to an event that nobody can take is booked by the periods that were closed then, not by
/// one that is closed later in the batch.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_taken_again_knows_nothing_of_what_comes_later() {
    let (at_once, one_by_one) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut log = Log::default();
    let events = history();
    log.extend(&events);
    let end = events.iter().map(|next| next.event.recorded_at).max().unwrap();
    let end = Timestamp::from_micros(end + 1);
    log.append(&closing(end, end));
    log.append(&poison("account-account0", "sold", b"{}", end));
    for (path, batch) in [(&at_once, 16_384), (&one_by_one, 1)] {
        let side = follow(&log, folder(path.path()), batch).await;
        catch_up(&side).await;
        assert_eq!(stopped(&side).len(), of_accounts().len());
        side.shutdown().await;
    }
    let (at_once, one_by_one) = (tables(at_once.path()).await, tables(one_by_one.path()).await);
    at_once.assert_same(&one_by_one, "at once, and one by one");
    assert!(
        at_once.rows("entries").iter().all(|row| text(row, "booked_at") != Some(&end.micros().to_string()))
    );
}

/// Commands are decided and recorded as ever while read models stand still.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_disturbed() {
    let mut log = Log::default();
    let path = TempDir::new().unwrap();
    let world = World::start(log.events(), EngineOptions::default());
    let side = follow(&log, folder(path.path()), 100).await;
    let at = log.append(&poison("account-bob", "sold", b"{}", OPENED));
    world.account("alice", "10").await;
    let debit = crate::engine::world::debit("4");
    world.engine.submit(request("alice", "d-1", debit)).await.unwrap();
    assert_eq!(world.available("alice").await, "6");
    assert!(world.engine.is_healthy());
    catch_up(&side).await;
    assert_eq!(stopped(&side).len(), of_accounts().len());
    for model in of_accounts() {
        assert!(decide(&side, model, at).await.is_some());
        until_running(&side, model).await;
    }
    catch_up(&side).await;
    let id = token("alice");
    let (account, _) = side.account_as_of(&id, &Default::default()).await.unwrap();
    assert_eq!(account.balance().available.to_string(), "6");
    world.engine.shutdown().await;
    side.shutdown().await;
}
