//! The traffic that is measured: accounts with credits, and debits of two lines each.

use std::sync::Arc;

use anyhow::Context;
use scrip_engine::{BookScope, Clock, Engine, IdempotencyKey, Options, Request, fingerprint};
use scrip_ledger::book::{Book, BookFiles, ClaimsSoFar, GrantSource, Outcome};
use scrip_ledger::command::{Call, Debit, Grant, Open, Size};
use scrip_ledger::{AccountId, Command, Credits, Quantity, Timestamp, Token, Usage};
use scrip_store::EventStore;

/// Commands that are handed over at once while preparing.
const PREPARE: usize = 4096;

/// A book, and a model of it that is rated by tokens.
#[derive(Clone)]
pub struct Terms {
    pub book: Token,
    pub model: String,
    pub endpoint: String,
    subject: Token,
    request_id: Token,
}

/// Starts an engine with the sample book on a store.
pub fn start(
    store: Arc<dyn EventStore>,
    index: Option<std::path::PathBuf>,
) -> anyhow::Result<(Engine, Terms)> {
    start_at(store, index, Clock::system())
}

/// The same, with a clock.
pub fn start_at(
    store: Arc<dyn EventStore>,
    index: Option<std::path::PathBuf>,
    clock: Clock,
) -> anyhow::Result<(Engine, Terms)> {
    let files = BookFiles::parse(
        "pixapi",
        include_str!("../../../../../fixtures/books/pixapi/catalog.toml"),
        include_str!("../../../../../fixtures/books/pixapi/policy.toml"),
    )?;
    let book = Book::from_files(files);
    let chat = book
        .catalog(Timestamp::MAX)
        .all_rates()
        .iter()
        .find(|rate| rate.unit == "output_tokens")
        .context("no chat model")?;
    let terms = Terms {
        book: book.id.clone(),
        model: chat.model.to_string(),
        endpoint: chat.endpoint.to_string(),
        subject: Token::new("bench")?,
        request_id: Token::new("request-0000000001")?,
    };
    let options = Options { index, ..Options::default() };
    Ok((Engine::start(store, vec![book], clock, options)?, terms))
}

impl Terms {
    /// Opens accounts and gives each as many credits as a single person may grant.
    pub async fn prepare(&self, engine: &Engine, accounts: &[AccountId]) -> anyhow::Result<()> {
        let credits: Credits = "10000".parse()?;
        // Beyond whatever the clock will show.
        let far: Timestamp = "2100-01-01T00:00:00Z".parse()?;
        for some in accounts.chunks(PREPARE) {
            let mut requests = Vec::with_capacity(some.len() * 2);
            for account in some {
                let open = Open {
                    book: self.book.clone(),
                    owner: None,
                    region: None,
                    attestations: None,
                    terms_version: None,
                    frozen: None,
                };
                let grant = Grant {
                    source: GrantSource::Manual,
                    campaign: None,
                    credits,
                    expires_at: Some(far),
                    priority: None,
                    reason: None,
                    by: Token::new("finance")?,
                    so_far: ClaimsSoFar::default(),
                };
                requests.push(self.request(account, Command::Open(open), None));
                requests.push(self.request(account, Command::Grant(grant), None));
            }
            for answer in engine.submit_batch(requests).await {
                answer?;
            }
        }
        Ok(())
    }

    /// A debit of two lines under an idempotency key of its own.
    pub fn debit(&self, account: &AccountId, key: Token) -> anyhow::Result<Request> {
        let usage = Usage::new([
            ("input_tokens".into(), Quantity::whole(1234)?),
            ("output_tokens".into(), Quantity::whole(321)?),
        ])?;
        let call = Call {
            request_id: self.request_id.clone(),
            model: self.model.as_str().into(),
            endpoint: self.endpoint.as_str().into(),
            key: None,
        };
        let debit = Debit { call, size: Size::Usage(usage), outcome: Outcome::Completed, provider: None };
        Ok(self.request(account, Command::Debit(debit), Some(key)))
    }

    fn request(&self, account: &AccountId, command: Command, key: Option<Token>) -> Request {
        let fingerprint = || fingerprint(account.as_str(), &command);
        let key = key.map(|key| IdempotencyKey { operation: "debit", key, fingerprint: fingerprint() });
        Request {
            account: account.clone(),
            command,
            subject: self.subject.clone(),
            books: BookScope::All,
            key,
            correlation: "".into(),
        }
    }
}

/// `prefix-0`, `prefix-1`, …
pub fn accounts(prefix: &str, count: usize) -> anyhow::Result<Vec<AccountId>> {
    (0..count).map(|number| Ok(Token::new(&format!("{prefix}-{number}"))?)).collect()
}
