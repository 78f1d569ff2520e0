//! Clients that fire commands, and remember what was sent and what was answered.

use std::collections::BTreeMap;

use hyper::body::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use scrip_ledger::Credits;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::api::client::{Reply, call, tokens_used};
use crate::cli::process::Api;

/// The accounts; the first one is hot.
pub const ACCOUNTS: [&str; 4] = ["hot", "alice", "bob", "carol"];
/// Of a nano-credit.
pub const CREDIT: i128 = 1_000_000_000;

/// Per account what is posted and what is held, in nano-credits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum(BTreeMap<&'static str, (i128, i128)>);

impl Sum {
    pub fn add(&mut self, account: &'static str, posted: i128, held: i128) {
        let sum = self.0.entry(account).or_default();
        sum.0 += posted;
        sum.1 += held;
    }
}

/// A command, what it does if it is carried out, and its answer.
#[derive(Clone, Debug)]
pub struct Shot {
    pub op: &'static str,
    pub key: String,
    pub account: &'static str,
    /// What it adds to what is posted, in nano-credits.
    pub posted: i128,
    /// What it adds to what is held.
    pub held: i128,
    /// Status and body; none if the process was killed before it came.
    pub answer: Option<(u16, Bytes)>,
    role: &'static str,
    path: String,
    body: Value,
}

impl Shot {
    pub async fn send(&self, api: &Api) -> Option<Reply> {
        api.try_post(self.role, &self.path, &self.key, &self.body).await
    }
}

/// A hold that is open.
struct Open {
    id: String,
    account: &'static str,
    nanos: i128,
}

/// A client with a mind of its own.
pub struct Client {
    pub number: u64,
    pub shots: Vec<Shot>,
    open: Vec<Open>,
    random: StdRng,
}

fn credits(nanos: i128) -> String {
    Credits::from_nanos(nanos).to_string()
}

impl Client {
    pub fn new(number: u64, seed: u64) -> Self {
        Self { number, shots: Vec::new(), open: Vec::new(), random: StdRng::seed_from_u64(seed) }
    }

    /// Fires until nobody answers. Every answer is a yes: the accounts have more than enough.
    pub async fn shoot(mut self, api: Api, acknowledged: watch::Sender<u64>) -> Self {
        loop {
            let shot = self.next();
            let reply = shot.send(&api).await;
            self.shots.push(shot);
            let Some(reply) = reply else { return self };
            let reply = reply.ok();
            assert_eq!(reply.header("idempotent-replayed"), None, "{reply:?}");
            self.answered(self.shots.len() - 1, &reply);
            acknowledged.send_modify(|count| *count += 1);
        }
    }

    /// Notes the answer to a shot.
    pub fn answered(&mut self, at: usize, reply: &Reply) {
        let shot = &mut self.shots[at];
        shot.answer = Some((reply.status, reply.body.clone()));
        if shot.op == "hold" {
            self.open.push(Open { id: reply.text("hold_id"), account: shot.account, nanos: shot.held });
        }
    }

    fn next(&mut self) -> Shot {
        let key = format!("c{}-{}", self.number, self.shots.len());
        let kind = self.random.random_range(0..10);
        if kind >= 7 && !self.open.is_empty() {
            return self.settle(key, kind == 7);
        }
        let random = &mut self.random;
        let account =
            ACCOUNTS[if random.random_bool(0.5) { 0 } else { random.random_range(1..ACCOUNTS.len()) }];
        let nanos = random.random_range(1..2 * CREDIT);
        let shot = |op, role, noun, body, posted, held| {
            let path = format!("/v1/accounts/{account}/{noun}");
            Shot { op, key: key.clone(), account, posted, held, answer: None, role, path, body }
        };
        match kind {
            0 => {
                let body = json!({ "source": "compensation", "credits": credits(nanos) });
                shot("grant", "finance", "grants", body, nanos, 0)
            }
            1 => {
                let payment = json!({
                    "provider": "stripe", "payment_id": key, "method": "card", "currency": "USD", "amount": "10.00",
                });
                let body = json!({ "order_id": key, "product_id": "pack-10", "payment": payment });
                shot("top_up", "finance", "top-ups", body, 10 * CREDIT, 0)
            }
            2 => {
                let body = call(&key, "amount", json!(credits(nanos)));
                shot("debit", "proxy", "debits", body, -nanos, 0)
            }
            3 => {
                let (input, output) = (random.random_range(0..10_000), random.random_range(1..10_000));
                let body = call(&key, "usage", tokens_used(input, output));
                // 1.75 and 14 credits for a million.
                let charged = i128::from(input) * 1_750 + i128::from(output) * 14_000;
                shot("debit", "proxy", "debits", body, -charged, 0)
            }
            _ => {
                let mut body = call(&key, "amount", json!(credits(nanos)));
                body["ttl_seconds"] = json!(86_400);
                shot("hold", "proxy", "holds", body, 0, nanos)
            }
        }
    }

    /// Captures or voids a hold of this client's.
    fn settle(&mut self, key: String, void: bool) -> Shot {
        let Open { id, account, nanos } = self.open.swap_remove(self.random.random_range(0..self.open.len()));
        let charged = if void { 0 } else { self.random.random_range(1..=nanos) };
        let (op, body) = if void {
            ("void", json!({ "outcome": "failed" }))
        } else {
            ("capture", json!({ "amount": credits(charged), "outcome": "completed" }))
        };
        let path = format!("/v1/holds/{id}/{op}");
        Shot { op, key, account, posted: -charged, held: -nanos, answer: None, role: "proxy", path, body }
    }
}
