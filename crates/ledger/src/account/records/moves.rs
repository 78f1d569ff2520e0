//! Withdrawals and migrations.

use serde::{Deserialize, Serialize};

use super::super::Account;
use super::super::event::{LotReceived, MigrationCompleted, MigrationReversed, MigrationStarted, Withdrawn};
use super::super::evolve::Contradiction;
use crate::Timestamp;

/// Withdrawals and migrations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {}

impl Account {
    pub(in crate::account) fn withdrawn(
        &mut self,
        event: &Withdrawn,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn migration_started(
        &mut self,
        event: &MigrationStarted,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn lot_received(
        &mut self,
        event: &LotReceived,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn migration_completed(
        &mut self,
        event: &MigrationCompleted,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn migration_reversed(
        &mut self,
        event: &MigrationReversed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }
}
