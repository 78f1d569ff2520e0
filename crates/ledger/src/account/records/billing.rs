//! Statements, disputes, and claims that are apart from credits.

use serde::{Deserialize, Serialize};

use super::super::Account;
use super::super::event::{
    CompensationClaimed, CompensationSettled, DisputeKind, DisputeOpened, DisputeResolved,
    StatementFinalized, StatementIssued,
};
use super::super::evolve::Contradiction;
use crate::{Credits, Timestamp};

/// Statements, disputes, and claims that are apart from credits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// In the order they were issued.
    statements: Vec<Statement>,
    /// Those of them that are not final.
    not_final: Vec<u64>,
    /// What the account's totals were when the last one was issued.
    stated: Figures,
    /// In the order they were opened.
    disputes: Vec<Dispute>,
    /// In the order they were made.
    claims: Vec<Claim>,
}

/// What calls have come to since the account was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// What they were charged, refunds apart.
    pub charged: Credits,
    /// What was given back of that.
    pub refunded: Credits,
    /// How many there were.
    pub calls: u64,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The revision of the event that issued it.
    pub revision: u64,
    /// When it was issued: when the event was recorded. What may be disputed counts from here (M5).
    pub issued_at: Timestamp,
    /// What it says.
    pub issued: StatementIssued,
    /// Since when nothing of it can be disputed any more.
    pub final_at: Option<Timestamp>,
}

/// A dispute of a call or a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The revision of the event that opened it.
    pub revision: u64,
    /// When.
    pub opened_at: Timestamp,
    /// What is disputed, why, by whom.
    pub opened: DisputeOpened,
    /// How it ended, and when.
    pub resolved: Option<(Timestamp, DisputeResolved)>,
}

/// A claim for compensation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The revision of the event that made it.
    pub revision: u64,
    /// When.
    pub claimed_at: Timestamp,
    /// How much, and why.
    pub claimed: CompensationClaimed,
    /// How it ended, and when.
    pub settled: Option<(Timestamp, CompensationSettled)>,
}

impl Billing {
    /// Statements, in the order they were issued.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// A statement, by the revision of the event that issued it.
    pub fn statement(&self, revision: u64) -> Option<&Statement> {
        find(&self.statements, revision, |statement| statement.revision)
            .and_then(|at| self.statements.get(at))
    }

    /// Statements that may still be disputed, or are.
    pub(in crate::account) fn not_final(&self) -> impl Iterator<Item = &Statement> {
        self.not_final.iter().filter_map(|revision| self.statement(*revision))
    }

    /// What the account's totals were when the last statement was issued.
    pub(in crate::account) const fn stated(&self) -> &Figures {
        &self.stated
    }

    /// Disputes, in the order they were opened.
    pub fn disputes(&self) -> &[Dispute] {
        &self.disputes
    }

    /// A dispute, by the revision of the event that opened it.
    pub fn dispute(&self, revision: u64) -> Option<&Dispute> {
        find(&self.disputes, revision, |dispute| dispute.revision).and_then(|at| self.disputes.get(at))
    }

    /// The latest dispute of a call or a statement.
    pub(in crate::account) fn last_dispute_of(&self, subject: u64, kind: DisputeKind) -> Option<&Dispute> {
        self.disputes
            .iter()
            .rev()
            .find(|dispute| dispute.opened.subject == subject && dispute.opened.kind == kind)
    }

    /// Claims, in the order they were made.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// A claim, by the revision of the event that made it.
    pub fn claim(&self, revision: u64) -> Option<&Claim> {
        find(&self.claims, revision, |claim| claim.revision).and_then(|at| self.claims.get(at))
    }
}

/// The place of something in a list that is sorted by revision.
fn find<T>(all: &[T], revision: u64, of: impl Fn(&T) -> u64) -> Option<usize> {
    all.binary_search_by_key(&revision, of).ok()
}

impl Account {
    /// What calls have come to since it was opened.
    pub(in crate::account) fn figures(&self) -> Figures {
        Figures {
            // What was refunded was taken from what was charged: their sum was in range before.
            charged: [self.totals.charged, self.totals.refunded].into_iter().sum(),
            refunded: self.totals.refunded,
            calls: self.totals.calls,
        }
    }

    pub(in crate::account) fn statement_issued(
        &mut self,
        event: &StatementIssued,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        self.unstated_since = None;
        let stated = self.figures();
        let billing = &mut self.records_mut().billing;
        billing.stated = stated;
        billing.not_final.push(revision);
        billing.statements.push(Statement { revision, issued_at: at, issued: event.clone(), final_at: None });
        Ok(())
    }

    pub(in crate::account) fn statement_finalized(
        &mut self,
        event: &StatementFinalized,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let billing = &mut self.records_mut().billing;
        let open = billing.not_final.iter().position(|revision| *revision == event.statement);
        billing.not_final.remove(open.ok_or("the statement is final already")?);
        let at = find(&billing.statements, event.statement, |statement| statement.revision);
        let statement =
            at.and_then(|at| billing.statements.get_mut(at)).ok_or("there is no such statement")?;
        statement.final_at = Some(event.final_at);
        Ok(())
    }

    pub(in crate::account) fn dispute_opened(
        &mut self,
        event: &DisputeOpened,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let dispute = Dispute { revision, opened_at: at, opened: event.clone(), resolved: None };
        self.records_mut().billing.disputes.push(dispute);
        Ok(())
    }

    pub(in crate::account) fn dispute_resolved(
        &mut self,
        event: &DisputeResolved,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let disputes = &mut self.records_mut().billing.disputes;
        let place = find(disputes, event.dispute, |dispute| dispute.revision);
        let dispute = place.and_then(|place| disputes.get_mut(place)).ok_or("there is no such dispute")?;
        match dispute.resolved.replace((at, event.clone())) {
            None => Ok(()),
            Some(_) => Err("the dispute was resolved before"),
        }
    }

    pub(in crate::account) fn compensation_claimed(
        &mut self,
        event: &CompensationClaimed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let claim = Claim { revision, claimed_at: at, claimed: event.clone(), settled: None };
        self.records_mut().billing.claims.push(claim);
        Ok(())
    }

    pub(in crate::account) fn compensation_settled(
        &mut self,
        event: &CompensationSettled,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let claims = &mut self.records_mut().billing.claims;
        let place = find(claims, event.claim, |claim| claim.revision);
        let claim = place.and_then(|place| claims.get_mut(place)).ok_or("there is no such claim")?;
        match claim.settled.replace((at, event.clone())) {
            None => Ok(()),
            Some(_) => Err("the claim was settled before"),
        }
    }
}
