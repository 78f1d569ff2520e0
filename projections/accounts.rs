//! The accounts that the follower holds in memory, folded up to where it stands.

use std::collections::HashMap;

use scrip_ledger::{Account, AccountId};

/// Accounts that are kept in memory at the most: beyond that, those that no recent batch touched go, and are folded again when
/// they are needed.
const KEPT: usize = 200_000;

/// Accounts, folded up to a position.
#[derive(Default)]
pub struct Accounts {
    known: HashMap<AccountId, Known>,
    batch: u64,
}

struct Known {
    account: Account,
    /// The batch that touched it last.
    touched: u64,
}

impl Accounts {
    /// An account that the current batch touched.
    pub fn get(&self, id: &str) -> Option<&Account> {
        self.known.get(id).map(|known| &known.account)
    }

    /// The same, to take its next event.
    pub(crate) fn touch(&mut self, id: &str) -> Option<&mut Account> {
        let known = self.known.get_mut(id)?;
        known.touched = self.batch;
        Some(&mut known.account)
    }

    /// Takes in an account that was folded elsewhere.
    pub(crate) fn insert(&mut self, account: Account) {
        let touched = self.batch;
        self.known.insert(account.id().clone(), Known { account, touched });
    }

    /// The batch is over: what no batch touched for the longest time goes, if there is too much.
    pub(crate) fn end_batch(&mut self) {
        if self.known.len() > KEPT {
            let mut touched: Vec<u64> = self.known.values().map(|known| known.touched).collect();
            let middle = touched.len() / 2;
            let (_, median, _) = touched.select_nth_unstable(middle);
            let since = (*median).min(self.batch.saturating_sub(1));
            self.known.retain(|_, known| known.touched > since);
        }
        self.batch = self.batch.saturating_add(1);
    }
}
