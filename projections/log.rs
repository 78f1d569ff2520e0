//! The log as the follower reads it: events with their places, and what of an account's past they refer to.

use std::ops::ControlFlow;

use compact_str::CompactString;
use scrip_ledger::book::event::BookEvent;
use scrip_ledger::event::Charged;
use scrip_ledger::records::{Announced, BreachState};
use scrip_ledger::{Account, AccountId, BookId, Event, Timestamp, Token, decode};
use scrip_store::{EventStore, Hash, RecordedRef, StreamName};

use crate::error::OpenError;
use crate::model::{Overtaken, Place};

/// What the names of streams begin with, by what they are of.
pub(crate) const ACCOUNT: &str = "account-";
pub(crate) const BOOK: &str = "book-";

/// An event, read from the log.
pub(crate) struct Taken {
    pub(crate) place: Place,
    pub(crate) hash: Hash,
    pub(crate) what: What,
}

/// What an event is of, and what it says if it can be read.
#[expect(clippy::large_enum_variant, reason = "nearly all are of accounts: a box for each would only cost")]
pub(crate) enum What {
    Account(AccountId, Result<Event, String>),
    Book(BookId, Result<BookEvent, String>),
    Other,
}

/// Takes the events of an account's stream up to a revision.
pub(crate) fn fold_until(
    store: &dyn EventStore,
    account: &mut Account,
    revision: u64,
) -> Result<(), OpenError> {
    if account.next_revision() >= revision {
        return Ok(());
    }
    let Some(stream) = account_stream(account.id()) else { return Ok(()) };
    store.scan_stream(&stream, account.next_revision(), &mut |stored| {
        if stored.revision >= revision {
            return ControlFlow::Break(());
        }
        take(account, &stored);
        ControlFlow::Continue(())
    })?;
    Ok(())
}

/// Takes an event that may not be readable: then it is passed over, and the account says so.
pub(crate) fn take(account: &mut Account, stored: &RecordedRef<'_>) {
    let recorded_at = Timestamp::from_micros(stored.recorded_at);
    match decode(stored.event_type, stored.version, stored.payload) {
        Ok(event) => account.evolve(&event, recorded_at),
        Err(_) => account.pass_over(recorded_at),
    }
}

/// The stream of an account.
pub(crate) fn account_stream(id: &AccountId) -> Option<StreamName> {
    StreamName::new(&format!("{ACCOUNT}{id}")).ok()
}

/// The hold that an event ends.
pub(crate) const fn ended_hold(event: &Event) -> Option<u64> {
    match event {
        Event::HoldCaptured(event) => Some(event.hold),
        Event::HoldVoided(event) => Some(event.hold),
        Event::HoldExpired(event) => Some(event.hold),
        _ => None,
    }
}

/// What the closing of an account overtakes.
pub(crate) fn overtaken(account: &Account) -> Vec<Overtaken> {
    let measures = &account.records().measures;
    let breaches = measures.breaches().iter().filter(|breach| breach.state == BreachState::Open);
    let closings = measures.announcements().iter();
    let closings = closings.filter(|known| matches!(known.what, Announced::Closing { .. }));
    let breaches = breaches.map(|breach| Overtaken::Breach(breach.revision));
    breaches.chain(closings.map(|known| Overtaken::Announcement(known.revision))).collect()
}

/// What an account's event charged, if it charged a call.
pub(crate) fn charge(
    store: &dyn EventStore,
    id: &AccountId,
    revision: u64,
) -> Result<Option<Charged>, OpenError> {
    let Some(stream) = account_stream(id) else { return Ok(None) };
    let stored = store.read_stream(&stream, revision, 1)?;
    let event = stored.first().map(|stored| &stored.event);
    let event = event.and_then(|event| decode(&event.event_type, event.version, &event.payload).ok());
    Ok(match event {
        Some(Event::Debited(debited)) => Some(debited.charge),
        Some(Event::HoldCaptured(captured)) => Some(captured.charge),
        _ => None,
    })
}

impl Taken {
    pub(crate) fn of(stored: &RecordedRef<'_>) -> Self {
        let what = if let Some(id) = stored.stream.strip_prefix(ACCOUNT) {
            let event = decode(stored.event_type, stored.version, stored.payload);
            Token::new(id)
                .map_or(What::Other, |id| What::Account(id, event.map_err(|error| error.to_string())))
        } else if let Some(id) = stored.stream.strip_prefix(BOOK) {
            let event = BookEvent::read(stored.event_type, stored.payload);
            id.parse().map_or(What::Other, |id| What::Book(id, event.map_err(|error| error.to_string())))
        } else {
            What::Other
        };
        let place = Place {
            position: stored.position,
            revision: stored.revision,
            recorded_at: Timestamp::from_micros(stored.recorded_at),
            effective_at: Timestamp::from_micros(stored.effective_at),
            actor: CompactString::new(stored.actor),
        };
        Self { place, hash: stored.hash, what }
    }
}
