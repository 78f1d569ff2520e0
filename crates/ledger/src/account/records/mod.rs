//! What there is of an account besides its credits: orders, subscriptions, statements, measures and what waits for
//! somebody. Each file has what the fold keeps of its events, and how.

mod approvals;
mod billing;
mod conduct;
mod measure;
mod measures;
mod moves;
mod orders;
mod payouts;
mod subscriptions;

use serde::{Deserialize, Serialize};

pub use approvals::*;
pub use billing::*;
pub use conduct::*;
pub use measure::*;
pub use measures::*;
pub use moves::*;
pub use orders::*;
pub use payouts::*;
pub use subscriptions::*;

/// What there is of an account besides its credits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Records {
    /// What was bought, and what was asked back of it.
    pub orders: Orders,
    /// Subscriptions.
    pub subscriptions: Subscriptions,
    /// Statements, disputes, claims.
    pub billing: Billing,
    /// Measures.
    pub measures: Measures,
    /// Violations and reviews.
    pub conduct: Conduct,
    /// What waits for a second person.
    pub approvals: Approvals,
    /// Withdrawals and migrations.
    pub moves: Moves,
}

impl Records {
    /// Whether something that began here has to be finished by other accounts.
    pub(in crate::account) fn wait_for_process(&self) -> bool {
        self.moves.migrations().next().is_some() || !self.measures.spreads().is_empty()
    }
}
