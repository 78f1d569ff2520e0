//! What waits for a second person: adjustments, and grants by hand above the threshold (Z2).

use super::super::command::Grant;
use super::super::event::{
    Adjusted, ApprovalGiven, ApprovalRejected, ApprovalRequested, Granted, LotAmount, Pending,
};
use super::super::records::Approval;
use super::super::{Account, Event, Noun, Refusal};
use super::calls::take_usable;
use super::{funding, sum};
use crate::book::{Book, ClaimsSoFar, GrantSource};
use crate::{Credits, Timestamp, Token};

/// Most requests that may wait at once.
const MAX_PENDING: usize = 1_000;

/// An adjustment always waits, whatever its size.
pub(super) fn adjust(
    account: &Account,
    book: &Book,
    credits: Credits,
    reason: &Token,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if credits.is_negative() {
        negated(credits)?.moving()?;
    } else {
        // What could not be granted now is refused before anybody is asked.
        adjustment(account, book, (credits, reason, by), now)?;
    }
    request(account, Pending::Adjustment { credits, reason: reason.clone() }, by)
}

/// A grant by hand that is above the threshold.
pub(super) fn request_grant(account: &Account, grant: &Grant) -> Result<Vec<Event>, Refusal> {
    let pending = Pending::Grant {
        source: grant.source,
        campaign: grant.campaign.clone(),
        credits: grant.credits,
        expires_at: grant.expires_at,
        priority: grant.priority,
        reason: grant.reason.clone(),
    };
    request(account, pending, &grant.by)
}

/// What a second person approves takes effect in the same step; if it cannot, it goes on waiting.
pub(super) fn approve(
    account: &Account,
    book: &Book,
    approval: u64,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let request = waiting(account, approval)?;
    if request.requested_by == *by {
        return Err(Refusal::SamePerson);
    }
    let effect: Event = match &request.what {
        Pending::Grant { source, campaign, credits, expires_at, priority, reason } => {
            let grant = Grant {
                source: *source,
                campaign: campaign.clone(),
                credits: *credits,
                expires_at: *expires_at,
                priority: *priority,
                reason: reason.clone(),
                by: by.clone(),
                // What has been claimed by now shows in the campaign's own streams.
                so_far: ClaimsSoFar::default(),
            };
            let granted = funding::granted(account, book, &grant, now)?;
            Granted { approval: Some(approval), ..granted }.into()
        }
        Pending::Adjustment { credits, reason } if credits.is_negative() => {
            let lots = taken(account, book, negated(*credits)?, now)?;
            Adjusted { approval, reason: reason.clone(), lots }.into()
        }
        Pending::Adjustment { credits, reason } => {
            let granted = adjustment(account, book, (*credits, reason, by), now)?;
            Granted { approval: Some(approval), ..granted }.into()
        }
    };
    Ok(vec![ApprovalGiven { approval, by: by.clone() }.into(), effect])
}

/// Who asked for it may give it up, too.
pub(super) fn reject(account: &Account, approval: u64, by: &Token) -> Result<Vec<Event>, Refusal> {
    waiting(account, approval)?;
    Ok(vec![ApprovalRejected { approval, by: by.clone() }.into()])
}

fn request(account: &Account, what: Pending, by: &Token) -> Result<Vec<Event>, Refusal> {
    let requests = &account.records().approvals.requests;
    if requests.iter().filter(|request| request.decision.is_none()).count() >= MAX_PENDING {
        return Err(Refusal::LimitReached { what: "requests that wait for approval", limit: MAX_PENDING });
    }
    Ok(vec![ApprovalRequested { what, by: by.clone() }.into()])
}

fn waiting(account: &Account, approval: u64) -> Result<&Approval, Refusal> {
    let request = account.records().approvals.get(approval).ok_or(Refusal::NotFound(Noun::Approval))?;
    if request.decision.is_some() { Err(Refusal::AlreadyDecided(Noun::Approval)) } else { Ok(request) }
}

/// A correction of what was charged too much: a grant by the rule for those by hand.
fn adjustment(
    account: &Account,
    book: &Book,
    (credits, reason, by): (Credits, &Token, &Token),
    now: Timestamp,
) -> Result<Granted, Refusal> {
    let grant = Grant {
        source: GrantSource::Adjustment,
        campaign: None,
        credits,
        expires_at: None,
        priority: None,
        reason: Some(reason.clone()),
        by: by.clone(),
        so_far: ClaimsSoFar::default(),
    };
    funding::granted(account, book, &grant, now)
}

/// A correction of what was charged too little: all of it, of what is available, never on credit.
fn taken(
    account: &Account,
    book: &Book,
    required: Credits,
    now: Timestamp,
) -> Result<Vec<LotAmount>, Refusal> {
    let available = account.balance().available.max(Credits::ZERO);
    let lots = take_usable(account, book.policy(now), required.min(available));
    if sum(lots.iter().map(|part| part.amount))? == required {
        Ok(lots)
    } else {
        Err(Refusal::InsufficientCredits { available, required })
    }
}

fn negated(credits: Credits) -> Result<Credits, Refusal> {
    Ok(Credits::ZERO.minus(credits)?)
}
