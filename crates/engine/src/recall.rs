//! What a command needs of the past, brought by who asks: the ledger reads nothing.

use std::fmt::Display;

use scrip_ledger::event::DisputeKind;
use scrip_ledger::{Command, Event, PastDebit, Refusal, Timestamp};
use scrip_store::EventStore;

use crate::accounts::Slot;
use crate::index::Index;
use crate::keys::{RecentKeys, Scope, Used};
use crate::notices::{PaymentStream, payment_stream};
use crate::request::{EngineError, KeyClass};
use crate::reservations::Taken;

/// Why a job has no effect yet.
pub(crate) enum Setback {
    /// It needs events that are not durable yet: it is decided again once they are.
    NotDurable,
    Failed(EngineError),
}

impl From<Refusal> for Setback {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(EngineError::Refused(refusal))
    }
}

impl From<Taken> for Setback {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Refused(refusal) => refusal.into(),
            Taken::Perhaps => Self::NotDurable,
            Taken::Unknown(error) => unavailable("a reservation", &error),
        }
    }
}

/// The store cannot be read.
pub(crate) fn unavailable(what: &str, error: &dyn Display) -> Setback {
    tracing::error!(what, %error, "the store cannot be read");
    Setback::Failed(EngineError::Unavailable)
}

/// Brings a command the events of the past that it speaks of: a hold that is not open any more, a debit.
pub(crate) fn recall(store: &dyn EventStore, slot: &Slot, command: &mut Command) -> Result<(), Setback> {
    match command {
        Command::CaptureHold(capture) if slot.account.hold(capture.hold).is_none() => {
            if let Some(Event::HoldPlaced(placed)) = past_event(store, slot, capture.hold)? {
                capture.past = Some(Box::new(placed));
            }
        }
        Command::ExtendHold { hold, .. } | Command::VoidHold { hold, .. }
            if slot.account.hold(*hold).is_none() =>
        {
            if let Some(Event::HoldPlaced(_)) = past_event(store, slot, *hold)? {
                return Err(Refusal::HoldAlreadySettled.into());
            }
        }
        Command::RefundDebit(refund) => {
            refund.past = past_charge(store, slot, refund.debit)?.map(|(charge, _)| charge);
        }
        Command::OpenDispute(open) if open.kind == DisputeKind::Call => {
            open.charged_at = past_charge(store, slot, open.subject)?.map(|(_, charged_at)| charged_at);
        }
        Command::ResolveDispute(resolve) => {
            let dispute = slot.account.records().billing.dispute(resolve.dispute);
            let call = dispute.filter(|dispute| dispute.opened.kind == DisputeKind::Call);
            if let Some(call) = call.map(|dispute| dispute.opened.subject) {
                resolve.past = past_charge(store, slot, call)?.map(|(charge, _)| charge);
            }
        }
        _ => {}
    }
    if let (Some(book), Some((payment, notices))) = (slot.account.book(), command.payment_mut())
        && let Some(stream) = payment_stream(book, &payment.provider, &payment.payment_id)
    {
        let read = PaymentStream::read(store, &stream);
        *notices = read.map_err(|error| unavailable("a payment's notices", &error))?.notices;
    }
    Ok(())
}

/// What was charged at a revision of the account, and when, if a call was.
fn past_charge(
    store: &dyn EventStore,
    slot: &Slot,
    revision: u64,
) -> Result<Option<(PastDebit, Timestamp)>, Setback> {
    let Some((event, recorded_at)) = past(store, slot, revision)? else { return Ok(None) };
    Ok(match event {
        Event::Debited(debited) => Some((Box::new(debited.charge), recorded_at)),
        Event::HoldCaptured(captured) => Some((Box::new(captured.charge), recorded_at)),
        _ => None,
    })
}

/// The event at a revision of the account, if there is one.
fn past_event(store: &dyn EventStore, slot: &Slot, revision: u64) -> Result<Option<Event>, Setback> {
    Ok(past(store, slot, revision)?.map(|(event, _)| event))
}

/// The event at a revision of the account, and when it was recorded.
fn past(store: &dyn EventStore, slot: &Slot, revision: u64) -> Result<Option<(Event, Timestamp)>, Setback> {
    if revision >= slot.account.next_revision() {
        return Ok(None);
    }
    let failed = |error: &dyn Display| unavailable(slot.stream.as_str(), error);
    let stored = store.read_stream(&slot.stream, revision, 1).map_err(|error| failed(&error))?;
    let Some(stored) = stored.first() else { return Err(Setback::NotDurable) };
    let event = &stored.event;
    scrip_ledger::decode(&event.event_type, event.version, &event.payload)
        .map(|decoded| Some((decoded, Timestamp::from_micros(event.recorded_at))))
        .map_err(|error| failed(&error))
}

/// The first use of a key. An index that cannot be read is no proof that there was none.
pub(crate) fn used_before(
    keys: &RecentKeys,
    index: &Index,
    scope: &Scope,
    class: KeyClass,
) -> Result<Option<Used>, Setback> {
    if let Some(used) = keys.get(scope) {
        return Ok(Some(used.clone()));
    }
    index.key(scope, class).map_err(|error| {
        tracing::error!(%error, "the index cannot be read; delete its folder and restart");
        Setback::Failed(EngineError::Unavailable)
    })
}
