//! The account itself: its opening, its region, its keys, its credit line.

use compact_str::CompactString;

use super::super::command::{Open, OwnerFreeze};
use super::super::event::{
    AccountOpened, CreditLineSet, KeyIssued, KeyRevoked, KeyRotated, RegionChanged, SecretHash,
};
use super::super::{Account, Event, Key, Refusal, Status};
use super::admission;
use crate::book::Book;
use crate::{Credits, Timestamp, Token};

/// Most keys that one account may have, revoked ones included.
const MAX_KEYS: usize = 1_000;
pub(super) fn open(
    account: &Account,
    book: &Book,
    open: &Open,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if account.status() != Status::Absent {
        return Err(Refusal::AccountExists);
    }
    if let Some(OwnerFreeze { reason, since }) = open.frozen.clone() {
        return Err(Refusal::AccountFrozen { reason, since });
    }
    admission::may_open(book, open, now)?;
    Ok(vec![
        AccountOpened {
            book: open.book.clone(),
            owner: open.owner.clone(),
            region: open.region.clone(),
            attestations: open.attestations,
            terms_version: open
                .terms_version
                .clone()
                .or_else(|| book.policy(now).opening.terms_version.clone()),
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

pub(super) fn revoke_key(account: &Account, key: u64, reason: Option<&Token>) -> Result<Vec<Event>, Refusal> {
    standing_key(account, key)?;
    Ok(vec![KeyRevoked { key, reason: reason.cloned() }.into()])
}

/// The change is recorded wherever it leads: what a barred region may not do is refused when it is asked for (Z12).
pub(super) fn change_region(account: &Account, region: &CompactString) -> Result<Vec<Event>, Refusal> {
    not_closed(account)?;
    Ok(vec![RegionChanged { region: region.clone() }.into()])
}

pub(super) fn set_credit_line(limit: Credits) -> Result<Vec<Event>, Refusal> {
    Ok(vec![CreditLineSet { limit: limit.not_negative()? }.into()])
}

pub(super) fn not_closed(account: &Account) -> Result<(), Refusal> {
    if account.status() == Status::Closed { Err(Refusal::AccountClosed) } else { Ok(()) }
}

/// A key that was not revoked.
pub(super) fn standing_key(account: &Account, key: u64) -> Result<&Key, Refusal> {
    let key = account.key(key).ok_or(Refusal::KeyNotFound)?;
    if key.revoked { Err(Refusal::KeyRevoked) } else { Ok(key) }
}
