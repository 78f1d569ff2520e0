//! A measure against an owner: a freeze, or its end, that has to reach all other accounts of the owner (A8).
//!
//! Two steps: the freeze, or its end, on each of them, with the measure that brought it; then `measure_spread` where it
//! came from. What one account refuses keeps none of the others from it.

use compact_str::format_compact;
use scrip_ledger::command::Freeze;
use scrip_ledger::event::Origin;
use scrip_ledger::records::Spread;
use scrip_ledger::{Account, AccountId, Command, FreezeScope, Minted, MintedKind};

use super::{Step, Steps};
use crate::owners::accounts_of_owner;
use crate::request::EngineError;

/// Carries what an account has for its owner's other accounts there.
pub(super) fn advance(steps: &Steps, account: &Account) -> Result<(), EngineError> {
    let (Some(book), Some(owner)) = (account.book(), account.owner()) else { return Ok(()) };
    for spread in account.records().measures.spreads() {
        let id = Minted::new(account.id(), MintedKind::Freeze, spread.freeze).to_string();
        let event = spread.revision.to_string();
        let take = |other: &AccountId, command| {
            let (key, correlation) = ([id.as_str(), event.as_str(), other.as_str()], format_compact!("{id}"));
            steps.take(Step { account: other, command, operation: "spread_measure", key: &key, correlation })
        };
        let others = accounts_of_owner(&*steps.store, book, owner).map_err(|error| {
            tracing::error!(%error, "an owner's accounts cannot be read");
            EngineError::Unavailable
        })?;
        let (mut reached, mut failed): (u32, _) = (0, None);
        for other in others.iter().filter(|other| *other != account.id()) {
            match take(other, carried(account, spread)) {
                Ok(()) => reached = reached.saturating_add(1),
                // It was lifted there before, or the account has as many freezes as it may have.
                Err(EngineError::Refused(refusal)) => {
                    tracing::warn!(account = %other, measure = %id, %refusal, "a measure does not reach an account");
                }
                // The others are reached all the same; this one is tried again with the next round.
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        take(account.id(), Command::CompleteSpread { measure: spread.revision, accounts: reached })?;
    }
    Ok(())
}

/// What is asked of each of the others.
fn carried(account: &Account, spread: &Spread) -> Command {
    let origin = Origin { account: account.id().clone(), measure: spread.freeze };
    let reason = spread.reason.clone();
    if spread.lifts {
        return Command::ThawOrigin { origin, reason };
    }
    Command::Freeze(Freeze {
        scope: FreezeScope::Account,
        reason,
        effective_at: None,
        owner_wide: false,
        origin: Some(origin),
        preserve_logs: false,
    })
}
