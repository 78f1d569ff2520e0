//! Statements, disputes, and claims that are apart from credits.

use serde::{Deserialize, Serialize};

use super::super::Account;
use super::super::event::{
    CompensationClaimed, CompensationSettled, DisputeOpened, DisputeResolved, StatementFinalized,
    StatementIssued,
};
use super::super::evolve::Contradiction;
use crate::Timestamp;

/// Statements, disputes, and claims that are apart from credits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {}

impl Account {
    pub(in crate::account) fn statement_issued(
        &mut self,
        event: &StatementIssued,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn statement_finalized(
        &mut self,
        event: &StatementFinalized,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn dispute_opened(
        &mut self,
        event: &DisputeOpened,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn dispute_resolved(
        &mut self,
        event: &DisputeResolved,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn compensation_claimed(
        &mut self,
        event: &CompensationClaimed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn compensation_settled(
        &mut self,
        event: &CompensationSettled,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }
}
