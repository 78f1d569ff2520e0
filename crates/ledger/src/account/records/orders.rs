//! Orders: what was asked back of them, what their payments' providers say, and what is owed to the holder.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::event::{
    AccountClosed, Basis, ClosedBy, LotAmount, LotReclaimed, PaymentDisputeClosed, PaymentDisputed,
    PaymentRefunded, RefundApproved, RefundDenied, RefundEvidenceAdded, RefundFailed, RefundPaid,
    RefundReclaimed, RefundRequested,
};
use super::super::evolve::{Contradiction, add};
use super::super::{Account, Bucket, Lot};
use super::payouts::{Decision, Ending, Payout, PayoutKind, PayoutState, RefundOf};
use crate::{Credits, Money, Timestamp, Token};

/// Orders: what was asked back of them, what their payments' providers say, and what is owed to the holder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Orders {
    /// Refunds and withdrawals, by the revision of the event that asked for them.
    pub payouts: BTreeMap<u64, Payout>,
    /// What the payments' providers say, by order.
    pub standings: BTreeMap<Token, Standing>,
    /// Approved refunds whose amount is not fixed yet: their lots are set aside.
    pub(in crate::account) waiting: BTreeSet<u64>,
    /// Lots whose order was refunded or taken back: what returns to them is voided.
    pub(in crate::account) lapsed: BTreeSet<u64>,
    /// Why the service ended the account, if it did and said so.
    pub(in crate::account) ended_for: Option<Token>,
}

/// How the payment of an order stands with its provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What the provider has paid back, all in all, in minor units of the payment's currency.
    pub refunded: u64,
    /// What of it did not come of a refund that was decided here.
    pub elsewhere: u64,
    /// Disputes, by the provider's id.
    pub disputes: BTreeMap<Token, PaymentDispute>,
    /// The credits that parts of the payment had paid for that were taken back.
    pub taken_back: Credits,
    /// What of them was spent, and booked as debt.
    pub debt: Credits,
}

/// A dispute at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentDispute {
    /// What is frozen for it.
    pub freeze: Option<u64>,
    /// Whether the payment stands; nothing while that is open.
    pub won: Option<bool>,
}

impl Standing {
    /// The part of a payment that was taken back, in minor units of what was paid in all. The events say how many of the
    /// credits it had paid for, rounded down: of those, the money rounded up.
    pub(crate) fn money_taken_back(&self, basis: &Basis) -> u64 {
        let all = paid_in_all(basis.paid, [basis.tax, basis.fee]);
        let kept = all.part(basis.credits.above(self.taken_back), basis.credits);
        all.minor().saturating_sub(kept.minor())
    }

    /// Whether a dispute is open.
    pub fn is_disputed(&self) -> bool {
        self.disputes.values().any(|dispute| dispute.won.is_none())
    }

    /// Whether the payment, or a part of it, was taken back.
    pub fn was_taken_back(&self) -> bool {
        self.disputes.values().any(|dispute| dispute.won == Some(false))
    }
}

impl Orders {
    /// Whether nothing that a command does may have consequences here.
    pub(in crate::account) fn are_quiet(&self) -> bool {
        self.waiting.is_empty() && self.lapsed.is_empty()
    }

    /// Whether lots are set aside for a refund.
    pub(in crate::account) fn set_lots_aside(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Refunds of an order, in the order they were asked for.
    pub fn refunds_of<'a>(
        &'a self,
        order_id: &'a Token,
    ) -> impl Iterator<Item = (u64, &'a Payout, &'a RefundOf)> {
        self.payouts.iter().filter_map(move |(revision, payout)| {
            payout.refund().filter(|of| of.order_id == *order_id).map(|of| (*revision, payout, of))
        })
    }

    fn payout_mut(&mut self, revision: u64) -> Result<&mut Payout, Contradiction> {
        self.payouts.get_mut(&revision).ok_or("there is no such refund")
    }
}

impl Account {
    /// Whether a lot is set aside for a refund that waits for holds: nothing else takes from it.
    pub(in crate::account) fn is_set_aside(&self, lot: u64) -> bool {
        let orders = &self.records().orders;
        let of = |refund| orders.payouts.get(refund).and_then(Payout::refund);
        orders.waiting.iter().filter_map(of).any(|refund| refund.set_aside.contains(&lot))
    }

    /// Whether the payment of a lot is disputed, or was paid back at least in part, at its provider: its credits do not leave
    /// the account but by a refund, which counts what went back already.
    pub(in crate::account) fn is_contested(&self, lot: &Lot) -> bool {
        let standings = &self.records().orders.standings;
        let of = lot.basis.as_deref().and_then(|basis| standings.get(&basis.order_id));
        of.is_some_and(|of| of.is_disputed() || of.was_taken_back() || of.elsewhere > 0)
    }

    /// The lots that an order has paid for.
    pub fn lots_of_order(&self, order_id: &Token) -> impl Iterator<Item = &Lot> {
        self.lots
            .iter()
            .filter(move |lot| lot.basis.as_ref().is_some_and(|basis| basis.order_id == *order_id))
    }

    /// What was paid for an order; nothing if the account has no lot of it.
    pub(crate) fn basis_of_order(&self, order_id: &Token) -> Option<&Basis> {
        self.lots_of_order(order_id).find_map(|lot| lot.basis.as_deref())
    }

    /// How many credits of an order's lots are in one of their places.
    pub(in crate::account) fn credits_of_order(&self, order_id: &Token, bucket: Bucket) -> Credits {
        self.lots_of_order(order_id).map(|lot| lot.bucket(bucket)).sum()
    }

    /// Something is owed to the holder, for which credits were taken: a withdrawal, as soon as it is asked for.
    pub(in crate::account) fn payout_owed(&mut self, revision: u64, payout: Payout) {
        self.records_mut().orders.payouts.insert(revision, payout);
    }

    pub(in crate::account) fn closed_for(&mut self, closed: &AccountClosed) {
        let reason = closed.reason.clone().filter(|_| closed.by == ClosedBy::Operator);
        if reason.is_some() || self.records().orders.ended_for.is_some() {
            self.records_mut().orders.ended_for = reason;
        }
    }

    pub(in crate::account) fn refund_requested(
        &mut self,
        event: &RefundRequested,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let of = RefundOf {
            order_id: event.order_id.clone(),
            cause: event.cause.clone(),
            evidence: event.evidence.clone(),
            channel: event.channel,
            handling: event.handling,
            clause: event.clause.clone(),
            policy: event.policy,
            agreed: None,
            set_aside: Vec::new(),
        };
        self.payout_owed(
            revision,
            Payout {
                kind: PayoutKind::Refund(Box::new(of)),
                state: PayoutState::Requested,
                requested_at: at,
                requested_by: event.by.clone(),
                decision: None,
                lots: Vec::new(),
                amounts: Vec::new(),
                tax: None,
                fee: None,
                ending: None,
            },
        );
        Ok(())
    }

    pub(in crate::account) fn refund_evidence_added(
        &mut self,
        event: &RefundEvidenceAdded,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let payout = self.records_mut().orders.payout_mut(event.refund)?;
        payout.in_state(PayoutState::Requested)?;
        payout.refund_mut()?.evidence.extend_from_slice(&event.evidence);
        Ok(())
    }

    pub(in crate::account) fn refund_approved(
        &mut self,
        event: &RefundApproved,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let payout = self.records_mut().orders.payout_mut(event.refund)?;
        payout.in_state(PayoutState::Requested)?;
        payout.state = PayoutState::Waiting;
        payout.decision = Some(Decision { by: event.by.clone(), at, reason: None });
        let of = payout.refund_mut()?;
        of.agreed = event.agreed;
        let order_id = of.order_id.clone();
        let lots: Vec<u64> = self.lots_of_order(&order_id).map(|lot| lot.revision).collect();
        for lot in &lots {
            let freezes = &mut self.lot_mut(*lot)?.freezes;
            *freezes = freezes.checked_add(1).ok_or("a lot has too many freezes")?;
        }
        let orders = &mut self.records_mut().orders;
        orders.payout_mut(event.refund)?.refund_mut()?.set_aside = lots;
        orders.waiting.insert(event.refund);
        Ok(())
    }

    pub(in crate::account) fn refund_reclaimed(
        &mut self,
        event: &RefundReclaimed,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let orders = &mut self.records_mut().orders;
        orders.waiting.remove(&event.refund);
        let payout = orders.payout_mut(event.refund)?;
        payout.in_state(PayoutState::Waiting)?;
        payout.state = PayoutState::Owed;
        payout.lots.clone_from(&event.lots);
        payout.amounts = vec![event.amount];
        (payout.tax, payout.fee) = (event.tax, event.fee);
        let set_aside = std::mem::take(&mut payout.refund_mut()?.set_aside);
        if event.lapses {
            orders.lapsed.extend(&set_aside);
        }
        for lot in set_aside {
            let freezes = &mut self.lot_mut(lot)?.freezes;
            *freezes = freezes.checked_sub(1).ok_or("the lot was not set aside")?;
        }
        self.shift_all(&event.lots, Bucket::Free, Bucket::Reclaimed)
    }

    pub(in crate::account) fn refund_denied(
        &mut self,
        event: &RefundDenied,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let payout = self.records_mut().orders.payout_mut(event.refund)?;
        payout.in_state(PayoutState::Requested)?;
        payout.state = PayoutState::Denied;
        payout.decision =
            Some(Decision { by: Some(event.by.clone()), at, reason: Some(event.reason.clone()) });
        Ok(())
    }

    pub(in crate::account) fn refund_paid(
        &mut self,
        event: &RefundPaid,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let payout = self.records_mut().orders.payout_mut(event.refund)?;
        payout.in_state(PayoutState::Owed)?;
        payout.state = PayoutState::Paid;
        payout.ending =
            Some(Ending { by: event.by.clone(), at, reason: None, reference: event.reference.clone() });
        Ok(())
    }

    pub(in crate::account) fn refund_failed(
        &mut self,
        event: &RefundFailed,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let orders = &mut self.records_mut().orders;
        let payout = orders.payout_mut(event.refund)?;
        payout.in_state(PayoutState::Owed)?;
        payout.state = PayoutState::Failed;
        payout.ending =
            Some(Ending { by: event.by.clone(), at, reason: Some(event.reason.clone()), reference: None });
        let from = payout.bucket();
        let order_id = payout.refund().map(|of| of.order_id.clone());
        let lots: Vec<u64> =
            order_id.iter().flat_map(|order| self.lots_of_order(order)).map(|lot| lot.revision).collect();
        self.records_mut().orders.lapsed.retain(|lot| !lots.contains(lot));
        self.shift_all(&event.reinstated, from, Bucket::Free)
    }

    pub(in crate::account) fn payment_refunded(
        &mut self,
        event: &PaymentRefunded,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let here = self.refunded_here(&event.order_id);
        let standing = self.records_mut().orders.standings.entry(event.order_id.clone()).or_default();
        standing.refunded = event.refunded.minor();
        standing.elsewhere = standing.elsewhere.max(standing.refunded.saturating_sub(here));
        self.void(&event.order_id, &event.lots, event.lapses)
    }

    pub(in crate::account) fn payment_disputed(
        &mut self,
        event: &PaymentDisputed,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let standing = self.records_mut().orders.standings.entry(event.order_id.clone()).or_default();
        let dispute = PaymentDispute { freeze: event.freeze, won: None };
        match standing.disputes.insert(event.dispute.clone(), dispute) {
            None => Ok(()),
            Some(_) => Err("the dispute is known already"),
        }
    }

    pub(in crate::account) fn payment_dispute_closed(
        &mut self,
        event: &PaymentDisputeClosed,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let standing = self.records_mut().orders.standings.entry(event.order_id.clone()).or_default();
        let dispute = standing
            .disputes
            .entry(event.dispute.clone())
            .or_insert(PaymentDispute { freeze: None, won: None });
        if dispute.won.replace(event.won).is_some() {
            return Err("the dispute has ended before");
        }
        add(&mut standing.taken_back, event.credits)?;
        add(&mut standing.debt, event.debt)?;
        add(&mut self.debt, event.debt)?;
        add(&mut self.totals.taken_back, event.debt)?;
        self.void(&event.order_id, &event.lots, event.lapses)
    }

    pub(in crate::account) fn lot_reclaimed(
        &mut self,
        event: &LotReclaimed,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        self.shift(event.lot, Bucket::Free, Bucket::Reclaimed, event.amount)?;
        // It comes back with the rest if what is owed for the order cannot be paid out.
        let order_id = self.lot(event.lot).and_then(|lot| lot.basis.as_ref()).map(|basis| &basis.order_id);
        let order_id = order_id.cloned();
        let mut payouts = self.records_mut().orders.payouts.values_mut();
        let of_order = |payout: &&mut Payout| {
            payout.state == PayoutState::Owed
                && payout.refund().is_some_and(|of| Some(&of.order_id) == order_id.as_ref())
        };
        if let Some(payout) = payouts.find(of_order) {
            payout.lots.push(LotAmount { lot: event.lot, amount: event.amount });
        }
        Ok(())
    }

    fn void(&mut self, order_id: &Token, lots: &[LotAmount], lapses: bool) -> Result<(), Contradiction> {
        if lapses {
            let all: Vec<u64> = self.lots_of_order(order_id).map(|lot| lot.revision).collect();
            self.records_mut().orders.lapsed.extend(all);
        }
        self.shift_all(lots, Bucket::Free, Bucket::Reclaimed)
    }

    /// What is owed or was paid out for an order by the way that the payment came, tax and fees included, in minor units:
    /// its provider will say so too.
    pub(crate) fn refunded_here(&self, order_id: &Token) -> u64 {
        let refunds = self.records().orders.refunds_of(order_id);
        let by_provider = refunds.filter(|(_, _, of)| of.channel == super::super::event::Channel::Original);
        by_provider.fold(0, |sum, (_, payout, _)| sum.saturating_add(payout.minor()))
    }

    /// The same by any way.
    pub(in crate::account) fn refunded_at_all(&self, order_id: &Token) -> u64 {
        let refunds = self.records().orders.refunds_of(order_id);
        refunds.fold(0, |sum, (_, payout, _)| sum.saturating_add(payout.minor()))
    }
}

/// The sum of what was paid for an order, tax and fees included.
pub(crate) fn paid_in_all(paid: Money, on_top: [Option<Money>; 2]) -> Money {
    on_top.into_iter().flatten().fold(paid, |sum, more| sum.plus(more).unwrap_or(sum))
}
