//! Expiry: of holds, of lots, and of what holds release to lots past their end.

use super::super::event::{HoldExpired, LotAmount, LotExpired, LotForfeited};
use super::super::{Account, Event, Status};
use crate::book::{Policy, Remainder};
use crate::{Credits, Timestamp, Token};

impl Account {
    /// The account with everything recorded that is due at a time, and the events that record it, in the order
    /// they took effect; nothing if nothing is due.
    pub fn settled(&self, now: Timestamp) -> Option<(Self, Vec<Event>)> {
        self.next_due().filter(|due| *due <= now)?;
        let mut settled = self.clone();
        let mut events = Vec::new();
        // Credits that a hold kept past their lot's end are free only from the hold's end on.
        let mut since = Timestamp::default();
        while let Some(event) = settled.first_due(now, since) {
            since = event.effective_at().unwrap_or(since);
            settled.evolve(&event, now);
            // A contradiction means that the event did not change what made it due: it would come for ever.
            let contradicts = settled.inconsistency().is_some();
            events.push(event);
            if contradicts {
                break;
            }
        }
        Some((settled, events))
    }

    /// The account as it stands at a time: what is due by then has happened, recorded or not.
    pub fn as_of(&self, time: Timestamp) -> std::borrow::Cow<'_, Self> {
        match self.settled(time) {
            Some((settled, _)) => std::borrow::Cow::Owned(settled),
            None => std::borrow::Cow::Borrowed(self),
        }
    }

    fn first_due(&self, now: Timestamp, since: Timestamp) -> Option<Event> {
        let lot = self
            .live_lots()
            .filter(|lot| !lot.free.is_zero())
            .filter_map(|lot| lot.expires_at.map(|end| (end.max(since), lot)))
            .min_by_key(|(end, lot)| (*end, lot.revision))
            .filter(|(end, _)| *end <= now);
        let hold = self.hold_ends.first().filter(|(end, _)| *end <= now);
        match (lot, hold) {
            (Some((end, lot)), hold) if hold.is_none_or(|(hold_end, _)| end <= *hold_end) => {
                Some(LotExpired { lot: lot.revision, amount: lot.free, expired_at: end }.into())
            }
            (_, Some((end, revision))) => {
                let released = self.hold(*revision).map_or(Credits::ZERO, |hold| hold.amount);
                Some(HoldExpired { hold: *revision, released, expired_at: *end }.into())
            }
            (Some(_), None) | (None, None) => None,
        }
    }

    /// What becomes of credits that return to lots: those of a lot past its end expire at once, those of a closed
    /// account are forfeited where the policy says so. Everything else stays free.
    pub(super) fn settle_returned(
        &self,
        returned: &[LotAmount],
        policy: &Policy,
        now: Timestamp,
        events: &mut Vec<Event>,
    ) {
        let forfeits = self.status() == Status::Closed && policy.close.remainder == Remainder::Forfeit;
        for LotAmount { lot, amount } in merged(returned) {
            if self.lot(lot).is_some_and(|lot| lot.is_past(now)) {
                events.push(LotExpired { lot, amount, expired_at: now }.into());
            } else if forfeits && let Ok(reason) = Token::new("account_closed") {
                events.push(LotForfeited { lot, amount, reason }.into());
            }
        }
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
