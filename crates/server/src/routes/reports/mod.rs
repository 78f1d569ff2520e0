//! Reports of a book: what the read side says of it, a file a report. What they sum up, `docs/reports.md` says.

mod amounts;
pub(super) mod balances;
pub(super) mod deferred;
mod group;
pub(super) mod ledger;
pub(super) mod trial_balance;
pub(super) mod usage;
mod when;
pub(super) mod windows;
