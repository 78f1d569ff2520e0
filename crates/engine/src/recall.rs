//! What a command needs of the past, brought by who asks: the ledger reads nothing.

use std::fmt::Display;

use scrip_ledger::{Command, Event, Refusal};
use scrip_store::EventStore;

use crate::accounts::Slot;
use crate::request::EngineError;
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
        Command::RefundDebit(refund) => match past_event(store, slot, refund.debit)? {
            Some(Event::Debited(debited)) => refund.past = Some(Box::new(debited.charge)),
            Some(Event::HoldCaptured(captured)) => refund.past = Some(Box::new(captured.charge)),
            _ => {}
        },
        _ => {}
    }
    Ok(())
}

/// The event at a revision of the account, if there is one.
fn past_event(store: &dyn EventStore, slot: &Slot, revision: u64) -> Result<Option<Event>, Setback> {
    if revision >= slot.account.next_revision() {
        return Ok(None);
    }
    let failed = |error: &dyn Display| unavailable(slot.stream.as_str(), error);
    let stored = store.read_stream(&slot.stream, revision, 1).map_err(|error| failed(&error))?;
    let Some(stored) = stored.first() else { return Err(Setback::NotDurable) };
    let event = &stored.event;
    scrip_ledger::decode(&event.event_type, event.version, &event.payload)
        .map(Some)
        .map_err(|error| failed(&error))
}
