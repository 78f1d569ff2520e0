//! Reads: who may see which account, as of when, waiting for what.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use scrip_engine::{AsOf, History};
use scrip_ledger::{Account, AccountId, Event, Status, Timestamp};
use scrip_store::{EventStore, Recorded};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::SemaphorePermit;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Principal;
use crate::command::account_id;
use crate::format::Wanted;
use crate::limits;
use crate::paging::{Order, PageParams, Pager, Span};
use crate::problem::{Code, Problem};
use crate::refusals::forbidden_book;
use crate::rights::Right;
use crate::values::Value;

/// A query string: all of it, no other name may stand there.
pub(crate) struct Params<T>(pub(crate) T);

/// The query string of a list: which page, in which form, and what else the list takes.
pub(crate) struct Paged<T>(pub(crate) Pager, pub(crate) T);

impl<T: DeserializeOwned + IntoParams, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        only(&parts.uri, names::<T>)?;
        params(&parts.uri).map(Self)
    }
}

impl<T: DeserializeOwned + IntoParams, S: Send + Sync> FromRequestParts<S> for Paged<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        only(&parts.uri, || [names::<PageParams>(), names::<T>()].concat())?;
        let wanted = Wanted::from_request_parts(parts, state).await?;
        Ok(Self(Pager { params: params(&parts.uri)?, wanted }, params(&parts.uri)?))
    }
}

fn params<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    Query::try_from_uri(uri)
        .map(|Query(params)| params)
        .map_err(|error| Problem::new(Code::MALFORMED, error.body_text()))
}

/// The names of parameters, as the description of the API has them.
fn names<T: IntoParams>() -> Vec<String> {
    T::into_params(|| None).into_iter().map(|param| param.name).collect()
}

/// Refuses a name that is not known: a slip of the pen would be answered as if it were not there.
fn only(uri: &Uri, allowed: impl FnOnce() -> Vec<String>) -> Result<(), Problem> {
    if uri.query().is_none_or(str::is_empty) {
        return Ok(());
    }
    let given: Vec<(String, String)> = params(uri)?;
    if let Some((name, _)) = given.iter().find(|(_, value)| value.contains('\0')) {
        return Err(Problem::new(Code::MALFORMED, "a zero byte belongs nowhere").with("field", name.clone()));
    }
    let allowed = allowed();
    match given.into_iter().find(|(name, _)| !allowed.contains(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Problem::new(Code::UNKNOWN_FIELD, "this parameter is not known here")
            .with("field", name)
            .with("allowed", allowed)),
    }
}

/// Since when a query must know.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Since {
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

/// Since when a list must know, and in which order it comes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InOrder {
    /// `asc`: oldest first, as without it; `desc`: newest first.
    #[param(inline)]
    #[serde(default)]
    pub(crate) order: Order,
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

/// As of when a query is answered.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct When {
    /// What had taken effect by this time. Not in the future.
    pub(crate) as_of: Option<String>,
    /// What had been recorded by this time. Not in the future.
    pub(crate) known_at: Option<String>,
    /// What the log held up to and including this position; expiry is judged at the time it was recorded.
    #[param(value_type = Option<u64>)]
    pub(crate) as_of_position: Option<String>,
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    pub(crate) min_position: Option<String>,
}

/// An account as a query sees it.
pub(crate) struct Stand {
    pub(crate) account: Account,
    /// As of when; nothing if the query named a position.
    pub(crate) as_of: Option<Timestamp>,
    /// The last position that was taken into account.
    pub(crate) position: u64,
}

/// Reads a number of a query string.
pub(crate) fn number(text: Option<&str>, field: &'static str) -> Result<Option<u64>, Problem> {
    let read = |text: &str| {
        text.parse()
            .map_err(|_| Problem::new(Code::MALFORMED, "a whole number belongs here").with("field", field))
    };
    text.map(read).transpose()
}

/// Reads a time of a query string.
pub(crate) fn time(text: Option<&str>, field: &'static str) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| Timestamp::read(text).map_err(|wrong| wrong.at(field))).transpose()
}

/// A count of events as the position of the last of them.
pub(crate) const fn last_of(count: u64) -> u64 {
    count.saturating_sub(1)
}

impl Since {
    pub(crate) async fn wait(&self, app: &App) -> Result<(), Problem> {
        app.wait_for(number(self.min_position.as_deref(), "min_position")?).await
    }
}

impl InOrder {
    /// Since when.
    pub(crate) fn since(self) -> Since {
        Since { min_position: self.min_position }
    }
}

impl When {
    /// As of a time in effect; now, without one.
    pub(crate) fn at(at: Option<&str>, min_position: Option<String>) -> Result<Self, Problem> {
        let at = time(at, "at")?;
        Ok(Self { as_of: at.map(|at| at.to_string()), min_position, ..Self::default() })
    }

    /// The point in the past; nothing for now.
    pub(crate) fn point(&self, now: Timestamp) -> Result<Option<AsOf>, Problem> {
        let past = |text: Option<&str>, field| match time(text, field)? {
            Some(time) if time > now => {
                Err(Problem::new(Code::INVALID_TIME, "this time is yet to come").with("field", field))
            }
            time => Ok(time),
        };
        let point = AsOf {
            time: past(self.as_of.as_deref(), "as_of")?,
            known_at: past(self.known_at.as_deref(), "known_at")?,
            position: number(self.as_of_position.as_deref(), "as_of_position")?,
        };
        if point.position.is_some() && (point.time.is_some() || point.known_at.is_some()) {
            return Err(Problem::new(Code::MALFORMED, "give a position, or times, not both"));
        }
        Ok((point != AsOf::default()).then_some(point))
    }
}

impl App {
    /// An account that the caller may read, as of when the query says.
    pub(crate) async fn stand(
        &self,
        caller: &Principal,
        right: Right,
        id: &str,
        when: &When,
    ) -> Result<Stand, Problem> {
        caller.may(right)?;
        let id = account_id(id)?;
        caller.may_with(right, &id)?;
        self.wait_for(number(when.min_position.as_deref(), "min_position")?).await?;
        match when.point(self.engine.clock().now())? {
            None => {
                let view = self.engine.view(&id, &caller.books).await?;
                let (as_of, position) = (Some(view.now), last_of(view.as_of_position));
                seen(Stand { account: view.account, as_of, position }, caller)
            }
            Some(point) => {
                let _permit = self.read_permit().await?;
                let (account, count) = self.read_side.account_as_of(&id, &point).await?;
                let as_of = point.time.or(point.known_at);
                seen(Stand { account, as_of, position: last_of(count) }, caller)
            }
        }
    }

    /// An account as it stands now.
    pub(crate) async fn stand_now(
        &self,
        caller: &Principal,
        right: Right,
        id: &str,
        since: &Since,
    ) -> Result<Stand, Problem> {
        let when = When { min_position: since.min_position.clone(), ..When::default() };
        self.stand(caller, right, id, &when).await
    }

    /// Events of an account, through a filter, until there are enough for a page or enough were read, and none after the
    /// position `until`: what came after the stand is not part of it.
    ///
    /// Answers them and the revision to go on from, if there may be more.
    pub(crate) async fn filtered<T: Send + 'static>(
        &self,
        account: &AccountId,
        span: Span,
        until: u64,
        pick: impl Fn(&Recorded, &Event) -> Option<T> + Send + 'static,
    ) -> Result<(Vec<T>, Option<u64>), Problem> {
        let (history, id) = (self.engine.history(), account.clone());
        let read = move || match span.order {
            Order::Asc => forward(&history, &id, span, until, pick),
            Order::Desc => backward(&history, &id, span, until, pick),
        };
        self.blocking(read).await?
    }

    /// The position of the last event in the log.
    pub(crate) async fn position(&self) -> Result<u64, Problem> {
        let store = self.engine.store().clone();
        let head = self.blocking(move || store.head()).await??;
        Ok(last_of(head.next_position))
    }

    /// Waits, bounded, until the log has reached a position.
    pub(crate) async fn wait_for(&self, position: Option<u64>) -> Result<(), Problem> {
        let Some(position) = position else { return Ok(()) };
        let late = || {
            Problem::new(Code::OVERLOADED, "the position was not reached in time")
                .with("min_position", position)
        };
        let _permit = self.waiters.try_acquire().map_err(|_| late())?;
        let store: Arc<dyn EventStore> = self.engine.store().clone();
        let waited =
            tokio::task::spawn_blocking(move || store.wait_past(position, limits::POSITION_WAIT)).await;
        let next = waited.map_err(|_| Problem::internal("a wait broke off"))??;
        if next > position { Ok(()) } else { Err(late()) }
    }

    /// Waits, bounded, until the read side has taken in a position that the query names.
    pub(crate) async fn reached(&self, min_position: Option<u64>) -> Result<(), Problem> {
        let Some(position) = min_position else { return Ok(()) };
        let late = || {
            Problem::new(Code::OVERLOADED, "the position was not reached in time")
                .with("min_position", position)
        };
        self.wait_for(Some(position)).await?;
        let _permit = self.waiters.try_acquire().map_err(|_| late())?;
        if self.read_side.wait_for(position, limits::POSITION_WAIT).await { Ok(()) } else { Err(late()) }
    }

    async fn read_permit(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.reads.acquire().await.map_err(|_| Problem::internal("the reads have ended"))
    }

    /// Runs what blocks on the store, a bounded number at a time.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let _permit = self.read_permit().await?;
        tokio::task::spawn_blocking(read).await.map_err(|_| Problem::internal("a read broke off"))
    }
}

/// Only an account that exists, of a book that the caller may see.
fn seen(stand: Stand, caller: &Principal) -> Result<Stand, Problem> {
    match stand.account.book() {
        Some(book) if !caller.books.allows(book) => Err(forbidden_book(book)),
        Some(_) if stand.account.status() != Status::Absent => Ok(stand),
        _ => Err(Problem::new(Code::ACCOUNT_NOT_FOUND, "there is no such account")),
    }
}

/// Events that are read at once.
const CHUNK: usize = 512;

fn forward<T>(
    history: &History,
    account: &AccountId,
    Span { from, limit, .. }: Span,
    until: u64,
    pick: impl Fn(&Recorded, &Event) -> Option<T>,
) -> Result<(Vec<T>, Option<u64>), Problem> {
    let mut from = from.unwrap_or(0);
    let mut items = Vec::new();
    for _ in 0..limits::PAGE_SCAN.div_ceil(CHUNK) {
        let events = history.events(account, from, CHUNK)?;
        for (recorded, event) in &events {
            if recorded.position > until {
                return Ok((items, None));
            }
            if let Some(item) = pick(recorded, event) {
                // One more than the page holds says that there is another page, and where it begins.
                if items.len() == limit {
                    return Ok((items, Some(recorded.revision)));
                }
                items.push(item);
            }
            from = recorded.revision.saturating_add(1);
        }
        if events.len() < CHUNK {
            return Ok((items, None));
        }
    }
    Ok((items, Some(from)))
}

/// The same, newest first: what is read at once still comes oldest first, and is turned round.
fn backward<T>(
    history: &History,
    account: &AccountId,
    Span { from, limit, .. }: Span,
    until: u64,
    pick: impl Fn(&Recorded, &Event) -> Option<T>,
) -> Result<(Vec<T>, Option<u64>), Problem> {
    // Just after the newest event that may be shown.
    let mut end = match from {
        Some(from) => from.saturating_add(1),
        None => history.count(account)?,
    };
    let mut items = Vec::new();
    for _ in 0..limits::PAGE_SCAN.div_ceil(CHUNK) {
        let start = end.saturating_sub(CHUNK as u64);
        let chunk = usize::try_from(end.saturating_sub(start)).unwrap_or(CHUNK);
        for (recorded, event) in history.events(account, start, chunk)?.iter().rev() {
            if recorded.position > until {
                continue;
            }
            if let Some(item) = pick(recorded, event) {
                if items.len() == limit {
                    return Ok((items, Some(recorded.revision)));
                }
                items.push(item);
            }
        }
        end = start;
        if end == 0 {
            return Ok((items, None));
        }
    }
    Ok((items, end.checked_sub(1)))
}
