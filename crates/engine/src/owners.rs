//! The accounts of an owner (A8): each is named in the owner's own stream, in the group that opens it.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use scrip_ledger::command::{Open, OwnerFreeze};
use scrip_ledger::{AccountId, BookId, Token};
use scrip_store::{EventStore, StoreError, StreamName};
use serde::{Deserialize, Serialize};

use crate::decider::{Decider, load};
use crate::recall::{Setback, unavailable};
use crate::reservations::stream;

/// The event of an owner's stream.
pub(crate) const ACCOUNT_OF_OWNER: &str = "account_of_owner";

/// The payload of `account_of_owner`.
#[derive(Serialize, Deserialize)]
pub(crate) struct AccountOfOwner {
    pub(crate) book: BookId,
    pub(crate) owner: Token,
    pub(crate) account: AccountId,
}

/// The stream of an owner.
pub(crate) fn owner_stream(book: &BookId, owner: &Token) -> Option<StreamName> {
    stream("owner", &[book.as_str(), owner.as_str()])
}

/// The account that an event of an owner's stream names.
pub(crate) fn account_of(payload: &[u8]) -> Option<AccountId> {
    serde_json::from_slice::<AccountOfOwner>(payload).ok().map(|named| named.account)
}

/// Every account of an owner that is durable, in the order they were opened. Blocks on the store.
pub(crate) fn accounts_of_owner(
    store: &dyn EventStore,
    book: &BookId,
    owner: &Token,
) -> Result<Vec<AccountId>, StoreError> {
    let mut accounts = Vec::new();
    if let Some(stream) = owner_stream(book, owner) {
        store.scan_stream(&stream, 0, &mut |event| {
            accounts.extend(account_of(event.payload));
            ControlFlow::Continue(())
        })?;
    }
    Ok(accounts)
}

impl Decider {
    /// Brings the opening of an account the measure against all accounts of its owner that stands, if there is one.
    /// Says whether that is ahead of the disk.
    pub(crate) fn look_at_owner(&mut self, open: &mut Open) -> Result<bool, Setback> {
        let stream = open.owner.as_ref().and_then(|owner| owner_stream(&open.book, owner));
        let Some(stream) = stream else { return Ok(false) };
        let mut accounts = Vec::new();
        let visited = self.shared.visit(&stream, &mut |payload| accounts.extend(account_of(payload)));
        let mut is_ahead = visited.map_err(|error| unavailable("an owner's accounts", &error))?;
        open.frozen = None;
        let durable = self.durable_item.load(Ordering::Acquire);
        for account in accounts {
            let (slot, _) = load(&mut self.accounts, &self.stats, &account)?;
            let standing = slot.account.freezes().iter().find(|freeze| freeze.owner_wide);
            if let Some(freeze) = standing {
                open.frozen = Some(OwnerFreeze { reason: freeze.reason.clone(), since: freeze.since });
                is_ahead |= slot.last_item > durable;
                break;
            }
        }
        Ok(is_ahead)
    }
}
