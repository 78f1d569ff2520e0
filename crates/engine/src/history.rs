//! The past, by folding: an account as it stood at a time or a position. Calls block on the store.

use std::ops::ControlFlow;
use std::sync::Arc;

use scrip_ledger::{Account, AccountId, BookId, DecodeError, Event, Timestamp, Token, decode};
use scrip_store::{EventStore, Recorded, RecordedRef, StoreError, StreamName};

use crate::notices::{PaymentStream, payment_stream};
use crate::reply::FirstAnswer;
use crate::request::Accepted;
use crate::reservations::account_of_order;

/// Folds streams of the store.
#[derive(Clone)]
pub struct History {
    store: Arc<dyn EventStore>,
}

/// At which point of the past. Without any of them: as it stands in the store now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsOf {
    /// By when it took effect.
    pub time: Option<Timestamp>,
    /// By when it was recorded.
    pub known_at: Option<Timestamp>,
    /// Events up to and including this position; expiry is judged at its `recorded_at`.
    pub position: Option<u64>,
}

/// Why the past cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read.
    #[error("event {revision} of {stream}: {source}")]
    Decode {
        /// Its stream.
        stream: String,
        /// Its revision.
        revision: u64,
        /// Why not.
        source: DecodeError,
    },
    /// A position that the log has not reached.
    #[error("the log ends before position {0}")]
    BeyondEnd(u64),
}

/// The stream of an account.
pub(crate) fn account_stream(id: &AccountId) -> StreamName {
    let mut name = String::with_capacity(80);
    name.push_str(ACCOUNT_PREFIX);
    name.push_str(id.as_str());
    // An id is at most 64 characters of a stream name's alphabet.
    #[expect(clippy::expect_used, reason = "every account id makes a stream name")]
    StreamName::new(&name).expect("an account id makes a stream name")
}

/// What the names of accounts' streams begin with.
pub(crate) const ACCOUNT_PREFIX: &str = "account-";

pub(crate) fn decode_event(event: &RecordedRef<'_>) -> Result<Event, HistoryError> {
    decode(event.event_type, event.version, event.payload).map_err(|source| HistoryError::Decode {
        stream: event.stream.to_owned(),
        revision: event.revision,
        source,
    })
}

impl History {
    /// Over a store.
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store }
    }

    /// An account as it stood, and the number of events of the log that the answer has taken into account.
    pub fn account(&self, id: &AccountId, as_of: &AsOf) -> Result<(Account, u64), HistoryError> {
        let end = self.store.head()?.next_position;
        let until = match as_of.position {
            None => None,
            Some(position) => {
                let at = self.store.read_all(position, 1)?;
                let event = at.first().ok_or(HistoryError::BeyondEnd(position))?;
                Some(Timestamp::from_micros(event.event.recorded_at))
            }
        };
        let mut account = Account::absent(id.clone());
        self.visit(id, 0, &mut |stored, event| {
            let recorded_at = Timestamp::from_micros(stored.recorded_at);
            if as_of.position.is_some_and(|position| stored.position > position) || stored.position >= end {
                return ControlFlow::Break(());
            }
            let effective = as_of.time.is_none_or(|time| stored.effective_at <= time.micros());
            if effective && as_of.known_at.is_none_or(|known| recorded_at <= known) {
                account.leave_out_until(stored.revision);
                account.evolve(event, recorded_at);
            }
            ControlFlow::Continue(())
        })?;
        let judged_at =
            [as_of.time, as_of.known_at.filter(|_| as_of.time.is_none()), until].into_iter().flatten().min();
        if let Some(time) = judged_at {
            account = account.as_of(time).into_owned();
        }
        Ok((account, as_of.position.map_or(end, |position| position.saturating_add(1))))
    }

    /// At most `limit` events of an account from a revision on.
    pub fn events(
        &self,
        id: &AccountId,
        from_revision: u64,
        limit: usize,
    ) -> Result<Vec<(Recorded, Event)>, HistoryError> {
        let mut events = Vec::new();
        if limit > 0 {
            self.visit(id, from_revision, &mut |stored, event| {
                events.push(((*stored).to_owned(), event.clone()));
                if events.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
        }
        Ok(events)
    }

    /// How many events an account has.
    pub fn count(&self, id: &AccountId) -> Result<u64, HistoryError> {
        let head = self.store.stream_head(&account_stream(id))?;
        Ok(head.map_or(0, |head| head.revision.saturating_add(1)))
    }

    /// The account that an order was placed for, if there is such an order.
    pub fn account_of_order(
        &self,
        book: &BookId,
        order_id: &Token,
    ) -> Result<Option<AccountId>, HistoryError> {
        Ok(account_of_order(self.store.as_ref(), book, order_id)?)
    }

    /// Whether a payment has brought credits.
    pub fn payment_was_used(
        &self,
        book: &BookId,
        provider: &Token,
        payment_id: &Token,
    ) -> Result<bool, HistoryError> {
        let Some(stream) = payment_stream(book, provider, payment_id) else { return Ok(false) };
        Ok(PaymentStream::read(self.store.as_ref(), &stream)?.used.is_some())
    }

    fn visit(
        &self,
        id: &AccountId,
        from: u64,
        visit: &mut dyn FnMut(&RecordedRef<'_>, &Event) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        let mut failed = None;
        self.store.scan_stream(&account_stream(id), from, &mut |stored| match decode_event(&stored) {
            Ok(event) => visit(&stored, &event),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// The first answer to a key, rebuilt from its events.
    pub(crate) fn first_answer(&self, first: &FirstAnswer) -> Result<Option<Accepted>, HistoryError> {
        let stored = self.events(&first.account, first.first_revision, usize::from(first.events))?;
        let Some((last, _)) = stored.last() else { return Ok(None) };
        let (position, recorded_at) = (last.position, Timestamp::from_micros(last.event.recorded_at));
        let book = last.event.key.split('/').next().and_then(|book| book.parse().ok());
        let Some(book) = book else { return Ok(None) };
        Ok(Some(Accepted {
            account: first.account.clone(),
            book,
            first_revision: first.first_revision,
            events: stored.into_iter().map(|(_, event)| event).collect(),
            recorded_at,
            position,
            replayed: true,
        }))
    }
}
