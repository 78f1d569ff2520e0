//! What happens in the demo: two services, a few customers, and mixed calls for some seconds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use hyper::StatusCode;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use scrip_gateway::mock::{Mock, Script};
use serde_json::{Value, json};

use crate::client::{Api, text};
use crate::dev::Tokens;
use crate::stack::Addresses;

/// Callers that play at once.
const CALLERS: u64 = 8;
/// Calls that the provider is told to fail.
const FAILURES: usize = 5;

/// What was played, and what to look at.
pub struct Story {
    /// An account to look at.
    pub account: String,
    /// Its key.
    pub key: String,
    /// A model that it can call.
    pub model: String,
    calls: Arc<Calls>,
    balances: Vec<(String, Value)>,
}

#[derive(Default)]
struct Calls {
    paid: AtomicU64,
    streamed: AtomicU64,
    short: AtomicU64,
    failed: AtomicU64,
}

/// A customer: an account, its key, and the model that it calls.
#[derive(Clone)]
struct Customer {
    account: &'static str,
    key: String,
    model: String,
}

pub async fn play(
    addresses: Addresses,
    tokens: &Tokens,
    mock: &Mock,
    time: Duration,
) -> anyhow::Result<Story> {
    let api = Api::new(&format!("http://{}", addresses.api), &tokens.finance);
    let gateway = Api::new(&format!("http://{}", addresses.gateway), "");
    let mut customers = Vec::new();
    for (book, account, products) in [
        ("pixapi", "alice", 2),
        ("pixapi", "bob", 1),
        ("aiproxynode", "carol", 1),
        ("aiproxynode", "dave", 1),
        ("pixapi", "eve", 0),
    ] {
        customers.push(customer(&api, tokens, book, account, products).await?);
    }

    for _ in 0..FAILURES {
        mock.script(Script::json(500, r#"{"error":{"message":"told to fail"}}"#));
    }
    let calls = Arc::new(Calls::default());
    let until = Instant::now() + time;
    let callers = (0..CALLERS)
        .map(|seed| call_until(until, seed, gateway.clone(), customers.clone(), Arc::clone(&calls)));
    let side = side_story(&api, tokens);
    let (called, side) = tokio::join!(futures_all(callers), side);
    called?;
    side?;

    let auditor = api.with_token(&tokens.auditor);
    let mut balances = Vec::new();
    for customer in &customers {
        let answer = auditor.get(&format!("/v1/accounts/{}", customer.account)).await?;
        balances.push((format!("{} ({})", customer.account, text(&answer, "/book")?), answer));
    }
    let first = customers.into_iter().next().context("no customer")?;
    Ok(Story { account: first.account.to_owned(), key: first.key, model: first.model, calls, balances })
}

/// Runs tasks to their end, all at once.
async fn futures_all(
    tasks: impl Iterator<Item = impl Future<Output = anyhow::Result<()>> + Send + 'static>,
) -> anyhow::Result<()> {
    let mut set = tokio::task::JoinSet::new();
    tasks.for_each(|task| drop(set.spawn(task)));
    while let Some(ended) = set.join_next().await {
        ended??;
    }
    Ok(())
}

/// Opens an account, gives it a key, and credits: so many products, or a small signup reward.
async fn customer(
    api: &Api,
    tokens: &Tokens,
    book: &str,
    account: &'static str,
    products: u32,
) -> anyhow::Result<Customer> {
    let support = api.with_token(&tokens.support);
    let open = json!({
        "account_id": account, "owner": format!("owner-{account}"), "region": "HK",
        "attestations": { "age_at_least": 18, "accurate_information": true, "not_sanctioned": true },
    });
    support.command(&format!("/v1/books/{book}/accounts"), &format!("open-{account}"), &open).await?;
    let key = support
        .command(&format!("/v1/accounts/{account}/keys"), &format!("key-{account}"), &json!({}))
        .await?;
    let catalog = api.get(&format!("/v1/books/{book}/catalog")).await?;
    let product = catalog.pointer("/products/0").context("a catalog without products")?;
    for number in 0..products {
        let order = format!("order-{account}-{number}");
        let top_up = json!({
            "order_id": order, "product_id": product["id"],
            "payment": {
                "provider": "stripe", "payment_id": format!("pi-{account}-{number}"), "method": "card",
                "currency": product["price"]["currency"], "amount": product["price"]["amount"],
            },
        });
        api.command(&format!("/v1/accounts/{account}/top-ups"), &order, &top_up).await?;
    }
    if products == 0 {
        let grant = json!({ "source": "signup", "credits": "0.002", "reason": "welcome" });
        api.command(&format!("/v1/accounts/{account}/grants"), &format!("grant-{account}"), &grant).await?;
    }
    let chat = |rate: &&Value| rate["endpoint"] == "chat/completions" && rate["unit"] == "output_tokens";
    let model =
        catalog["rates"].as_array().and_then(|rates| rates.iter().find(chat)).context("no chat model")?;
    Ok(Customer { account, key: text(&key, "/secret")?.to_owned(), model: text(model, "/model")?.to_owned() })
}

async fn call_until(
    until: Instant,
    seed: u64,
    gateway: Api,
    customers: Vec<Customer>,
    calls: Arc<Calls>,
) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    while Instant::now() < until {
        let Some(customer) = customers.get(random.random_range(0..customers.len())) else { break };
        let stream = random.random_bool(0.5);
        let words = "Tell me of ledgers. ".repeat(random.random_range(1..40));
        let body = json!({
            "model": customer.model, "stream": stream, "max_tokens": random.random_range(16..400),
            "messages": [{ "role": "user", "content": words }],
        });
        let (status, _) =
            gateway.with_token(&customer.key).raw("/v1/chat/completions", body.to_string()).await?;
        let counter = match status {
            StatusCode::OK if stream => &calls.streamed,
            StatusCode::OK => &calls.paid,
            StatusCode::PAYMENT_REQUIRED => &calls.short,
            _ => &calls.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Besides the calls: an image by hold and capture, a hold given up, and a call refunded.
async fn side_story(api: &Api, tokens: &Tokens) -> anyhow::Result<()> {
    let proxy = api.with_token(&tokens.proxy);
    let catalog = api.get("/v1/books/pixapi/catalog").await?;
    let image = |rate: &&Value| rate["unit"] == "images";
    let rate =
        catalog["rates"].as_array().and_then(|rates| rates.iter().find(image)).context("no image model")?;
    let hold = |request_id: &str| {
        json!({
            "request_id": request_id, "model": rate["model"], "endpoint": rate["endpoint"],
            "estimate": { "images": 2 },
        })
    };
    let held = proxy.command("/v1/accounts/alice/holds", "image-1", &hold("image-1")).await?;
    let capture = json!({ "usage": { "images": 1 }, "outcome": "completed" });
    let path = format!("/v1/holds/{}/capture", text(&held, "/hold_id")?);
    let charged = proxy.command(&path, "image-1-capture", &capture).await?;
    let held = proxy.command("/v1/accounts/alice/holds", "image-2", &hold("image-2")).await?;
    let path = format!("/v1/holds/{}/void", text(&held, "/hold_id")?);
    proxy.command(&path, "image-2-void", &json!({ "outcome": "failed" })).await?;
    let path = format!("/v1/debits/{}/refund", text(&charged, "/debit_id")?);
    api.command(&path, "image-1-refund", &json!({ "outcome": "moderation_blocked" })).await?;
    Ok(())
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        writeln!(
            f,
            "{} calls answered as JSON, {} streamed, {} refused for lack of credits, {} failed at the provider and \
             not charged\n",
            count(&self.calls.paid),
            count(&self.calls.streamed),
            count(&self.calls.short),
            count(&self.calls.failed)
        )?;
        writeln!(f, "{:<24} {:>18} {:>18} {:>12}", "account", "available", "posted", "held")?;
        for (name, answer) in &self.balances {
            let amount = |name: &str| answer["balance"][name].as_str().unwrap_or("?");
            let [available, posted, held] = ["available", "posted", "held"].map(amount);
            writeln!(f, "{name:<24} {available:>18} {posted:>18} {held:>12}")?;
        }
        Ok(())
    }
}
