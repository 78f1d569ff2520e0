//! The gateway as a whole: its routes, its calls, and how it stops.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use compact_str::format_compact;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use scrip_engine::{BookScope, Engine, EngineError};
use scrip_ledger::book::Book;
use scrip_ledger::event::SecretHash;
use scrip_ledger::{AccountId, BookId, Refusal, Timestamp, Token};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::ask::{Ask, NotUnderstood};
use crate::call::Call;
use crate::caller::Caller;
use crate::config::{Config, Limits, Times, Upstream};
use crate::error::ApiError;
use crate::estimate::upper;
use crate::ledger::{Entry, Wanted};
use crate::models;
use crate::units::MOST;
use crate::upstream::Providers;

/// Accounts whose book is remembered; beyond that, all are forgotten and asked for again.
const MAX_KNOWN_BOOKS: usize = 200_000;

/// The provider proxy. Clones are handles to the same one.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    pub(crate) limits: Limits,
    pub(crate) times: Times,
    pub(crate) providers: Providers,
    subject: Token,
    /// What the ids of this process's calls begin with.
    run: u64,
    next_call: AtomicU64,
    /// An account's book never changes while the process runs.
    books: RwLock<HashMap<AccountId, BookId>>,
    calls: TaskTracker,
    stopping: AtomicBool,
    callers_left: AtomicU64,
}

/// A key that may be used.
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    key: u64,
    pub(crate) book: Arc<Book>,
    pub(crate) now: Timestamp,
}

/// The gateway's routes, for whoever does not need to stop it gently.
pub fn router(engine: Engine, config: Config) -> Router {
    Gateway::new(engine, config).router()
}

impl Gateway {
    /// A gateway in front of an engine.
    #[expect(clippy::disallowed_methods, reason = "an edge: the gateway mints the ids of its calls")]
    pub fn new(engine: Engine, config: Config) -> Self {
        let Config { upstreams, limits, times } = config;
        Self(Arc::new(Shared {
            engine,
            upstreams: upstreams.into_iter().map(Arc::new).collect(),
            limits,
            times,
            providers: Providers::new(&times),
            subject: subject(),
            run: uuid::Uuid::new_v4().as_u64_pair().1,
            next_call: AtomicU64::new(0),
            books: RwLock::default(),
            calls: TaskTracker::new(),
            stopping: AtomicBool::new(false),
            callers_left: AtomicU64::new(0),
        }))
    }

    /// Its routes: `POST /v1/chat/completions`, `GET /v1/models`, `GET /v1/models/{model}`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/models", get(models::list))
            .route("/v1/models/{*model}", get(models::one))
            .fallback(nothing_here)
            .with_state(Arc::clone(&self.0))
    }

    /// Calls that are not settled yet.
    pub fn open_calls(&self) -> usize {
        self.0.calls.len()
    }

    /// Calls whose caller left before the end, since the start.
    pub fn callers_left(&self) -> u64 {
        self.0.callers_left.load(Ordering::Relaxed)
    }

    /// Stops: takes no more calls, gives those under way some time to end, then ends them where they are and gives
    /// them as long again to settle. Returns how many could not be.
    pub async fn drain(&self, grace: Duration) -> usize {
        self.0.calls.close();
        if tokio::time::timeout(grace, self.0.calls.wait()).await.is_err() {
            self.0.stopping.store(true, Ordering::Release);
            let settling = grace.max(self.0.times.upkeep * 2);
            let _counted_below = tokio::time::timeout(settling, self.0.calls.wait()).await;
        }
        self.0.calls.len()
    }
}

fn subject() -> Token {
    #[expect(clippy::unwrap_used, reason = "a constant that is an id")]
    Token::new("gateway").unwrap()
}

async fn nothing_here() -> ApiError {
    ApiError::new(404, "endpoint_not_found", "there is no such endpoint here")
}

async fn complete(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    shared.complete(request).await.unwrap_or_else(ApiError::into_response)
}

impl Shared {
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn count_caller_left(&self) {
        self.callers_left.fetch_add(1, Ordering::Relaxed);
    }

    /// Who a request is from.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Owner, ApiError> {
        let unknown = || ApiError::new(401, "unauthenticated", "give an API key: Authorization: Bearer sk-…");
        let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(unknown)?;
        let (scheme, secret) = value.split_once(' ').ok_or_else(unknown)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unknown());
        }
        let owner = self.engine.key_owner(&SecretHash::of(secret.trim())).ok_or_else(unknown)?;
        if owner.revoked {
            return Err(Refusal::KeyRevoked.into());
        }
        let book = self.book_of(&owner.account).await?;
        Ok(Owner { account: owner.account, key: owner.key, book, now: self.engine.clock().now() })
    }

    /// The book of an account as it stands now. Which book that is never changes; what it says does.
    async fn book_of(&self, account: &AccountId) -> Result<Arc<Book>, ApiError> {
        let known = self.books.read().unwrap_or_else(PoisonError::into_inner).get(account).cloned();
        let id = match known {
            Some(id) => id,
            None => self.find_book(account).await?,
        };
        Ok(self.engine.book(&id).ok_or(EngineError::UnknownBook(id))?)
    }

    async fn find_book(&self, account: &AccountId) -> Result<BookId, ApiError> {
        let view = self.engine.view(account, &BookScope::All).await?;
        let id = view.account.book().ok_or(Refusal::AccountNotFound)?.clone();
        let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
        if books.len() >= MAX_KNOWN_BOOKS {
            books.clear();
        }
        books.insert(account.clone(), id.clone());
        Ok(id)
    }

    async fn complete(self: Arc<Self>, request: Request) -> Result<Response, ApiError> {
        if self.calls.is_closed() {
            return Err(ApiError::new(503, "shutting_down", "the service is stopping"));
        }
        let owner = self.authenticate(request.headers()).await?;
        let too_large = |_| ApiError::new(413, "too_large", "the body is too large, or did not arrive whole");
        let too_slow = |_| ApiError::new(408, "request_timeout", "the body took too long to arrive");
        let body = axum::body::to_bytes(request.into_body(), self.limits.request_bytes);
        let body =
            tokio::time::timeout(self.times.request, body).await.map_err(too_slow)?.map_err(too_large)?;
        let ask = Ask::read(&body).map_err(|NotUnderstood(why)| ApiError::new(400, "malformed", why))?;

        let entry = Entry {
            engine: self.engine.clone(),
            subject: self.subject.clone(),
            account: owner.account,
            key: owner.key,
            book: owner.book,
            model: ask.model.clone(),
            id: self.next_id()?,
        };
        if entry.rates().is_empty() {
            return Err(ApiError::model_not_found(&ask.model));
        }
        let (upstream, name) = self
            .upstreams
            .iter()
            .find_map(|upstream| Some((upstream, upstream.serves(&ask.model)?)))
            .ok_or_else(|| ApiError::new(503, "model_unavailable", "no provider serves this model now"))?;
        let (upstream, body) = (Arc::clone(upstream), ask.forwarded(body, name));
        let wanted = self.wanted(&ask, &entry.book);

        let (answer, answered) = oneshot::channel();
        let calls = self.calls.clone();
        calls.spawn(async move {
            let mut caller = Caller::Waiting(answer);
            match entry.place(wanted).await {
                Ok(held) => Call::new(self, upstream, entry, ask, held, caller).run(body).await,
                Err(error) => caller.answer(error.into_response()),
            }
        });
        answered.await.map_err(|_| ApiError::new(500, "internal", "the call ended without an answer"))
    }

    /// What a call is to reserve: see docs/gateway.md, «The hold».
    fn wanted(&self, ask: &Ask, book: &Book) -> Wanted {
        let models_most =
            book.catalog(self.engine.clock().now()).model(&ask.model).map(|model| model.max_output_tokens);
        let per_answer = match (ask.limit, models_most) {
            (Some(limit), most) => limit.min(most.unwrap_or(limit)),
            (None, most) => most.unwrap_or(self.limits.unbounded_output),
        };
        let most = per_answer.saturating_mul(ask.answers).min(MOST);
        // Only a stream can be stopped when credits end; and who set a limit has said what they need.
        let may_begin_with_less = ask.stream && ask.limit.is_none();
        let least = self.limits.least_output.saturating_mul(ask.answers).min(most);
        Wanted { input: upper(ask.input), most, least: if may_begin_with_less { least } else { most } }
    }

    fn next_id(&self) -> Result<Token, ApiError> {
        let number = self.next_call.fetch_add(1, Ordering::Relaxed);
        let id = format_compact!("gw-{:016x}-{number:x}", self.run);
        Token::new(&id).map_err(|_| ApiError::new(500, "internal", "the call cannot be named"))
    }
}
