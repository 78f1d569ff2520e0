//! Migrations, and how a withdrawal becomes a payout that is owed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::Account;
use super::super::command::MovingLot;
use super::super::event::{
    LotAmount, LotReceived, MigrationCompleted, MigrationReversed, MigrationStarted, Withdrawn,
};
use super::super::evolve::{Contradiction, NO_LOT, new_lot};
use super::super::lot::{Bucket, Lot};
use super::payouts::Payout;
use crate::{AccountId, Timestamp, Token};

const NO_MIGRATION: Contradiction = "the migration is not on its way";

/// Migrations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moves {
    /// Those that have neither arrived nor come back, by the revision of the event that began each.
    migrations: BTreeMap<u64, Migration>,
    /// Where the latest credits of an order went, of those that left for another account.
    moved: BTreeMap<Token, AccountId>,
}

/// A migration on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Where it goes.
    pub to: AccountId,
    /// What goes there, as it was when it left: the same whenever it is sent again.
    pub lots: Vec<MovingLot>,
}

impl Moves {
    /// Migrations that have neither arrived nor come back, oldest first.
    pub fn migrations(&self) -> impl ExactSizeIterator<Item = (u64, &Migration)> {
        self.migrations.iter().map(|(revision, migration)| (*revision, migration))
    }

    /// A migration that has neither arrived nor come back.
    pub fn migration(&self, revision: u64) -> Option<&Migration> {
        self.migrations.get(&revision)
    }

    /// Where credits of an order are now that left for another account; what is still here is not among them.
    pub fn moved_to(&self, order_id: &Token) -> Option<&AccountId> {
        self.moved.get(order_id)
    }
}

impl Account {
    pub(in crate::account) fn withdrawn(
        &mut self,
        event: &Withdrawn,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        self.shift_all(&event.lots, Bucket::Free, Bucket::Withdrawn)?;
        let (lots, amounts) = (event.lots.clone(), event.amounts.clone());
        self.payout_owed(revision, Payout::withdrawal(lots, amounts, event.by.clone(), at));
        Ok(())
    }

    pub(in crate::account) fn migration_started(
        &mut self,
        event: &MigrationStarted,
        revision: u64,
    ) -> Result<(), Contradiction> {
        let lots = event.lots.iter().map(|part| self.moving(part).ok_or(NO_LOT)).collect::<Result<_, _>>()?;
        self.shift_all(&event.lots, Bucket::Free, Bucket::Migrated)?;
        let migration = Migration { to: event.to.clone(), lots };
        self.records_mut().moves.migrations.insert(revision, migration);
        Ok(())
    }

    fn moving(&self, part: &LotAmount) -> Option<MovingLot> {
        let lot = self.lot(part.lot)?;
        Some(MovingLot {
            lot: part.lot,
            credits: part.amount,
            source: lot.source,
            basis: lot.basis.as_deref().cloned(),
            expires_at: lot.expires_at,
            priority: lot.priority,
        })
    }

    pub(in crate::account) fn lot_received(
        &mut self,
        event: &LotReceived,
        revision: u64,
    ) -> Result<(), Contradiction> {
        self.add_lot(Lot {
            source: event.source,
            basis: event.basis.clone().map(Box::new),
            ..new_lot(revision, event.credits, event.expires_at, event.priority)
        })
    }

    pub(in crate::account) fn migration_completed(
        &mut self,
        event: &MigrationCompleted,
    ) -> Result<(), Contradiction> {
        let moves = &mut self.records_mut().moves;
        let migration = moves.migrations.remove(&event.migration).ok_or(NO_MIGRATION)?;
        for basis in migration.lots.into_iter().filter_map(|lot| lot.basis) {
            moves.moved.insert(basis.order_id, migration.to.clone());
        }
        Ok(())
    }

    pub(in crate::account) fn migration_reversed(
        &mut self,
        event: &MigrationReversed,
    ) -> Result<(), Contradiction> {
        self.records_mut().moves.migrations.remove(&event.migration).ok_or(NO_MIGRATION)?;
        self.shift_all(&event.lots, Bucket::Migrated, Bucket::Free)
    }
}
