//! What waits for a second person.

use serde::{Deserialize, Serialize};

use super::super::event::{Adjusted, ApprovalGiven, ApprovalRejected, ApprovalRequested, Pending};
use super::super::evolve::{Contradiction, add};
use super::super::{Account, Bucket};
use crate::{Credits, Timestamp, Token};

/// What waits for a second person, and what did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals {
    /// Every request, in the order they were made.
    pub requests: Vec<Approval>,
}

/// Something that waits for a second person, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The revision of the event that asked for it.
    pub revision: u64,
    /// What.
    pub what: Pending,
    /// Who asked for it.
    pub requested_by: Token,
    /// When.
    pub requested_at: Timestamp,
    /// What came of it; nothing while it waits.
    pub decision: Option<ApprovalDecision>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalDecision {
    /// Whether it was approved.
    pub approved: bool,
    /// By whom it was decided.
    pub by: Token,
    /// When.
    pub at: Timestamp,
}

impl Approvals {
    /// A request.
    pub fn get(&self, revision: u64) -> Option<&Approval> {
        let at = self.requests.binary_search_by_key(&revision, |request| request.revision).ok()?;
        self.requests.get(at)
    }
}

impl Account {
    pub(in crate::account) fn approval_requested(
        &mut self,
        event: &ApprovalRequested,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        self.records_mut().approvals.requests.push(Approval {
            revision,
            what: event.what.clone(),
            requested_by: event.by.clone(),
            requested_at: at,
            decision: None,
        });
        Ok(())
    }

    pub(in crate::account) fn approval_given(
        &mut self,
        event: &ApprovalGiven,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        self.decide_request(event.approval, ApprovalDecision { approved: true, by: event.by.clone(), at })
    }

    pub(in crate::account) fn approval_rejected(
        &mut self,
        event: &ApprovalRejected,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        self.decide_request(event.approval, ApprovalDecision { approved: false, by: event.by.clone(), at })
    }

    fn decide_request(&mut self, revision: u64, decision: ApprovalDecision) -> Result<(), Contradiction> {
        let mut requests = self.records_mut().approvals.requests.iter_mut();
        let request = requests.find(|request| request.revision == revision).ok_or("nothing waits there")?;
        if request.decision.is_some() {
            return Err("it was decided already");
        }
        request.decision = Some(decision);
        Ok(())
    }

    pub(in crate::account) fn adjusted(
        &mut self,
        event: &Adjusted,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        self.shift_all(&event.lots, Bucket::Free, Bucket::Spent)?;
        let taken: Credits = event.lots.iter().map(|part| part.amount).sum();
        add(&mut self.totals.adjusted, taken)
    }
}
