//! Orders: what was bought, what was asked back of it, and what became of that.

use serde::{Deserialize, Serialize};

use super::super::event::{
    LotReclaimed, PaymentDisputeClosed, PaymentDisputed, PaymentRefunded, RefundApproved, RefundDenied,
    RefundEvidenceAdded, RefundFailed, RefundPaid, RefundReclaimed, RefundRequested,
};
use super::super::evolve::Contradiction;
use super::super::{Account, Bucket};
use crate::Timestamp;

/// Orders: what was bought, what was asked back of it, and what became of that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {}

impl Orders {
    /// Whether an approved refund waits for holds to settle.
    pub(in crate::account) const fn wait_for_holds(&self) -> bool {
        false
    }
}

impl Account {
    pub(in crate::account) fn refund_requested(
        &mut self,
        event: &RefundRequested,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn refund_evidence_added(
        &mut self,
        event: &RefundEvidenceAdded,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn refund_approved(
        &mut self,
        event: &RefundApproved,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn refund_reclaimed(
        &mut self,
        event: &RefundReclaimed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn refund_denied(
        &mut self,
        event: &RefundDenied,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn refund_paid(
        &mut self,
        event: &RefundPaid,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn refund_failed(
        &mut self,
        event: &RefundFailed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn payment_refunded(
        &mut self,
        event: &PaymentRefunded,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn payment_disputed(
        &mut self,
        event: &PaymentDisputed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn payment_dispute_closed(
        &mut self,
        event: &PaymentDisputeClosed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn lot_reclaimed(
        &mut self,
        event: &LotReclaimed,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        self.shift(event.lot, Bucket::Free, Bucket::Reclaimed, event.amount)
    }
}
