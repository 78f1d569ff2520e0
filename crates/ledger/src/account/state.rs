//! An account as its events have made it.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::Lot;
use super::event::{Attestations, Origin, SecretHash};
use super::records::Records;
use crate::{AccountId, BookId, Credits, Timestamp, Token};

/// One account: the fold of its own events, and of nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub(super) id: AccountId,
    pub(super) next_revision: u64,
    pub(super) last_recorded_at: Timestamp,
    pub(super) status: Status,
    pub(super) book: Option<BookId>,
    pub(super) owner: Option<Token>,
    pub(super) region: Option<CompactString>,
    pub(super) attestations: Option<Attestations>,
    pub(super) terms_version: Option<Token>,
    /// In the order they were made.
    pub(super) lots: Vec<Lot>,
    /// Indices of the lots that have something left, in the order they were made.
    pub(super) live: Vec<u32>,
    pub(super) holds: BTreeMap<u64, Hold>,
    /// Open holds by the end they reach.
    pub(super) hold_ends: BTreeSet<(Timestamp, u64)>,
    /// Holds that expired and were not captured since: a late capture is still taken.
    pub(super) expired_holds: BTreeSet<u64>,
    pub(super) keys: Vec<Key>,
    pub(super) freezes: Vec<Freeze>,
    /// What has been refunded of debits, by debit.
    pub(super) refunded: BTreeMap<u64, Credits>,
    /// Sum of all lots' free credits.
    pub(super) free: Credits,
    /// Sum of all lots' held credits.
    pub(super) held: Credits,
    /// Sum of all holds' parts on the credit line.
    pub(super) on_credit: Credits,
    pub(super) debt: Credits,
    pub(super) credit_limit: Credits,
    /// Since when it owes something.
    pub(super) debt_since: Option<Timestamp>,
    /// By when what it owes had to be repaid, once that has passed.
    pub(super) overdue: Option<Timestamp>,
    /// When it last called or was topped up.
    pub(super) last_activity: Timestamp,
    /// Since when credits have moved that no statement shows.
    pub(super) unstated_since: Option<Timestamp>,
    pub(super) totals: Totals,
    /// What else there is of it: most accounts have nothing of that.
    pub(super) records: Option<Box<Records>>,
    pub(super) inconsistency: Option<Inconsistency>,
}

/// What all calls were charged, and what paid for it, net of refunds.
///
/// **Invariant**: charged = from_lots + by_debt + absorbed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// What calls were charged.
    pub charged: Credits,
    /// What lots paid of it.
    pub from_lots: Credits,
    /// What debt paid of it, whether repaid since or not.
    pub by_debt: Credits,
    /// What the operator carries of it.
    pub absorbed: Credits,
    /// What was given back of it.
    #[serde(default)]
    pub refunded: Credits,
    /// How many calls there were, those that were charged nothing included.
    #[serde(default)]
    pub calls: u64,
    /// What was owed besides, for payments that were taken back and whose credits had been spent.
    #[serde(default)]
    pub taken_back: Credits,
    /// What corrections took from lots besides (Z2).
    #[serde(default)]
    pub adjusted: Credits,
}

/// Where an account is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No event yet.
    Absent,
    /// It takes calls and credits.
    Open,
    /// It takes neither.
    Closed,
}

/// An open hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The caller's id of the call.
    pub request_id: Token,
    /// The model, as the caller names it.
    pub model: CompactString,
    /// Where it is called.
    pub endpoint: CompactString,
    /// The key that the call was made with.
    pub key: Option<u64>,
    /// What it reserves: the sum of `lots` and `on_credit`.
    pub amount: Credits,
    /// What it reserves of which lots, in the order they will be taken.
    pub lots: Vec<super::event::LotAmount>,
    /// What it reserves of the credit line.
    pub on_credit: Credits,
    /// When it frees itself.
    pub expires_at: Timestamp,
    /// The version of the catalog that it pins.
    pub catalog: u32,
    /// The version of the policy that it pins.
    pub policy: u32,
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The revision of the event that issued it.
    pub revision: u64,
    /// SHA-256 of its secret.
    pub secret: SecretHash,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// What a key can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It may be used.
    Active,
    /// It is frozen.
    Frozen,
    /// It was revoked.
    Revoked,
}

/// A freeze that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// The revision of the event that made it.
    pub revision: u64,
    /// How far it reaches.
    pub scope: FreezeScope,
    /// A reason code.
    pub reason: Token,
    /// Since when.
    pub since: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Whether it reaches all accounts of the owner.
    pub owner_wide: bool,
    /// The measure of another account of the owner that brought it here.
    pub origin: Option<Origin>,
}

impl Freeze {
    /// Whether it is of the whole account.
    pub fn is_of_account(&self) -> bool {
        self.scope == FreezeScope::Account
    }
}

/// How far a freeze reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FreezeScope {
    /// The whole account: calls are refused.
    Account,
    /// So many credits of whatever is free.
    Amount {
        /// How many.
        amount: Credits,
    },
    /// What is free of some lots.
    Lots {
        /// The lots.
        lots: Vec<u64>,
    },
    /// One key.
    Key {
        /// The key.
        key: u64,
    },
}

/// What an account has (CONTRACT: Values).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Balance {
    /// posted − held − frozen − debt.
    pub available: Credits,
    /// What is left in lots; of a lot past its expiry, only what holds reserve.
    pub posted: Credits,
    /// What holds reserve, of lots and of the credit line.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub held: Credits,
    /// What is free and under a freeze of an amount or of lots.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub frozen: Credits,
    /// What is owed.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub debt: Credits,
    /// What may be owed.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub credit_limit: Credits,
}

/// A fact that contradicts the facts before it: the history is damaged, or was written by other rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inconsistency {
    /// The revision of the first such fact.
    pub revision: u64,
    /// What is wrong with it.
    pub what: CompactString,
}

impl Account {
    /// An account that has no events yet.
    pub fn absent(id: AccountId) -> Self {
        Self {
            id,
            next_revision: 0,
            last_recorded_at: Timestamp::default(),
            status: Status::Absent,
            book: None,
            owner: None,
            region: None,
            attestations: None,
            terms_version: None,
            lots: Vec::new(),
            live: Vec::new(),
            holds: BTreeMap::new(),
            hold_ends: BTreeSet::new(),
            expired_holds: BTreeSet::new(),
            keys: Vec::new(),
            freezes: Vec::new(),
            refunded: BTreeMap::new(),
            free: Credits::ZERO,
            held: Credits::ZERO,
            on_credit: Credits::ZERO,
            debt: Credits::ZERO,
            credit_limit: Credits::ZERO,
            debt_since: None,
            overdue: None,
            last_activity: Timestamp::default(),
            unstated_since: None,
            totals: Totals::default(),
            records: None,
            inconsistency: None,
        }
    }

    /// Its id.
    pub const fn id(&self) -> &AccountId {
        &self.id
    }

    /// The revision that its next event will have: the number of its events.
    pub const fn next_revision(&self) -> u64 {
        self.next_revision
    }

    /// When its last event was recorded.
    pub const fn last_recorded_at(&self) -> Timestamp {
        self.last_recorded_at
    }

    /// Where it is in its life.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The book whose terms it runs under; nothing if it does not exist.
    pub const fn book(&self) -> Option<&BookId> {
        self.book.as_ref()
    }

    /// Who holds it.
    pub const fn owner(&self) -> Option<&Token> {
        self.owner.as_ref()
    }

    /// Where the holder is, ISO 3166-1 alpha-2.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// What the holder attested.
    pub const fn attestations(&self) -> Option<&Attestations> {
        self.attestations.as_ref()
    }

    /// The version of the terms that the holder accepted.
    pub const fn terms_version(&self) -> Option<&Token> {
        self.terms_version.as_ref()
    }

    /// Its lots, in the order they were made.
    pub fn lots(&self) -> &[Lot] {
        &self.lots
    }

    /// A lot, by the revision of the event that made it.
    pub fn lot(&self, revision: u64) -> Option<&Lot> {
        self.lot_index(revision).and_then(|index| self.lots.get(index))
    }

    /// The place of a lot in `lots`: they are sorted by revision.
    pub(super) fn lot_index(&self, revision: u64) -> Option<usize> {
        self.lots.binary_search_by_key(&revision, |lot| lot.revision).ok()
    }

    /// The lots that have something left.
    pub fn live_lots(&self) -> impl Iterator<Item = &Lot> {
        self.live.iter().filter_map(|index| self.lots.get(*index as usize))
    }

    /// Its open holds, by the revision of the event that placed them.
    pub fn holds(&self) -> impl ExactSizeIterator<Item = (u64, &Hold)> {
        self.holds.iter().map(|(revision, hold)| (*revision, hold))
    }

    /// An open hold.
    pub fn hold(&self, revision: u64) -> Option<&Hold> {
        self.holds.get(&revision)
    }

    /// Whether a hold expired and was not captured since.
    pub fn hold_has_expired(&self, revision: u64) -> bool {
        self.expired_holds.contains(&revision)
    }

    /// Its keys, in the order they were issued.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// A key, by the revision of the event that issued it.
    pub fn key(&self, revision: u64) -> Option<&Key> {
        self.keys.iter().find(|key| key.revision == revision)
    }

    /// What a key can do now.
    pub fn key_state(&self, key: &Key) -> KeyState {
        if key.revoked {
            KeyState::Revoked
        } else if self.key_freeze(key.revision).is_some() {
            KeyState::Frozen
        } else {
            KeyState::Active
        }
    }

    /// The freezes that stand, oldest first.
    pub fn freezes(&self) -> &[Freeze] {
        &self.freezes
    }

    /// The oldest freeze of the whole account.
    pub fn account_freeze(&self) -> Option<&Freeze> {
        self.freezes.iter().find(|freeze| freeze.scope == FreezeScope::Account)
    }

    pub(super) fn key_freeze(&self, revision: u64) -> Option<&Freeze> {
        self.freezes.iter().find(|freeze| freeze.scope == FreezeScope::Key { key: revision })
    }

    /// What has been refunded of a debit.
    pub fn refunded(&self, debit: u64) -> Credits {
        self.refunded.get(&debit).copied().unwrap_or_default()
    }

    /// Since when it owes something; nothing while it owes nothing.
    pub const fn debt_since(&self) -> Option<Timestamp> {
        self.debt_since
    }

    /// By when what it owes had to be repaid, once that has passed: calls are refused until it owes nothing.
    pub const fn overdue(&self) -> Option<Timestamp> {
        self.overdue
    }

    /// When it last called or was topped up.
    pub const fn last_activity(&self) -> Timestamp {
        self.last_activity
    }

    /// What else there is of it.
    pub fn records(&self) -> &Records {
        static NONE: std::sync::LazyLock<Records> = std::sync::LazyLock::new(Records::default);
        self.records.as_deref().unwrap_or(&NONE)
    }

    pub(super) fn records_mut(&mut self) -> &mut Records {
        self.records.get_or_insert_default()
    }

    /// Whether it waits for what other accounts have to do with something that it began. The engine sees to it.
    pub fn waits_for_process(&self) -> bool {
        self.records.as_deref().is_some_and(Records::wait_for_process)
    }

    /// What calls were charged in all, and what paid for it.
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The first fact that contradicts the ones before it, if there is one. Such an account decides nothing.
    pub const fn inconsistency(&self) -> Option<&Inconsistency> {
        self.inconsistency.as_ref()
    }

    /// What it has (CONTRACT: Values). Lots and holds past their end count until their expiry is recorded: ask
    /// [`Account::settled`] first where that matters.
    pub fn balance(&self) -> Balance {
        // Sums of amounts far below the range of an i128: `Credits::MAX` says how far.
        let sum = |amounts: [Credits; 4]| amounts.into_iter().sum::<Credits>();
        let negated = |amount: Credits| Credits::ZERO.minus(amount).unwrap_or_default();
        let frozen = self.frozen();
        Balance {
            available: sum([self.free, negated(self.on_credit), negated(frozen), negated(self.debt)]),
            posted: sum([self.free, self.held, Credits::ZERO, Credits::ZERO]),
            held: sum([self.held, self.on_credit, Credits::ZERO, Credits::ZERO]),
            frozen,
            debt: self.debt,
            credit_limit: self.credit_limit,
        }
    }

    /// Free credits under a freeze of lots or of an amount, never more than there is.
    fn frozen(&self) -> Credits {
        if self.freezes.is_empty() && !self.records().orders.set_lots_aside() {
            return Credits::ZERO;
        }
        let in_lots: Credits = self.live_lots().filter(|lot| lot.freezes > 0).map(|lot| lot.free).sum();
        let amounts: Credits = self
            .freezes
            .iter()
            .map(|freeze| match freeze.scope {
                FreezeScope::Amount { amount } => amount,
                FreezeScope::Account | FreezeScope::Lots { .. } | FreezeScope::Key { .. } => Credits::ZERO,
            })
            .sum();
        [in_lots, amounts.min(self.free.above(in_lots))].into_iter().sum()
    }

    /// What calls may take of lots: what is free and not frozen.
    pub(super) fn usable(&self) -> Credits {
        self.free.above(self.frozen())
    }
}
