//! Double entry: what each event of an account means for the books of the service that runs it.
//!
//! Every event maps to postings that balance, each currency apart and the credits of the account's book apart. They are
//! made of two things. What a lot's credits are worth is a function of the lot's state ([`Valuation`]): an event that moves
//! them posts the difference between after and before. What an event says of money (a payment, a refund that is
//! owed, a payout) it states by itself. `docs/postings.md` has the postings of every event.
//!
//! Nothing is decided by this, and nothing of it is stored in the log: it can be computed again from the events.

mod booking;
mod chart;
mod draft;
mod lots;
mod orders;
mod stated;
mod valuation;

pub use booking::{Booked, booked};
pub use chart::{ChartAccount, Class, Commodity, Issued, NotInTheChart};
pub use lots::lots_moved_by;
pub use valuation::{Valuation, deferred_revenue};

use draft::Draft;
use lots::LotState;
use orders::{OpenPeriods, Taken};

use crate::{Account, Event, Token};

/// One line of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub account: ChartAccount,
    /// Of what.
    pub commodity: Commodity,
    /// How much, above zero for a debit and below for a credit: money in minor units, credits in 10^-9.
    pub quantity: i128,
}

/// Why an event has no postings that could be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountingError {
    /// The event contradicts the ones before it: what it says and what it does differ.
    #[error("the event contradicts the history of its account")]
    Contradiction,
    /// Its postings do not balance, since its account contradicted itself before.
    #[error("the postings of the event do not balance")]
    Unbalanced,
    /// An amount beyond what an `i128` holds.
    #[error("an amount is out of range")]
    OutOfRange,
}

/// What of an account an event may change the worth of, as it was before. Only the lots that the event names are looked
/// at.
#[derive(Debug)]
pub struct Before {
    lots: Vec<(u64, LotState)>,
    periods: OpenPeriods,
    taken: Option<(Token, Taken)>,
    contradicted: bool,
}

impl Before {
    /// What has to be known of an account before it takes its next event.
    pub fn of(account: &Account, event: &Event) -> Self {
        let lots = lots_moved_by(event, account.next_revision());
        Self {
            lots: lots.into_iter().map(|lot| (lot, LotState::of(account, lot))).collect(),
            periods: OpenPeriods::touched_by(event, account),
            taken: orders::order_of(event, account).map(|order| {
                let taken = Taken::of(account, &order);
                (order, taken)
            }),
            contradicted: account.inconsistency().is_some(),
        }
    }

    /// The postings of the event, the account having taken it: none for an event that moves neither money nor credits.
    ///
    /// Errors: the event contradicts the account's history, or an amount is out of range.
    pub fn postings(self, after: &Account, event: &Event) -> Result<Vec<Posting>, AccountingError> {
        if after.inconsistency().is_some() && !self.contradicted {
            return Err(AccountingError::Contradiction);
        }
        let mut draft = Draft::default();
        for (lot, before) in &self.lots {
            before.changed_to(&LotState::of(after, *lot), &mut draft)?;
        }
        self.periods.changed_to(&OpenPeriods::touched_by(event, after), &mut draft)?;
        stated::by(event, after, &mut draft)?;
        if let Some((order, before)) = &self.taken {
            before.changed_to(&Taken::of(after, order), event, &mut draft)?;
        }
        draft.finish()
    }
}
