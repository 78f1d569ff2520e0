//! Rewards of campaigns: claimed once, while there is something left to give (P7, A8).

use super::super::command::ClaimReward;
use super::super::event::Granted;
use super::super::{Account, Event, Noun, Refusal};
use super::{admission, funding};
use crate::Timestamp;
use crate::book::{Book, Days};

pub(super) fn claim(
    account: &Account,
    book: &Book,
    claim: &ClaimReward,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let campaign = book.campaign(&claim.campaign, now).ok_or(Refusal::NotFound(Noun::Campaign))?;
    funding::takes_credits(account)?;
    admission::may_buy(account, book, now)?;
    campaign.claim(claim.so_far, campaign.credits, now)?;
    let rule = book.policy(now).grants.rule(campaign.source);
    let valid_days = campaign.valid_for.map(|Days(days)| days).or(rule.valid_days);
    Ok(vec![
        Granted {
            source: campaign.source,
            campaign: Some(campaign.id.clone()),
            credits: campaign.credits,
            expires_at: valid_days.map(|days| now.plus_days(days)),
            priority: rule.priority,
            reason: None,
            approval: None,
            dispute: None,
        }
        .into(),
    ])
}
