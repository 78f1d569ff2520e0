//! What the credits of a lot are worth, wherever they are.
//!
//! A lot with a cost basis of P for C credits that began with G of them is worth V = ⌊P·G/C⌋. What x of its G credits come
//! to is f(x) = ⌊V·x/G⌋. The places that credits leave a lot for stand in a fixed order, spent the last; the worth of
//! each is the difference of f over all before it and it, and what is left is worth V less all that left. So the parts
//! come to V at all times, no residue builds up, and a call moves no cent between the other places.

use crate::{Bucket, Credits, Currency, Lot, Money};

/// The places that credits leave a lot for, in the order that their worth is taken off.
pub(super) const GONE: [Bucket; 6] = [
    Bucket::Migrated,
    Bucket::Withdrawn,
    Bucket::Reclaimed,
    Bucket::Forfeited,
    Bucket::Expired,
    Bucket::Spent,
];

/// What the credits of a lot are worth, in minor units of a currency: their parts of what was paid for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valuation {
    /// The currency that it was paid in.
    pub currency: Currency,
    /// What all of them together are worth.
    pub in_all: u64,
    /// What is left in the lot, free or held: deferred revenue.
    pub left: u64,
    /// What has left it, in the order of [`GONE`].
    pub(super) gone: [u64; 6],
}

impl Valuation {
    /// The worth of a lot that was paid for; nothing for any other.
    pub fn of(lot: &Lot) -> Option<Self> {
        let basis = lot.basis.as_deref()?;
        let value = basis.paid.part(lot.granted, basis.credits);
        let mut gone = [0; 6];
        let (mut credits, mut taken) = (Credits::ZERO, 0u64);
        for (worth, place) in gone.iter_mut().zip(GONE) {
            let here = lot.bucket(place);
            if here.is_zero() {
                continue;
            }
            // The places of a lot come to what it began with, which is in range.
            credits = [credits, here].into_iter().sum();
            let up_to = value.part(credits, lot.granted).minor();
            *worth = up_to.saturating_sub(taken);
            taken = up_to;
        }
        let in_all = value.minor();
        Some(Self { currency: value.currency(), in_all, left: in_all.saturating_sub(taken), gone })
    }

    /// What the credits in one of the lot's places are worth; what is free and what is held are one place, `left`.
    pub fn at(&self, place: Bucket) -> u64 {
        let of_it = GONE.iter().zip(self.gone).find(|(known, _)| **known == place);
        of_it.map_or(self.left, |(_, worth)| worth)
    }
}

/// What was paid for the credits that are left in a lot, and so is deferred; nothing for a lot that was not paid for.
pub fn deferred_revenue(lot: &Lot) -> Option<Money> {
    Valuation::of(lot).map(|worth| Money::of_minor(worth.currency, worth.left))
}
