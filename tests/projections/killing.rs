//! The real process, killed at random moments: its read models hold what follows from its log all the same.

use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api::client::call;
use crate::cli::folder;
use crate::cli::process::{Api, Server, kill_while_opening, scrip_on, until};

const ACCOUNTS: [&str; 3] = ["alice", "bob", "carol"];

/// Debits and holds without end, a batch after the other; says how many batches were acknowledged.
async fn shoot(api: Api, account: &'static str, round: usize, count: watch::Sender<u64>) {
    for batch in 0.. {
        let commands: Vec<Value> = (0..40)
            .map(|at| {
                let key = format!("{account}-{round}-{batch}-{at}");
                let op = if at % 3 == 0 { "hold" } else { "debit" };
                let body = call(&key, "amount", json!("0.001"));
                json!({ "op": op, "idempotency_key": key, "account_id": account, "body": body })
            })
            .collect();
        let path = "/v1/commands";
        if api.try_post("proxy", path, "-", &json!({ "commands": commands })).await.is_none() {
            return;
        }
        count.send_modify(|count| *count += 1);
    }
}

/// What is there equals what is computed anew, or has never been complete.
async fn is_right(data: &Path) {
    let checked = scrip_on(data, &["verify", "--projections"]).await;
    match checked.code {
        Some(0) => {
            assert!(checked.out.contains("were compared with ones that were computed anew"), "{checked:?}")
        }
        Some(3) => assert!(checked.err.contains("no read models to compare"), "{checked:?}"),
        _ => panic!("{checked:#?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_leaves_nothing_half_done() {
    let mut random = StdRng::seed_from_u64(rand::random());
    let (_folder, data) = folder();
    let mut server = Server::start(&data, &[]).await;
    for account in ACCOUNTS {
        server.api.account(account, "5000").await;
    }
    for round in 0..5 {
        let (count, mut counted) = watch::channel(0);
        let mut shooting = JoinSet::new();
        for account in ACCOUNTS {
            shooting.spawn(shoot(server.api.clone(), account, round, count.clone()));
        }
        // Half of the time, while new ones are built beside those in use.
        if random.random_bool(0.5) {
            let key = format!("rebuild-{round}");
            server.api.post("admin", "/v1/projections/rebuild", &key, json!({})).await.ok();
        }
        let acknowledged = random.random_range(1..25);
        counted.wait_for(|count| *count >= acknowledged).await.unwrap();
        server.kill().await;
        shooting.join_all().await;
        if random.random_bool(0.4) {
            kill_while_opening(&data).await;
        }
        is_right(&data).await;
        server = Server::start(&data, &[]).await;
    }
    server.stop().await;
    // In peace, they come to the end of the log.
    let head = scrip_on(&data, &["head"]).await.with(0).out;
    let end = format!("rows of the read models at position {} ", head.split_once(':').unwrap().0);
    until("the read models have caught up", async || {
        Server::start(&data, &[]).await.stop().await;
        let checked = scrip_on(&data, &["verify", "--projections"]).await.with(0);
        checked.out.contains(&end) && checked.out.contains("verified: nothing is wrong")
    })
    .await;
}
