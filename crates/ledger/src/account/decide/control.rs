//! The account itself: opening, keys, freezes, the credit line, closing.

use super::super::command::Open;
use super::super::event::{
    AccountClosed, AccountOpened, ClosedBy, CreditLineSet, Frozen, HoldVoided, KeyIssued, KeyRevoked,
    KeyRotated, LotForfeited, SecretHash, Thawed,
};
use super::super::{Account, Event, FreezeScope, Key, Refusal, Status};
use crate::book::{Book, OpenHolds, Outcome, Remainder};
use crate::{Credits, Timestamp, Token};

/// Most keys that one account may have, revoked ones included.
const MAX_KEYS: usize = 1_000;
/// Most freezes that may stand at once.
const MAX_FREEZES: usize = 1_000;

pub(super) fn open(account: &Account, open: &Open) -> Result<Vec<Event>, Refusal> {
    if account.status() != Status::Absent {
        return Err(Refusal::AccountExists);
    }
    Ok(vec![
        AccountOpened {
            book: open.book.clone(),
            owner: open.owner.clone(),
            region: open.region.clone(),
            attestations: open.attestations,
            terms_version: open.terms_version.clone(),
        }
        .into(),
    ])
}

pub(super) fn issue_key(account: &Account, secret: SecretHash) -> Result<Vec<Event>, Refusal> {
    not_closed(account)?;
    if account.keys().len() >= MAX_KEYS {
        return Err(Refusal::LimitReached { what: "keys", limit: MAX_KEYS });
    }
    Ok(vec![KeyIssued { secret_sha256: secret }.into()])
}

pub(super) fn rotate_key(account: &Account, key: u64, secret: SecretHash) -> Result<Vec<Event>, Refusal> {
    not_closed(account)?;
    standing_key(account, key)?;
    Ok(vec![KeyRotated { key, secret_sha256: secret }.into()])
}

pub(super) fn revoke_key(account: &Account, key: u64) -> Result<Vec<Event>, Refusal> {
    standing_key(account, key)?;
    Ok(vec![KeyRevoked { key }.into()])
}

pub(super) fn freeze(
    account: &Account,
    book: &Book,
    scope: &FreezeScope,
    reason: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if account.freezes().len() >= MAX_FREEZES {
        return Err(Refusal::LimitReached { what: "freezes", limit: MAX_FREEZES });
    }
    let scope = match scope {
        FreezeScope::Account => FreezeScope::Account,
        FreezeScope::Amount { amount } => FreezeScope::Amount { amount: amount.moving()? },
        FreezeScope::Key { key } => {
            standing_key(account, *key)?;
            FreezeScope::Key { key: *key }
        }
        FreezeScope::Lots { lots } => {
            let mut lots = lots.clone();
            lots.sort_unstable();
            lots.dedup();
            if lots.is_empty() || lots.iter().any(|lot| account.lot(*lot).is_none()) {
                return Err(Refusal::LotNotFound);
            }
            FreezeScope::Lots { lots }
        }
    };
    let policy = book.policy();
    let stops = |key: Option<u64>| match &scope {
        FreezeScope::Account => true,
        FreezeScope::Key { key: frozen } => key == Some(*frozen),
        FreezeScope::Amount { .. } | FreezeScope::Lots { .. } => false,
    };
    let given_up =
        account.holds().filter(|(_, hold)| policy.freeze.open_holds == OpenHolds::Void && stops(hold.key));
    let (mut events, mut returned) = (Vec::new(), Vec::new());
    for (hold, given_up) in given_up {
        events.push(HoldVoided { hold, outcome: Outcome::Failed, released: given_up.amount }.into());
        returned.extend_from_slice(&given_up.lots);
    }
    // What they return is settled at once, lot by lot: hold by hold it could come to more events than a group holds.
    account.settle_returned(&returned, policy, now, &mut events);
    events.push(Frozen { scope, reason: reason.clone() }.into());
    Ok(events)
}

pub(super) fn thaw(account: &Account, freeze: Option<u64>, reason: &Token) -> Result<Vec<Event>, Refusal> {
    let events: Vec<Event> = account
        .freezes()
        .iter()
        .filter(|standing| freeze.is_none_or(|wanted| wanted == standing.revision))
        .map(|standing| Thawed { freeze: standing.revision, reason: reason.clone() }.into())
        .collect();
    if events.is_empty() { Err(Refusal::FreezeNotFound) } else { Ok(events) }
}

pub(super) fn set_credit_line(limit: Credits) -> Result<Vec<Event>, Refusal> {
    Ok(vec![CreditLineSet { limit: limit.not_negative()? }.into()])
}

/// Closing takes effect at once. What is free is forfeited or kept by the policy; open holds stay and may settle.
pub(super) fn close(
    account: &Account,
    book: &Book,
    by: ClosedBy,
    reason: Option<&Token>,
) -> Result<Vec<Event>, Refusal> {
    not_closed(account)?;
    let mut events = vec![AccountClosed { by, reason: reason.cloned() }.into()];
    if book.policy().close.remainder == Remainder::Forfeit
        && let Ok(code) = Token::new("account_closed")
    {
        let rest = account.live_lots().filter(|lot| !lot.free.is_zero());
        events.extend(
            rest.map(|lot| LotForfeited { lot: lot.revision, amount: lot.free, reason: code.clone() }.into()),
        );
    }
    Ok(events)
}

fn not_closed(account: &Account) -> Result<(), Refusal> {
    if account.status() == Status::Closed { Err(Refusal::AccountClosed) } else { Ok(()) }
}

/// A key that was not revoked.
fn standing_key(account: &Account, key: u64) -> Result<&Key, Refusal> {
    let key = account.key(key).ok_or(Refusal::KeyNotFound)?;
    if key.revoked { Err(Refusal::KeyRevoked) } else { Ok(key) }
}
