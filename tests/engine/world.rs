//! An engine on a store, and requests to it.

use std::path::Path;
use std::sync::Arc;

use scrip_engine::{
    Accepted, BookScope, Clock, Engine, EngineError, IdempotencyKey, Options, Request, View, fingerprint,
};
use scrip_ledger::book::{Book, BookFiles, ClaimsSoFar, GrantSource, Outcome};
use scrip_ledger::command::{Call, Debit, Grant, Open, PlaceHold, Size, TopUp};
use scrip_ledger::event::Payment;
use scrip_ledger::{Command, Money, Timestamp, Token};
use scrip_store::{EmbeddedStore, EventStore, MemoryStore};

/// 2026-03-01T00:00:00Z.
pub const START: i64 = 1_772_323_200_000_000;

pub fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

pub fn files(id: &str) -> BookFiles {
    let read = |file: &str| {
        let path = format!("{}/../fixtures/books/{id}/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    BookFiles::parse(id, &read("catalog.toml"), &read("policy.toml")).unwrap()
}

/// An engine with the two real books and a clock that tests move.
pub struct World {
    pub engine: Engine,
    pub clock: Clock,
}

impl World {
    pub fn start(store: Arc<dyn EventStore>, options: Options) -> Self {
        let clock = Clock::manual(Timestamp::from_micros(START));
        let books = ["pixapi", "aiproxynode"].map(|id| Book::from_files(files(id))).into();
        let engine = Engine::start(store, books, clock.clone(), options).unwrap();
        Self { engine, clock }
    }

    pub fn in_memory() -> Self {
        Self::start(Arc::new(MemoryStore::new()), Options::default())
    }

    /// On a folder, with an index.
    pub fn on_disk(folder: &Path) -> Self {
        let (store, _) = EmbeddedStore::open(&folder.join("log"), small()).unwrap();
        let options = Options { index: Some(folder.join("index")), ..Options::default() };
        Self::start(Arc::new(store), options)
    }

    pub async fn send(&self, account: &str, key: &str, command: Command) -> Result<Accepted, EngineError> {
        self.engine.submit(request(account, key, command)).await
    }

    pub async fn view(&self, account: &str) -> Result<View, EngineError> {
        self.engine.view(&token(account), &BookScope::All).await
    }

    pub async fn available(&self, account: &str) -> String {
        self.view(account).await.unwrap().account.balance().available.to_string()
    }

    /// Opens an account of pixapi with credits.
    pub async fn account(&self, id: &str, credits: &str) {
        self.send(id, &format!("open-{id}"), open("pixapi")).await.unwrap();
        self.send(id, &format!("grant-{id}"), grant(credits)).await.unwrap();
    }
}

/// Small segments, so that tests cross their ends.
pub fn small() -> scrip_store::Options {
    scrip_store::Options { segment_size: 64 << 10, ..scrip_store::Options::default() }
}

/// A request whose operation is the command's own name, and whose correlation is its key.
pub fn request(account: &str, key: &str, command: Command) -> Request {
    let operation = match &command {
        Command::Open(_) => "open",
        Command::PlaceHold(_) => "hold",
        Command::ExtendHold { .. } => "extend",
        Command::CaptureHold(_) => "capture",
        Command::VoidHold { .. } => "void",
        Command::Debit(_) => "debit",
        _ => "other",
    };
    let fingerprint = fingerprint(account, &command);
    Request {
        account: token(account),
        command,
        subject: token("tester"),
        books: BookScope::All,
        key: Some(IdempotencyKey { operation, key: token(key), fingerprint }),
        correlation: key.into(),
    }
}

pub fn open(book: &str) -> Command {
    Command::Open(Open {
        book: token(book),
        owner: None,
        region: None,
        attestations: None,
        terms_version: None,
        frozen: None,
    })
}

pub fn grant(credits: &str) -> Command {
    Command::Grant(Grant {
        source: GrantSource::Compensation,
        campaign: None,
        credits: credits.parse().unwrap(),
        expires_at: None,
        priority: None,
        reason: None,
        by: token("finance"),
        so_far: ClaimsSoFar::default(),
    })
}

/// A top-up of the first product of pixapi.
pub fn top_up(order: &str, payment: &str) -> Command {
    let product = files("pixapi").catalog.products.swap_remove(0);
    let amount: Money = product.price;
    Command::TopUp(TopUp {
        order_id: token(order),
        product_id: product.id,
        payment: Payment {
            provider: token("stripe"),
            payment_id: token(payment),
            method: token("card"),
            amount,
            tax: None,
            fee: None,
        },
        notices: Vec::new(),
    })
}

fn call() -> Call {
    let rates = files("pixapi").catalog;
    let chat = rates.all_rates().iter().find(|rate| rate.unit == "output_tokens").unwrap();
    Call { request_id: token("r"), model: chat.model.clone(), endpoint: chat.endpoint.clone(), key: None }
}

pub fn debit(amount: &str) -> Command {
    let size = Size::Amount(amount.parse().unwrap());
    Command::Debit(Debit { call: call(), size, outcome: Outcome::Completed, provider: None })
}

pub fn hold(amount: &str) -> Command {
    Command::PlaceHold(PlaceHold {
        call: call(),
        size: Size::Amount(amount.parse().unwrap()),
        ttl_seconds: None,
    })
}

pub fn capture(hold: u64, amount: &str) -> Command {
    Command::CaptureHold(scrip_ledger::command::CaptureHold {
        hold,
        size: Size::Amount(amount.parse().unwrap()),
        outcome: Outcome::Completed,
        provider: None,
        past: None,
    })
}
