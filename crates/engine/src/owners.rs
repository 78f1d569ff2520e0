//! The accounts of an owner (A8): each is named in the owner's own stream, in the group that opens it.

use std::ops::ControlFlow;

use scrip_ledger::{AccountId, BookId, Token};
use scrip_store::{EventStore, StoreError, StreamName};
use serde::{Deserialize, Serialize};

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
