//! Four weeks of a few services, for the console to show: purchases, calls, holds, a refund, a dispute, an appeal.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::client::books_dir;
use crate::cli::process::{Api, Server};

/// How many days are played.
pub const DAYS: u64 = 29;
/// When it begins.
const START: &str = "2026-03-01T08:00:00Z";

/// What is served, and who may look at it.
pub struct Stage {
    pub server: Server,
    _data: TempDir,
}

impl Stage {
    /// The real binary, on an empty data directory, with a clock that is moved by hand.
    pub async fn bare() -> Self {
        let data = TempDir::new().unwrap();
        let books = books_dir();
        let more = ["--clock", "manual", "--now", START, "--books", books.to_str().unwrap()];
        let server = Server::start(&data.path().join("data"), &more).await;
        Self { server, _data: data }
    }

    /// The same after four weeks.
    pub async fn played() -> Self {
        let stage = Self::bare().await;
        play(&stage.server.api).await;
        stage
    }

    pub fn api(&self) -> &Api {
        &self.server.api
    }

    pub fn token(&self, role: &str) -> String {
        self.server.first_line["tokens"][role].as_str().unwrap().to_owned()
    }

    pub async fn stop(self) {
        self.server.stop().await;
    }
}

async fn done(api: &Api, role: &str, path: &str, key: &str, body: Value) -> Value {
    api.post(role, path, key, body).await.ok().json()
}

pub async fn advance(api: &Api, by: &str) {
    done(api, "admin", "/v1/dev/clock", "-", json!({ "advance": by })).await;
}

pub async fn open(api: &Api, book: &str, account: &str, owner: &str) {
    let attestations = json!({ "age_at_least": 18, "accurate_information": true, "not_sanctioned": true });
    let policy = api.get("auditor", &format!("/v1/books/{book}/policy")).await.ok().json();
    let body = json!({
        "account_id": account, "owner": owner, "region": "DE", "attestations": attestations,
        "terms_version": policy["opening"]["terms_version"],
    });
    done(api, "support", &format!("/v1/books/{book}/accounts"), &format!("open-{account}"), body).await;
}

pub async fn top_up(api: &Api, account: &str, order: &str, product: &str, amount: &str) {
    let payment = json!({
        "provider": "stripe", "payment_id": format!("pi-{order}"), "method": "card", "currency": "USD",
        "amount": amount,
    });
    let body = json!({ "order_id": order, "product_id": product, "payment": payment });
    done(api, "finance", &format!("/v1/accounts/{account}/top-ups"), order, body).await;
}

async fn debit(api: &Api, account: &str, request: &str, model: &str, tokens: u64) -> Value {
    let body = json!({
        "request_id": request, "model": model, "endpoint": "chat/completions",
        "usage": { "input_tokens": tokens, "output_tokens": tokens / 10 }, "outcome": "completed",
    });
    done(api, "proxy", &format!("/v1/accounts/{account}/debits"), request, body).await
}

async fn play(api: &Api) {
    for (book, accounts) in [
        ("pixapi", &["acme", "aurora", "borealis"][..]),
        ("zivv", &["ming", "mei"]),
        ("aiproxynode", &["otto"]),
        ("imini", &["omar"]),
        ("z-image-ai", &["iris"]),
    ] {
        for account in accounts {
            open(api, book, account, &format!("owner-{account}")).await;
        }
    }
    top_up(api, "otto", "order-3001", "topup-5", "5.00").await;
    top_up(api, "omar", "order-4001", "credits-100", "10.00").await;
    top_up(api, "acme", "order-1001", "pack-100", "100.00").await;
    top_up(api, "aurora", "order-1002", "pack-50", "50.00").await;
    top_up(api, "ming", "order-2001", "credits-20", "20.00").await;
    top_up(api, "mei", "order-2002", "credits-5", "5.00").await;
    let models = ["gpt-5.2", "claude-haiku-4.5", "gemini-3-flash"];
    for day in 0..DAYS {
        if day == 14 {
            top_up(api, "acme", "order-1003", "pack-100", "100.00").await;
        }
        for (call, model) in (0..).zip(models) {
            let tokens = 300_000 + 170_000 * ((day * 7 + call * 3) % 11);
            debit(api, "acme", &format!("acme-{day}-{call}"), model, tokens).await;
        }
        debit(api, "aurora", &format!("aurora-{day}"), models[day as usize % 3], 400_000).await;
        if day % 4 == 1 {
            debit(api, "ming", &format!("ming-{day}"), "gemini-3-flash", 500_000).await;
        }
        advance(api, "PT23H17M").await;
    }
    let compensation = json!({ "source": "compensation", "credits": "2.5", "reason": "outage" });
    done(api, "finance", "/v1/accounts/aurora/grants", "grant-aurora", compensation).await;
    let hold = json!({
        "request_id": "acme-open", "model": "gpt-5.2", "endpoint": "chat/completions", "ttl_seconds": 86_400,
        "estimate": { "input_tokens": 1_000_000, "output_tokens": 100_000 },
    });
    done(api, "proxy", "/v1/accounts/acme/holds", "acme-open", hold).await;
    refund_request(api).await;
    let call = debit(api, "otto", "otto-1", "gpt-5.2", 100_000).await;
    let dispute = json!({ "debit_id": call["debit_id"], "reason": "charged_twice", "ref": "ticket-77" });
    done(api, "support", "/v1/disputes", "dispute-1", dispute).await;
    let freeze = json!({ "scope": "amount", "amount": "20", "reason": "prohibited_content" });
    let frozen = done(api, "support", "/v1/accounts/omar/freeze", "freeze-1", freeze).await;
    let appeal = json!({ "measure_id": frozen["measure_id"], "ref": "ticket-78" });
    done(api, "support", "/v1/accounts/omar/appeals", "appeal-1", appeal).await;
    let payment = json!({
        "provider": "stripe", "payment_id": "pi-iris", "method": "card", "currency": "USD", "amount": "9.90",
    });
    let subscribe = json!({ "plan": "basic-monthly", "payment": payment });
    done(api, "finance", "/v1/accounts/iris/subscriptions", "iris-1", subscribe).await;
    let adjust = json!({ "credits": "-1.25", "reason": "double_grant" });
    done(api, "finance", "/v1/accounts/aurora/adjust", "adjust-1", adjust).await;
}

/// Asked for by finance, whom the terms want a second person beside.
async fn refund_request(api: &Api) {
    let evidence =
        json!([{ "kind": "payment_proof", "ref": "scan-1" }, { "kind": "identity", "ref": "scan-2" }]);
    let request = json!({ "cause": "change_of_mind", "evidence": evidence });
    done(api, "finance", "/v1/orders/order-2001/refund-requests", "refund-1", request).await;
}
