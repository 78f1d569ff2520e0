//! The real process, killed under load again and again: what it acknowledged is there, and nothing is there twice.
//!
//! `SCRIP_CRASH_ROUNDS` says how often it is killed, `SCRIP_CRASH_SEED` repeats the choices of a run.

mod load;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use scrip_ledger::Credits;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};

use crate::cli::log::{Segment, wait_for_a_write};
use crate::cli::process::{Api, Server, errors, kill_while_opening, scrip_on};
use load::{ACCOUNTS, Client, Shot, Sum};

/// Clients that call at once.
const CLIENTS: u64 = 8;

fn variable(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_loses_nothing_that_was_acknowledged_and_doubles_nothing() {
    let seed = variable("SCRIP_CRASH_SEED").unwrap_or_else(|| RandomState::new().hash_one("seed"));
    println!("SCRIP_CRASH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &[]).await;
    let mut opened = Sum::default();
    for account in ACCOUNTS {
        server.api.account(account, "5000").await;
        opened.add(account, 5_000 * load::CREDIT, 0);
    }
    let mut clients: Vec<_> = (0..CLIENTS).map(|number| Client::new(number, random.random())).collect();
    let mut kept: Option<String> = None;
    for round in 0..variable("SCRIP_CRASH_ROUNDS").unwrap_or(5) {
        let fired: Vec<usize> = clients.iter().map(|client| client.shots.len()).collect();
        let within_a_write = random.random_bool(0.5).then(|| data.clone());
        clients = shoot_and_kill(server, clients, random.random_range(20..300), within_a_write).await;
        if random.random_bool(0.5) {
            std::fs::remove_dir_all(data.join("index")).unwrap();
        }
        if random.random_bool(0.3) {
            kill_while_opening(&data).await;
        }
        // What is opened first after the crash cuts what it tore: a server, or an auditor with an older head.
        if random.random_bool(0.3)
            && let Some(kept) = &kept
        {
            scrip_on(&data, &["verify", "--expect", kept]).await.with(0);
        }
        if kept.is_none() || random.random_bool(0.2) {
            let head = scrip_on(&data, &["head"]).await.with(0).out;
            kept = Some(head.trim_end().to_owned());
        }
        server = Server::start(&data, &[]).await;
        let (recorded, lost) = settle(&server.api, &opened, &mut clients).await;
        println!("round {round}: of those without an answer {recorded} were recorded, {lost} were not");
        let mut again: Vec<Shot> = Vec::new();
        for (client, from) in clients.iter().zip(fired) {
            again.extend_from_slice(&client.shots[from..]);
            let before = from.saturating_sub(1);
            again.extend(client.shots.get(random.random_range(0..=before)).cloned());
        }
        replay(&server.api, again).await;
    }
    let all: Vec<Shot> = clients.iter().flat_map(|client| client.shots.iter().cloned()).collect();
    println!("{} commands, each answered once", all.len());
    let before = balances(&server.api).await;
    replay(&server.api, all.clone()).await;
    assert_eq!(balances(&server.api).await, before);
    server.stop().await;
    let kept = kept.unwrap();
    let verified = scrip_on(&data, &["verify", "--expect", &kept]).await.with(0);
    assert!(
        verified.out.contains("verified: nothing is wrong") && !verified.out.contains("cut:"),
        "{verified:?}"
    );
    each_key_is_recorded_once(&data, &all).await;
    damage_is_found(&data, &mut random).await;
}

/// All clients shoot, and the process is killed once so many commands have been acknowledged, or in the write after that.
async fn shoot_and_kill(
    server: Server,
    clients: Vec<Client>,
    acknowledged: u64,
    within_a_write: Option<PathBuf>,
) -> Vec<Client> {
    let (count, mut counted) = watch::channel(0);
    let mut shooting = JoinSet::new();
    for client in clients {
        shooting.spawn(client.shoot(server.api.clone(), count.clone()));
    }
    drop(count);
    counted.wait_for(|count| *count >= acknowledged).await.expect("every client gave up before the kill");
    if let Some(data) = within_a_write {
        spawn_blocking(move || wait_for_a_write(&data)).await.unwrap();
    }
    server.kill().await;
    let mut clients = shooting.join_all().await;
    clients.sort_by_key(|client| client.number);
    clients
}

/// What is posted and held, as the server says.
async fn balances(api: &Api) -> Sum {
    let mut sum = Sum::default();
    for account in ACCOUNTS {
        let json = api.get("auditor", &format!("/v1/accounts/{account}")).await.ok().json();
        let [available, posted, held] = ["available", "posted", "held"].map(|name| {
            let amount: Credits = json["balance"][name].as_str().unwrap().parse().unwrap();
            amount.nanos()
        });
        assert_eq!(available, posted - held, "{json}");
        sum.add(account, posted, held);
    }
    sum
}

/// Sends again what had no answer: it was there whole, or not at all, and is there once now. Answers how many of each
/// there were.
async fn settle(api: &Api, opened: &Sum, clients: &mut [Client]) -> (usize, usize) {
    let found = balances(api).await;
    let (mut there, mut all) = (opened.clone(), opened.clone());
    let (mut recorded, mut lost) = (0, 0);
    for client in clients {
        for at in 0..client.shots.len() {
            let was_answered = client.shots[at].answer.is_some();
            let mut was_there = was_answered;
            if !was_answered {
                let reply = client.shots[at].send(api).await.expect("no answer").ok();
                was_there = reply.header("idempotent-replayed").is_some();
                *(if was_there { &mut recorded } else { &mut lost }) += 1;
                client.answered(at, &reply);
            }
            let shot = &client.shots[at];
            if was_there {
                there.add(shot.account, shot.posted, shot.held);
            }
            all.add(shot.account, shot.posted, shot.held);
        }
    }
    assert_eq!(found, there, "what was found after the crash is not what was acknowledged and recorded");
    assert_eq!(balances(api).await, all, "what had no answer is not there once");
    (recorded, lost)
}

/// Every command again: the same status and bytes, marked as a repetition.
async fn replay(api: &Api, shots: Vec<Shot>) {
    let mut asking = JoinSet::new();
    let part = shots.len().div_ceil(8).max(1);
    for shots in shots.chunks(part).map(<[Shot]>::to_vec) {
        let api = api.clone();
        asking.spawn(async move {
            for shot in shots {
                let again = shot.send(&api).await.expect("no answer");
                let first = shot.answer.as_ref().expect("settled");
                assert_eq!((again.status, &again.body), (first.0, &first.1), "{shot:?}");
                assert_eq!(again.header("idempotent-replayed"), Some("true"), "{shot:?}");
            }
        });
    }
    asking.join_all().await;
}

/// The log itself: one event of the account for each key.
async fn each_key_is_recorded_once(data: &Path, shots: &[Shot]) {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for line in scrip_on(data, &["events"]).await.with(0).out.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(key) = event["key"].as_str()
            && event["stream"].as_str().unwrap().starts_with("account-")
        {
            *counted.entry(key.to_owned()).or_default() += 1;
        }
    }
    for shot in shots {
        assert_eq!(counted.remove(&format!("pixapi/{}/{}", shot.op, shot.key)), Some(1), "{shot:?}");
    }
    let opening = ACCOUNTS.len() * 2;
    assert_eq!(counted.len(), opening, "the log has keys that nobody sent: {counted:?}");
}

/// A bit of what was acknowledged turns over: it is found and named.
async fn damage_is_found(data: &Path, random: &mut StdRng) {
    let head = scrip_on(data, &["head"]).await.with(0).out;
    let head = head.trim_end();
    let segment = Segment::first(data);
    let frames = segment.before_the_last_batch();
    for _ in 0..3 {
        let (frame, _) = &frames[random.random_range(0..frames.len())];
        let (offset, bit) = (random.random_range(frame.start + 8..frame.end), random.random_range(0..8));
        segment.flip(offset, bit);
        let found = scrip_on(data, &["verify"]).await.with(1);
        let damage = format!("segment 1 is damaged at offset {}", frame.start);
        assert!(found.out.contains(&damage), "bit {bit} of {offset}: {}", found.out);
        let refused = Server::refused(data, &[]).await.with(3);
        assert!(refused.err.contains(&damage), "{}", refused.err);
        segment.flip(offset, bit);
    }
    scrip_on(data, &["verify", "--expect", head]).await.with(0);
    let batch = segment.last_batch();
    segment.flip(random.random_range(batch.start + 12..batch.end), random.random_range(0..8));
    let found = scrip_on(data, &["verify", "--expect", head]).await.with(1);
    for said in [&format!("segment 1 from offset {} on", batch.start), "shorter than the head that was kept"]
    {
        assert!(found.out.contains(said), "{}", found.out);
    }
}

/// What a process said while it opened what a crash had left is no error.
#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_is_cut_and_told() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]).await;
    server.api.account("alice", "5").await;
    let debit = crate::api::client::call("r-1", "amount", json!("1"));
    server.api.post("proxy", "/v1/accounts/alice/debits", "d-1", debit.clone()).await.ok();
    server.kill().await;
    // As if the last batch, the debit, had been torn while it was written.
    let segment = Segment::first(&data);
    let batch = segment.last_batch().clone();
    segment.flip(batch.start + 20, 0);
    let server = Server::start(&data, &[]).await;
    let told = errors(&data);
    assert!(
        told.contains(&format!("the log's tail was cut: segment 1 from offset {}", batch.start)),
        "{told}"
    );
    let balance =
        server.api.get("auditor", "/v1/accounts/alice").await.ok().json()["balance"]["available"].clone();
    assert_eq!(balance, "5");
    // The index knows nothing of it either: its key is free.
    let again = server.api.post("proxy", "/v1/accounts/alice/debits", "d-1", debit).await.ok();
    assert_eq!(again.header("idempotent-replayed"), None);
    server.stop().await;
    scrip_on(&data, &["verify"]).await.with(0);
}
