//! A book: one service's policy and catalog, as data. Five services are five settings of one model.

mod catalog;
mod load;
mod policy;

pub use catalog::{Catalog, CatalogError, Days, Model, Product, Rate};
pub use load::{BookError, BookFiles, CATALOG_FILE, POLICY_FILE};
pub use policy::{
    AfterClose, BeyondCreditLine, BurnKey, Charge, ExpiredLot, FreezePolicy, GrantRule, GrantSource, Grants,
    HoldPolicy, IdempotencyPolicy, OpenHolds, Outcome, Outcomes, OverrunPolicy, OverrunRule, Policy,
    Remainder, UsageRefundPolicy,
};

use crate::{BookId, Timestamp};

/// One version of a catalog or a policy, and since when it is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Version<T> {
    /// Since when it is in force.
    pub effective_at: Timestamp,
    /// What it says.
    pub terms: T,
}

/// One service: every version of its catalog and policy that was ever in force, the latest last.
///
/// A call is rated at the versions that it was admitted under, so past versions stay.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// Its id: the folder's name, and part of every account of it.
    pub id: BookId,
    catalogs: Vec<Version<Catalog>>,
    policies: Vec<Version<Policy>>,
}

impl Book {
    /// A book with all its versions, oldest first; nothing if there is no catalog or no policy.
    pub fn new(id: BookId, catalogs: Vec<Version<Catalog>>, policies: Vec<Version<Policy>>) -> Option<Self> {
        (!catalogs.is_empty() && !policies.is_empty()).then_some(Self { id, catalogs, policies })
    }

    /// A book of one version each, in force since the epoch.
    pub fn from_files(files: BookFiles) -> Self {
        let since = Timestamp::from_micros(0);
        Self {
            id: files.id,
            catalogs: vec![Version { effective_at: since, terms: files.catalog }],
            policies: vec![Version { effective_at: since, terms: files.policy }],
        }
    }

    /// The catalog in force.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog_in_force().terms
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy_in_force().terms
    }

    /// The catalog in force, and since when.
    #[expect(clippy::indexing_slicing, reason = "never empty: see Book::new")]
    pub fn catalog_in_force(&self) -> &Version<Catalog> {
        &self.catalogs[self.catalogs.len().saturating_sub(1)]
    }

    /// The policy in force, and since when.
    #[expect(clippy::indexing_slicing, reason = "never empty: see Book::new")]
    pub fn policy_in_force(&self) -> &Version<Policy> {
        &self.policies[self.policies.len().saturating_sub(1)]
    }

    /// The catalog that was in force at a time; nothing before the first.
    pub fn catalog_at(&self, time: Timestamp) -> Option<&Version<Catalog>> {
        self.catalogs.iter().rev().find(|version| version.effective_at <= time)
    }

    /// The policy that was in force at a time; nothing before the first.
    pub fn policy_at(&self, time: Timestamp) -> Option<&Version<Policy>> {
        self.policies.iter().rev().find(|version| version.effective_at <= time)
    }

    /// A version of the catalog that was in force once.
    pub fn catalog_version(&self, version: u32) -> Option<&Catalog> {
        self.catalogs.iter().rev().map(|known| &known.terms).find(|catalog| catalog.version == version)
    }

    /// A version of the policy that was in force once.
    pub fn policy_version(&self, version: u32) -> Option<&Policy> {
        self.policies.iter().rev().map(|known| &known.terms).find(|policy| policy.version == version)
    }
}
