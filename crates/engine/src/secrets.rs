//! Which account a key's secret belongs to: what the gateway looks up before anything else.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use scrip_ledger::event::SecretHash;
use scrip_ledger::{AccountId, Event};

/// The account and key that a secret belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The account.
    pub account: AccountId,
    /// The key: the revision of the event that issued it.
    pub key: u64,
    /// Whether the key was revoked, or this secret rotated away.
    pub revoked: bool,
}

/// Every secret there ever was, by its hash.
#[derive(Debug, Default)]
pub(crate) struct Secrets(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    owners: HashMap<SecretHash, KeyOwner>,
    current: HashMap<(AccountId, u64), SecretHash>,
}

impl Secrets {
    pub(crate) fn get(&self, secret: &SecretHash) -> Option<KeyOwner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).owners.get(secret).cloned()
    }

    /// Takes in an event that is durable. Returns the entries that it changed.
    pub(crate) fn take_in(
        &self,
        account: &AccountId,
        revision: u64,
        event: &Event,
    ) -> Vec<(SecretHash, KeyOwner)> {
        let (key, added) = match event {
            Event::KeyIssued(issued) => (revision, Some(issued.secret_sha256)),
            Event::KeyRotated(rotated) => (rotated.key, Some(rotated.secret_sha256)),
            Event::KeyRevoked(revoked) => (revoked.key, None),
            Event::KeyReinstated(reinstated) => (reinstated.key, Some(reinstated.secret_sha256)),
            _ => return Vec::new(),
        };
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        if let Some(secret) = known.current.remove(&(account.clone(), key))
            && let Some(owner) = known.owners.get_mut(&secret)
        {
            owner.revoked = true;
            changed.push((secret, owner.clone()));
        }
        if let Some(secret) = added {
            let owner = KeyOwner { account: account.clone(), key, revoked: false };
            known.insert(secret, owner.clone());
            changed.push((secret, owner));
        }
        changed
    }

    pub(crate) fn restore(&self, secret: SecretHash, owner: KeyOwner) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(secret, owner);
    }
}

impl Known {
    fn insert(&mut self, secret: SecretHash, owner: KeyOwner) {
        if !owner.revoked {
            self.current.insert((owner.account.clone(), owner.key), secret);
        }
        self.owners.insert(secret, owner);
    }
}
