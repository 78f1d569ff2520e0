//! What waits for a second person.

use serde::{Deserialize, Serialize};

use super::super::Account;
use super::super::event::{Adjusted, ApprovalGiven, ApprovalRejected, ApprovalRequested};
use super::super::evolve::Contradiction;
use crate::Timestamp;

/// What waits for a second person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals {}

impl Account {
    pub(in crate::account) fn approval_requested(
        &mut self,
        event: &ApprovalRequested,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn approval_given(
        &mut self,
        event: &ApprovalGiven,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn approval_rejected(
        &mut self,
        event: &ApprovalRejected,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn adjusted(
        &mut self,
        event: &Adjusted,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }
}
