//! A book: one service's policy, catalog and campaigns, as data. Five services are five settings of one model.

mod campaign;
mod catalog;
mod closing;
pub mod event;
mod load;
pub mod policy;
mod publish;

pub use campaign::{Campaign, ClaimsSoFar, OncePer};
pub use catalog::{Catalog, CatalogError, Days, Model, Plan, Product, Rate, STANDARD_UNITS};
pub use load::{BookError, BookFiles, CATALOG_FILE, POLICY_FILE};
pub use policy::{
    AfterClose, BeyondCreditLine, BurnKey, Charge, ExpiredLot, FreezePolicy, GrantRule, GrantSource, Grants,
    HoldPolicy, IdempotencyPolicy, OpenHolds, Outcome, Outcomes, OverrunPolicy, OverrunRule, Policy,
    Remainder, UsageRefundPolicy,
};
pub use publish::{Announcement, BookCommand, Draft, FileNews};

use crate::{Account, BookId, Timestamp, Token};

/// One version of a catalog, a policy or a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Version<T> {
    /// When it was recorded, which is when its notice was given.
    pub announced_at: Timestamp,
    /// Since when it is in force.
    pub effective_at: Timestamp,
    /// The same for accounts that were subscribed when it was announced, where notice is owed to them (I7).
    pub for_subscribed_at: Option<Timestamp>,
    /// What it says.
    pub terms: T,
}

/// The end of a whole service, announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownNotice {
    /// When the notice was recorded.
    pub announced_at: Timestamp,
    /// When the service ends.
    pub effective_at: Timestamp,
    /// A reason code.
    pub reason: Token,
}

/// One service: every version of its catalog and policy that was ever announced, the latest last, its campaigns, and
/// its end.
///
/// A call is rated at the versions that it was admitted under, so past versions stay.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// Its id: the folder's name, and part of every account of it.
    pub id: BookId,
    catalogs: Vec<Version<Catalog>>,
    policies: Vec<Version<Policy>>,
    campaigns: Vec<Version<Campaign>>,
    shutdown: Option<ShutdownNotice>,
    closed_until: Option<Timestamp>,
}

impl<T> Version<T> {
    /// A version that takes effect when it is announced.
    pub const fn at_once(now: Timestamp, terms: T) -> Self {
        Self { announced_at: now, effective_at: now, for_subscribed_at: None, terms }
    }
}

impl Version<Catalog> {
    /// Since when it is in force for an account.
    pub fn effective_for(&self, account: &Account) -> Timestamp {
        match self.for_subscribed_at {
            Some(later) if account.was_subscribed_before(self.announced_at, self.terms.version) => {
                later.max(self.effective_at)
            }
            _ => self.effective_at,
        }
    }
}

impl Book {
    /// A book with all its versions, oldest first; nothing if there is no catalog or no policy.
    pub fn new(id: BookId, catalogs: Vec<Version<Catalog>>, policies: Vec<Version<Policy>>) -> Option<Self> {
        let full = !catalogs.is_empty() && !policies.is_empty();
        full.then_some(Self {
            id,
            catalogs,
            policies,
            campaigns: Vec::new(),
            shutdown: None,
            closed_until: None,
        })
    }

    /// A book of one version each, in force since the epoch.
    pub fn from_files(files: BookFiles) -> Self {
        let since = Timestamp::from_micros(0);
        Self {
            id: files.id,
            catalogs: vec![Version::at_once(since, files.catalog)],
            policies: vec![Version::at_once(since, files.policy)],
            campaigns: Vec::new(),
            shutdown: None,
            closed_until: None,
        }
    }

    /// The catalog in force at a time; before the first, the first.
    #[expect(clippy::indexing_slicing, reason = "never empty: see Book::new")]
    pub fn catalog(&self, now: Timestamp) -> &Catalog {
        &self.catalog_at(now).unwrap_or(&self.catalogs[0]).terms
    }

    /// The catalog in force at a time for an account, which may be owed a notice (I7); before the first, the first.
    #[expect(clippy::indexing_slicing, reason = "never empty: see Book::new")]
    pub fn catalog_for(&self, account: &Account, now: Timestamp) -> &Catalog {
        &self.catalog_for_at(account, now).unwrap_or(&self.catalogs[0]).terms
    }

    /// The policy in force at a time; before the first, the first.
    #[expect(clippy::indexing_slicing, reason = "never empty: see Book::new")]
    pub fn policy(&self, now: Timestamp) -> &Policy {
        &self.policy_at(now).unwrap_or(&self.policies[0]).terms
    }

    /// The catalog that was in force at a time; nothing before the first.
    pub fn catalog_at(&self, time: Timestamp) -> Option<&Version<Catalog>> {
        self.catalogs.iter().rev().find(|version| version.effective_at <= time)
    }

    /// The catalog that was in force at a time for an account; nothing before the first.
    pub fn catalog_for_at(&self, account: &Account, time: Timestamp) -> Option<&Version<Catalog>> {
        self.catalogs.iter().rev().find(|version| version.effective_for(account) <= time)
    }

    /// The policy that was in force at a time; nothing before the first.
    pub fn policy_at(&self, time: Timestamp) -> Option<&Version<Policy>> {
        self.policies.iter().rev().find(|version| version.effective_at <= time)
    }

    /// A version of the catalog.
    pub fn catalog_version(&self, version: u32) -> Option<&Catalog> {
        self.catalogs.iter().rev().map(|known| &known.terms).find(|catalog| catalog.version == version)
    }

    /// A version of the policy.
    pub fn policy_version(&self, version: u32) -> Option<&Policy> {
        self.policies.iter().rev().map(|known| &known.terms).find(|policy| policy.version == version)
    }

    /// Every version of the catalog, oldest first.
    pub fn catalogs(&self) -> &[Version<Catalog>] {
        &self.catalogs
    }

    /// Every version of the policy, oldest first.
    pub fn policies(&self) -> &[Version<Policy>] {
        &self.policies
    }

    /// Every version of every campaign, oldest first.
    pub fn campaigns(&self) -> &[Version<Campaign>] {
        &self.campaigns
    }

    /// The campaign of an id that is in force at a time.
    pub fn campaign(&self, id: &Token, now: Timestamp) -> Option<&Campaign> {
        let mut known = self.campaigns.iter().rev().filter(|version| version.terms.id == *id);
        known.find(|version| version.effective_at <= now).map(|version| &version.terms)
    }

    /// The end of the service, if it was announced.
    pub const fn shutdown(&self) -> Option<&ShutdownNotice> {
        self.shutdown.as_ref()
    }

    /// The end of the latest period that was closed: what took effect before it and is recorded later is booked in the open
    /// period.
    pub const fn closed_until(&self) -> Option<Timestamp> {
        self.closed_until
    }
}
