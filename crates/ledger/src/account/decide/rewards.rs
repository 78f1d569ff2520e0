//! Rewards of campaigns.

use super::super::command::ClaimReward;
use super::super::{Account, Event, Refusal};
use crate::Timestamp;
use crate::book::Book;

pub(super) fn claim(
    account: &Account,
    book: &Book,
    claim: &ClaimReward,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, claim, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}
