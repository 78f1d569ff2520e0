//! What is due: the expiry of holds, of lots, and of what holds release to lots past their end; and the appointments
//! that a book's terms make with an account.

use super::super::event::{HoldExpired, LotAmount, LotExpired};
use super::super::{Account, Event, Status};
use super::{MAX_DUE, admission, breaches, closing, measures, order_refunds, statements, subscriptions};
use crate::book::{Book, Policy, Remainder};
use crate::{Credits, Timestamp};

/// Something of an account that is recorded when its time has come, by the terms of its book.
pub(super) struct Appointment {
    /// When.
    pub(super) at: Timestamp,
    /// What is then recorded: at least one event, or it would come for ever. It is told when it is recorded.
    pub(super) record: fn(&Account, &Book, Timestamp) -> Vec<Event>,
}

/// Everything that may have appointments.
const APPOINTMENTS: [fn(&Account, &Book) -> Option<Appointment>; 7] = [
    order_refunds::appointment,
    statements::appointment,
    subscriptions::appointment,
    admission::appointment,
    breaches::appointment,
    measures::appointment,
    closing::appointment,
];

impl Account {
    /// When something of it is next due: the expiry of a hold, or of what is free of a lot, or what its book's terms have
    /// in store for it.
    pub fn next_due(&self, book: &Book) -> Option<Timestamp> {
        let appointment = self.next_appointment(book).map(|appointment| appointment.at);
        self.next_expiry().into_iter().chain(appointment).min()
    }

    /// Whether its book's terms have something in store for it by a time that is not recorded yet.
    pub fn has_appointment(&self, book: &Book, now: Timestamp) -> bool {
        self.next_appointment(book).is_some_and(|appointment| appointment.at <= now)
    }

    /// When a hold, or what is free of a lot, is next past its end: from then on the account is not what it was, recorded or
    /// not ([`Self::as_of`]).
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let hold = self.hold_ends.first().map(|(end, _)| *end);
        let lots = self.live_lots().filter(|lot| !lot.free.is_zero() && !self.is_set_aside(lot.revision));
        let lot = lots.filter_map(|lot| lot.expires_at).min();
        hold.into_iter().chain(lot).min()
    }

    fn next_appointment(&self, book: &Book) -> Option<Appointment> {
        if self.status() == Status::Absent {
            return None;
        }
        APPOINTMENTS.iter().filter_map(|next| next(self, book)).min_by_key(|appointment| appointment.at)
    }

    /// The account with everything recorded that is due at a time, and the events that record it, in the order
    /// they took effect; nothing if nothing is due. Without a book only what is past its expiry is due. Stops where one
    /// step can record no more.
    pub fn settled(&self, book: Option<&Book>, now: Timestamp) -> Option<(Self, Vec<Event>)> {
        let due = match book {
            Some(book) => self.next_due(book),
            None => self.next_expiry(),
        };
        due.filter(|due| *due <= now)?;
        let mut settled = self.clone();
        let mut events = Vec::new();
        // Credits that a hold kept past their lot's end are free only from the hold's end on.
        let mut since = Timestamp::default();
        'due: while events.len() < MAX_DUE {
            let (at, next) = settled.first_due(book, now, since);
            if next.is_empty() {
                break;
            }
            since = since.max(at);
            for event in next {
                settled.evolve(&event, now);
                events.push(event);
                // A contradiction means that the event did not change what made it due: it would come for ever.
                if settled.inconsistency().is_some() {
                    break 'due;
                }
            }
        }
        Some((settled, events))
    }

    /// The account as it stands at a time: what has expired by then has expired, recorded or not.
    pub fn as_of(&self, time: Timestamp) -> std::borrow::Cow<'_, Self> {
        match self.settled(None, time) {
            Some((settled, _)) => std::borrow::Cow::Owned(settled),
            None => std::borrow::Cow::Borrowed(self),
        }
    }

    /// What is due first, and when it took effect. Credits expire before what the terms have in store for that instant.
    fn first_due(&self, book: Option<&Book>, now: Timestamp, since: Timestamp) -> (Timestamp, Vec<Event>) {
        let appointment = book.and_then(|book| Some((self.next_appointment(book)?, book)));
        let appointed = appointment.as_ref().map(|(next, _)| next.at.max(since));
        match self.first_expiry(now, since) {
            Some((at, expiry)) if appointed.is_none_or(|appointed| at <= appointed) => {
                let mut events = vec![expiry];
                self.end_expired(book, now, &mut events);
                (at, events)
            }
            _ => match appointment {
                Some((next, book)) if next.at <= now => (next.at.max(since), (next.record)(self, book, now)),
                _ => (since, Vec::new()),
            },
        }
    }

    fn first_expiry(&self, now: Timestamp, since: Timestamp) -> Option<(Timestamp, Event)> {
        let lot = self
            .live_lots()
            .filter(|lot| !lot.free.is_zero() && !self.is_set_aside(lot.revision))
            .filter_map(|lot| lot.expires_at.map(|end| (end.max(since), lot)))
            .min_by_key(|(end, lot)| (*end, lot.revision))
            .filter(|(end, _)| *end <= now);
        let hold = self.hold_ends.first().filter(|(end, _)| *end <= now);
        match (lot, hold) {
            (Some((end, lot)), hold) if hold.is_none_or(|(hold_end, _)| end <= *hold_end) => {
                Some((end, LotExpired { lot: lot.revision, amount: lot.free, expired_at: end }.into()))
            }
            (_, Some((end, revision))) => {
                let released = self.hold(*revision).map_or(Credits::ZERO, |hold| hold.amount);
                Some((*end, HoldExpired { hold: *revision, released, expired_at: *end }.into()))
            }
            (Some(_), None) | (None, None) => None,
        }
    }

    /// What an expired hold gives back to an account that has ended goes where its other credits went.
    fn end_expired(&self, book: Option<&Book>, now: Timestamp, events: &mut Vec<Event>) {
        let (Some(book), Some(Event::HoldExpired(expired))) = (book, events.first()) else { return };
        let returned = self.hold(expired.hold).map(|hold| merged(&hold.lots)).unwrap_or_default();
        // What is past its end expires by itself.
        let is_past = |part: &LotAmount| self.lot(part.lot).is_some_and(|lot| lot.is_past(now));
        let returned: Vec<LotAmount> = returned.into_iter().filter(|part| !is_past(part)).collect();
        self.settle_returned(&returned, book.policy(now), now, events);
    }

    /// What becomes of credits that return to lots: those of a lot past its end expire at once, those of a closed
    /// account go where its other credits went when it ended. Everything else stays free.
    pub(super) fn settle_returned(
        &self,
        returned: &[LotAmount],
        policy: &Policy,
        now: Timestamp,
        events: &mut Vec<Event>,
    ) {
        let mut rest = Vec::new();
        for part in merged(returned) {
            let LotAmount { lot, amount } = part;
            // A refund waits for them.
            if self.is_set_aside(lot) {
                continue;
            }
            if self.lot(lot).is_some_and(|lot| lot.is_past(now)) {
                events.push(LotExpired { lot, amount, expired_at: now }.into());
            } else {
                rest.push(part);
            }
        }
        if let Some(remainder) = self.ended_with(policy) {
            // What they repay and leave frozen goes by how the account stands once they have returned.
            let mut after = self.clone();
            events.iter().for_each(|event| after.evolve(event, now));
            after.end_of(&rest, remainder, events);
        }
    }

    /// What becomes of the rest of an account that has ended; nothing of one that has not.
    pub(super) fn ended_with(&self, policy: &Policy) -> Option<Remainder> {
        (self.status() == Status::Closed).then(|| {
            let closure = self.records().measures.closure();
            closure.and_then(|closure| closure.remainder).unwrap_or(policy.close.remainder)
        })
    }
}

/// One amount a lot, without zeros.
pub(super) fn merged(parts: &[LotAmount]) -> Vec<LotAmount> {
    let mut merged: Vec<LotAmount> = Vec::with_capacity(parts.len());
    for part in parts.iter().filter(|part| !part.amount.is_zero()) {
        match merged.iter_mut().find(|known| known.lot == part.lot) {
            Some(known) => known.amount = [known.amount, part.amount].into_iter().sum(),
            None => merged.push(*part),
        }
    }
    merged
}
