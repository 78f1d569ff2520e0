//! What every handler works with.

use std::collections::HashMap;
use std::sync::Arc;

use scrip_engine::{BookScope, Engine};
use scrip_ledger::BookId;
use scrip_ledger::event::SecretHash;
use scrip_projections::ReadSide;
use tokio::sync::Semaphore;

use crate::auth::Principal;
use crate::metrics::Metrics;
use crate::rights::Rights;
use crate::tail::Tail;
use crate::{Config, WebhookConfig, WebhookSecret, limits};

/// The server's state, shared by all requests.
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) read_side: ReadSide,
    /// Who a token is, by its hash: looking one up by hash takes the same time whatever its bytes.
    pub(crate) tokens: HashMap<SecretHash, Arc<Principal>>,
    webhooks: Vec<WebhookConfig>,
    pub(crate) metrics: Arc<Metrics>,
    /// Bounds the reads of the store that run at the same time.
    pub(crate) reads: Semaphore,
    /// Bounds the requests that wait for a position.
    pub(crate) waiters: Semaphore,
    /// Bounds the streams of events that run at the same time.
    pub(crate) streams: Arc<Semaphore>,
    /// The end of the log, for those streams.
    pub(crate) tail: Arc<Tail>,
}

/// As handlers get it.
pub(crate) type Shared = axum::extract::State<Arc<App>>;

impl App {
    pub(crate) fn new(engine: Engine, read_side: ReadSide, config: Config, metrics: Arc<Metrics>) -> Self {
        let principal = |token: crate::TokenConfig| {
            let books = token.books.map_or(BookScope::All, |books| BookScope::Some(books.into()));
            let rights = Rights::of_scopes(&token.scopes);
            (token.sha256, Arc::new(Principal { subject: token.subject, rights, books, own: None }))
        };
        Self {
            tail: Tail::new(Arc::clone(engine.store())),
            engine,
            read_side,
            tokens: config.tokens.into_iter().map(principal).collect(),
            webhooks: config.webhooks,
            metrics,
            reads: Semaphore::new(limits::READS),
            waiters: Semaphore::new(limits::WAITERS),
            streams: Arc::new(Semaphore::new(limits::STREAMS)),
        }
    }

    /// The secrets that a provider may sign a book's webhooks with: the book's own, or those of every book.
    pub(crate) fn webhook_secrets(&self, provider: &str, book: &BookId) -> &[WebhookSecret] {
        let of = |named: Option<&BookId>| {
            self.webhooks
                .iter()
                .find(|known| known.provider.as_str() == provider && known.book.as_ref() == named)
        };
        of(Some(book)).or_else(|| of(None)).map(|known| known.secrets.as_slice()).unwrap_or_default()
    }
}
