//! The API over HTTP, beside a handler of the same server that does nothing.

use std::time::Duration;

use serde_json::json;

use super::child::Server;
use super::load::{Load, post, run};
use super::report::{Aim, Report};
use super::{Setting, machine};
use crate::client::Api;

const CONNECTIONS: usize = 64;
const ACCOUNTS: usize = 10_000;
/// Items of one request while preparing.
const PREPARE: usize = 2000;

/// What one round of load cost the server.
struct Cost {
    load: Load,
    cpu_micros: f64,
}

pub fn measure(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = Server::start(&setting.folder.join("http"), &[])?;
    let address = server.address("/listening")?;
    let token = server.text("/tokens/admin")?.to_owned();
    let terms = runtime.block_on(prepare(&server, &token))?;
    let load = |connections: usize,
                request: fn(&Calls, usize, u64) -> Vec<u8>,
                round: usize|
     -> anyhow::Result<Cost> {
        let calls = Calls { token: token.clone(), body: terms.clone(), round };
        let before = server.cpu();
        let made = move |connection, number| request(&calls, connection, number);
        let load = runtime.block_on(run(address, connections, setting.time, made))?;
        let cpu = server.cpu().saturating_sub(before);
        Ok(Cost { cpu_micros: cpu.as_secs_f64() * 1e6 / load.answers.max(1) as f64, load })
    };

    let mut figures = Figures::default();
    for round in 0..setting.rounds {
        let nothing = load(CONNECTIONS, Calls::nothing, round)?;
        let spread = load(CONNECTIONS, Calls::spread, round)?;
        let hot = load(CONNECTIONS, Calls::hot, round)?;
        let single = load(1, Calls::single, round)?;
        let single_nothing = load(1, Calls::nothing, round)?;
        let sync = machine::sync_times(&setting.folder, 1000)?;
        figures.nothing.push(nothing.load.rate);
        figures.spread.push(spread.load.rate);
        figures.rate_ratio.push(spread.load.rate / nothing.load.rate);
        figures.nothing_cpu.push(nothing.cpu_micros);
        figures.spread_cpu.push(spread.cpu_micros);
        figures.cpu_ratio.push(spread.cpu_micros / nothing.cpu_micros);
        figures.hot_ratio.push(hot.load.rate / spread.load.rate);
        figures.single.push(micros(single.load.p50()));
        figures.single_nothing.push(micros(single_nothing.load.p50()));
        let sync = sync.get(sync.len() / 2).copied().unwrap_or_default();
        figures.over_sync.push(micros(single.load.p50()) - micros(sync));
    }
    figures.tell(report);
    Ok(())
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// What the requests are made of.
#[derive(Clone)]
struct Calls {
    token: String,
    body: String,
    round: usize,
}

impl Calls {
    fn nothing(&self, _connection: usize, _number: u64) -> Vec<u8> {
        post("/v1/noop", &self.token, "noop", &self.body)
    }

    fn spread(&self, connection: usize, number: u64) -> Vec<u8> {
        let account = (connection as u64 * 7919 + number * 31) % ACCOUNTS as u64;
        self.debit(&format!("account-{account}"), &format!("s{}-{connection}-{number}", self.round))
    }

    fn hot(&self, connection: usize, number: u64) -> Vec<u8> {
        self.debit("account-0", &format!("h{}-{connection}-{number}", self.round))
    }

    fn single(&self, _connection: usize, number: u64) -> Vec<u8> {
        self.debit("account-1", &format!("o{}-{number}", self.round))
    }

    fn debit(&self, account: &str, key: &str) -> Vec<u8> {
        post(&format!("/v1/accounts/{account}/debits"), &self.token, key, &self.body)
    }
}

/// Opens accounts with credits; answers the body of a debit.
async fn prepare(server: &Server, token: &str) -> anyhow::Result<String> {
    let api = Api::new(server.text("/listening")?, token);
    let catalog = api.get("/v1/books/pixapi/catalog").await?;
    let chat = |rate: &&serde_json::Value| rate["unit"] == "output_tokens";
    let rate =
        catalog["rates"].as_array().and_then(|rates| rates.iter().find(chat).cloned()).unwrap_or_default();
    for from in (0..ACCOUNTS).step_by(PREPARE) {
        let mut commands = Vec::new();
        for account in from..(from + PREPARE).min(ACCOUNTS) {
            let account = format!("account-{account}");
            commands.push(json!({
                "op": "open", "idempotency_key": format!("open-{account}"), "body": { "book": "pixapi", "account_id": account },
            }));
            commands.push(json!({
                "op": "grant", "idempotency_key": format!("grant-{account}"), "account_id": account,
                "body": { "source": "manual", "credits": "10000", "reason": "bench" },
            }));
        }
        let answer =
            api.command("/v1/commands", &format!("prepare-{from}"), &json!({ "commands": commands })).await?;
        let refused = |result: &&serde_json::Value| result["status"].as_u64() != Some(201);
        if let Some(result) =
            answer["results"].as_array().and_then(|results| results.iter().find(refused).cloned())
        {
            anyhow::bail!("cannot prepare: {result}");
        }
    }
    let debit = json!({
        "request_id": "request-0000000001", "model": rate["model"], "endpoint": rate["endpoint"],
        "usage": { "input_tokens": 1234, "output_tokens": 321 },
    });
    Ok(debit.to_string())
}

#[derive(Default)]
struct Figures {
    nothing: Vec<f64>,
    spread: Vec<f64>,
    rate_ratio: Vec<f64>,
    nothing_cpu: Vec<f64>,
    spread_cpu: Vec<f64>,
    cpu_ratio: Vec<f64>,
    hot_ratio: Vec<f64>,
    single: Vec<f64>,
    single_nothing: Vec<f64>,
    over_sync: Vec<f64>,
}

impl Figures {
    fn tell(&self, report: &mut Report) {
        report.add("HTTP, 64 connections: a handler that does nothing", "/s", &self.nothing, None);
        report.add("HTTP, 64 connections: durable debits, 10,000 accounts", "/s", &self.spread, None);
        report.add("  ratio of the rates", "", &self.rate_ratio, Some(Aim::AtLeast(0.7)));
        report.add("  server CPU of nothing", "µs", &self.nothing_cpu, None);
        report.add("  server CPU of a debit", "µs", &self.spread_cpu, None);
        report.add("  ratio of the CPU", "", &self.cpu_ratio, Some(Aim::AtMost(1.5)));
        report.add("  one hot account over spread accounts", "", &self.hot_ratio, Some(Aim::AtLeast(0.95)));
        report.add("HTTP, 1 connection: a handler that does nothing, p50", "µs", &self.single_nothing, None);
        report.add("HTTP, 1 connection: a durable debit, p50", "µs", &self.single, None);
        report.add("  the same less the disk's own sync", "µs", &self.over_sync, Some(Aim::AtMost(150.0)));
    }
}
