//! A lot: the credits of one top-up or grant, and where each of them is.

use serde::{Deserialize, Serialize};

use super::event::Basis;
use crate::book::GrantSource;
use crate::{Credits, Timestamp};

/// The credits of one top-up or grant.
///
/// **Invariant**: granted = free + held + spent + expired + forfeited + reclaimed + withdrawn + migrated, each at least
/// zero. What is frozen is a part of what is free, see [`super::Account::balance`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// The revision of the event that made it.
    pub revision: u64,
    /// Why it was granted; nothing if it was paid for.
    pub source: Option<GrantSource>,
    /// The order that paid for it, and what was paid for how many credits: its cost basis.
    pub basis: Option<Box<Basis>>,
    /// Its place in a burn order by priority: the lower, the sooner.
    pub priority: u16,
    /// When what is free of it expires.
    pub expires_at: Option<Timestamp>,
    /// Freezes that name this lot, and refunds that have set it aside.
    pub freezes: u16,
    /// What it began with.
    pub granted: Credits,
    /// What can be spent.
    pub free: Credits,
    /// What holds reserve.
    pub held: Credits,
    /// What calls have taken, net of refunds, and the repayment of debt.
    pub spent: Credits,
    /// What of `spent` repaid debt.
    pub repaid: Credits,
    /// What left it other than by calls: most lots are spent and have nothing here.
    pub(super) gone: Option<Box<Gone>>,
}

/// What left a lot other than by calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gone {
    expired: Credits,
    forfeited: Credits,
    reclaimed: Credits,
    withdrawn: Credits,
    migrated: Credits,
}

/// A place where a lot's credits can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// To be spent.
    Free,
    /// Reserved by holds.
    Held,
    /// Taken by calls or the repayment of debt.
    Spent,
    /// Past their end.
    Expired,
    /// Forfeited.
    Forfeited,
    /// Taken back with the money of their order.
    Reclaimed,
    /// Paid out.
    Withdrawn,
    /// Moved to another account.
    Migrated,
}

impl Bucket {
    /// Every place.
    pub const ALL: [Self; 8] = [
        Self::Free,
        Self::Held,
        Self::Spent,
        Self::Expired,
        Self::Forfeited,
        Self::Reclaimed,
        Self::Withdrawn,
        Self::Migrated,
    ];
}

impl Lot {
    /// Whether it is past its expiry.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether anything is left in it.
    pub const fn is_live(&self) -> bool {
        !(self.free.is_zero() && self.held.is_zero())
    }

    /// What a call may take of it, an amount-freeze apart.
    pub const fn usable(&self) -> Credits {
        if self.freezes > 0 { Credits::ZERO } else { self.free }
    }

    /// Moves credits from one place to another; nothing moves if they are not there.
    pub(super) fn shift(&mut self, from: Bucket, to: Bucket, amount: Credits) -> Option<()> {
        let left = self.bucket(from).minus(amount).ok().filter(|left| !left.is_negative())?;
        let grown = self.bucket(to).plus(amount).ok()?;
        if amount.is_negative() || from == to {
            return None;
        }
        *self.bucket_mut(from) = left;
        *self.bucket_mut(to) = grown;
        Some(())
    }

    /// What is in one of its places.
    pub fn bucket(&self, bucket: Bucket) -> Credits {
        let gone = self.gone.as_deref().copied().unwrap_or_default();
        match bucket {
            Bucket::Free => self.free,
            Bucket::Held => self.held,
            Bucket::Spent => self.spent,
            Bucket::Expired => gone.expired,
            Bucket::Forfeited => gone.forfeited,
            Bucket::Reclaimed => gone.reclaimed,
            Bucket::Withdrawn => gone.withdrawn,
            Bucket::Migrated => gone.migrated,
        }
    }

    fn bucket_mut(&mut self, bucket: Bucket) -> &mut Credits {
        match bucket {
            Bucket::Free => &mut self.free,
            Bucket::Held => &mut self.held,
            Bucket::Spent => &mut self.spent,
            Bucket::Expired => &mut self.gone.get_or_insert_default().expired,
            Bucket::Forfeited => &mut self.gone.get_or_insert_default().forfeited,
            Bucket::Reclaimed => &mut self.gone.get_or_insert_default().reclaimed,
            Bucket::Withdrawn => &mut self.gone.get_or_insert_default().withdrawn,
            Bucket::Migrated => &mut self.gone.get_or_insert_default().migrated,
        }
    }
}
