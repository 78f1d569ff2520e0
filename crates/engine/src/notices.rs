//! What a payment provider says of a payment. A notice whose payment is known is for its account; one that comes
//! before is kept in the payment's own stream, and comes to the account with the payment.

use std::ops::ControlFlow;
use std::sync::Arc;

use compact_str::CompactString;
use scrip_ledger::command::{PaymentChange, PaymentNotice};
use scrip_ledger::{AccountId, BookId, Command, Refusal, Timestamp, Token};
use scrip_store::{EventStore, Expected, Group, NewEvent, StoreError, StreamAppend, StreamName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::engine::Engine;
use crate::request::{Accepted, BookScope, EngineError, IdempotencyKey, Request, fingerprint};
use crate::reservations::stream;

/// The event of a payment's stream that keeps a notice.
const PAYMENT_NOTICE: &str = "payment_notice";
/// How often a notice is tried again that another writer of its stream has overtaken.
const MAX_ATTEMPTS: u8 = 16;
/// Most notices that are kept of one payment before it is known.
const MAX_KEPT: usize = 100;

/// Something that a provider says of a payment.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The book whose webhook it came to.
    pub book: BookId,
    /// The provider.
    pub provider: Token,
    /// The provider's id of the payment.
    pub payment_id: Token,
    /// What it says.
    pub what: PaymentChange,
    /// Who says it: the actor of the events that it leads to.
    pub subject: Token,
    /// The provider's id of the notice: its idempotency key.
    pub key: Token,
    /// The request that this belongs to; may be empty.
    pub correlation: CompactString,
}

/// What became of a notice.
#[derive(Clone, Debug)]
pub enum Noticed {
    /// The payment's account has taken it in.
    Applied(Accepted),
    /// The payment is not known yet: it is kept until then.
    Kept,
    /// It says nothing new.
    Known,
}

/// What a payment's stream says.
#[derive(Debug, Default)]
pub(crate) struct PaymentStream {
    /// The account that it brought credits to, and their order.
    pub(crate) used: Option<(AccountId, Token)>,
    /// What was said of it before.
    pub(crate) notices: Vec<PaymentChange>,
    /// The revision of its last event, and when that was recorded.
    last: Option<(u64, i64)>,
}

/// What an event of a payment's stream says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Notice { notice: PaymentChange },
    Used { account: AccountId, order_id: Token },
}

/// The payload of `payment_notice`.
#[derive(Serialize)]
struct Kept<'a> {
    book: &'a BookId,
    provider: &'a Token,
    payment_id: &'a Token,
    notice: &'a PaymentChange,
}

impl PaymentStream {
    /// Takes in the payload of its next event.
    pub(crate) fn take(&mut self, payload: &[u8]) {
        match serde_json::from_slice(payload) {
            Ok(Said::Notice { notice }) => self.notices.push(notice),
            Ok(Said::Used { account, order_id }) => self.used = Some((account, order_id)),
            Err(_) => {}
        }
    }

    /// Reads one. Blocks on the store.
    pub(crate) fn read(store: &dyn EventStore, stream: &StreamName) -> Result<Self, StoreError> {
        let mut read = Self::default();
        store.scan_stream(stream, 0, &mut |event| {
            read.take(event.payload);
            read.last = Some((event.revision, event.recorded_at));
            ControlFlow::Continue(())
        })?;
        Ok(read)
    }
}

/// Whether the payload of an event of a payment's stream is a notice: the payment is not used then.
pub(crate) fn is_notice(payload: &[u8]) -> bool {
    matches!(serde_json::from_slice(payload), Ok(Said::Notice { .. }))
}

/// The stream of a payment.
pub(crate) fn payment_stream(book: &BookId, provider: &Token, payment_id: &Token) -> Option<StreamName> {
    stream("payment", &[book.as_str(), provider.as_str(), payment_id.as_str()])
}

/// What became of an attempt to keep a notice.
enum Attempt {
    Done(Noticed),
    Used(AccountId, Token),
    Overtaken,
}

impl Engine {
    /// Takes in what a provider says of a payment. The answer is durable.
    pub async fn notice(&self, notice: Notice) -> Result<Noticed, EngineError> {
        let notice = Arc::new(notice);
        for _ in 0..MAX_ATTEMPTS {
            let (store, now) = (Arc::clone(self.store()), self.clock().now());
            let kept = Arc::clone(&notice);
            let attempt = tokio::task::spawn_blocking(move || keep(store.as_ref(), &kept, now)).await;
            match attempt {
                Ok(Ok(Attempt::Done(noticed))) => return Ok(noticed),
                Ok(Ok(Attempt::Used(account, order_id))) => {
                    return self.apply(&notice, account, order_id).await;
                }
                Ok(Ok(Attempt::Overtaken)) => {}
                Ok(Err(error @ StoreError::Full { .. })) => {
                    tracing::error!(%error, "a notice cannot be kept");
                    return Err(EngineError::Full);
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "a notice cannot be kept");
                    return Err(EngineError::Unavailable);
                }
                Err(_) => return Err(EngineError::Unavailable),
            }
        }
        Err(EngineError::Overloaded)
    }

    async fn apply(
        &self,
        notice: &Notice,
        account: AccountId,
        order_id: Token,
    ) -> Result<Noticed, EngineError> {
        let command = Command::TakeNotice(PaymentNotice { order_id, what: notice.what.clone() });
        let key = IdempotencyKey {
            operation: "webhook",
            key: notice.key.clone(),
            fingerprint: fingerprint(account.as_str(), &command),
        };
        let request = Request {
            account,
            command,
            subject: notice.subject.clone(),
            books: BookScope::Some([notice.book.clone()].into()),
            key: Some(key),
            correlation: notice.correlation.clone(),
        };
        match self.submit(request).await {
            Ok(accepted) => Ok(Noticed::Applied(accepted)),
            Err(EngineError::Refused(Refusal::Exists(_))) => Ok(Noticed::Known),
            Err(error) => Err(error),
        }
    }
}

/// Keeps a notice of a payment that is not known, at exactly the place where the stream was read to end.
fn keep(store: &dyn EventStore, notice: &Notice, now: Timestamp) -> Result<Attempt, StoreError> {
    let Notice { book, provider, payment_id, what, .. } = notice;
    let Some(stream) = payment_stream(book, provider, payment_id) else {
        return Ok(Attempt::Done(Noticed::Known));
    };
    let read = PaymentStream::read(store, &stream)?;
    if let Some((account, order_id)) = read.used {
        return Ok(Attempt::Used(account, order_id));
    }
    if read.notices.contains(what) {
        return Ok(Attempt::Done(Noticed::Known));
    }
    let Ok(payload) = serde_json::to_vec(&Kept { book, provider, payment_id, notice: what }) else {
        return Ok(Attempt::Done(Noticed::Known));
    };
    if read.notices.len() >= MAX_KEPT {
        tracing::error!(stream = stream.as_str(), "too many notices of a payment that is not known");
        return Ok(Attempt::Overtaken);
    }
    let recorded_at = read.last.map_or(now.micros(), |(_, last)| last.max(now.micros()));
    #[expect(clippy::disallowed_methods, reason = "the engine mints the ids of its own events")]
    let event = NewEvent {
        id: Uuid::now_v7(),
        event_type: PAYMENT_NOTICE.into(),
        version: 1,
        recorded_at,
        effective_at: recorded_at,
        actor: CompactString::new(notice.subject.as_str()),
        correlation: notice.correlation.clone(),
        causation: CompactString::default(),
        key: CompactString::default(),
        fingerprint: [0; 16],
        payload,
    };
    let expected = read.last.map_or(Expected::NoStream, |(revision, _)| Expected::Revision(revision));
    let group = Group { appends: vec![StreamAppend { stream, expected, events: vec![event] }] };
    match store.append(&[group])?.into_iter().next() {
        Some(Ok(_)) => Ok(Attempt::Done(Noticed::Kept)),
        Some(Err(_)) | None => Ok(Attempt::Overtaken),
    }
}
