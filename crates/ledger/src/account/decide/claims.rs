//! Claims for compensation: money that the holder owes, apart from credits (M11). A closed account is no end to them.

use super::super::event::{CompensationClaimed, CompensationSettled};
use super::super::refusal::Noun;
use super::super::{Account, Event, Refusal};
use crate::{AmountError, Money, Token};

/// Most claims that one account may have had.
const MAX_CLAIMS: usize = 1_000;

pub(super) fn claim(
    account: &Account,
    amount: Money,
    reason: &Token,
    reference: Option<&Token>,
) -> Result<Vec<Event>, Refusal> {
    if amount.minor() == 0 {
        return Err(AmountError::Zero.into());
    }
    if account.records().billing.claims().len() >= MAX_CLAIMS {
        return Err(Refusal::LimitReached { what: "claims", limit: MAX_CLAIMS });
    }
    Ok(vec![CompensationClaimed { amount, reason: reason.clone(), reference: reference.cloned() }.into()])
}

pub(super) fn settle(
    account: &Account,
    claim: u64,
    paid: bool,
    reference: Option<&Token>,
) -> Result<Vec<Event>, Refusal> {
    let found = account.records().billing.claim(claim).ok_or(Refusal::NotFound(Noun::Claim))?;
    if found.settled.is_some() {
        return Err(Refusal::AlreadyDecided(Noun::Claim));
    }
    Ok(vec![CompensationSettled { claim, paid, reference: reference.cloned() }.into()])
}
