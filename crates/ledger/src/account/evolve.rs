//! The fold: what each event does to an account.
//!
//! It has no business rules and never refuses a fact. A fact that contradicts the ones before it (a lot that is
//! not there, more taken than there was) marks the account: it decides nothing from then on, and `verify` shows it.

use super::event::{Basis, Charged, Event, LotAmount};
use super::lot::{Bucket, Lot};
use super::state::{Account, Freeze, FreezeScope, Hold, Inconsistency, Key, Status};
use crate::{Credits, Timestamp};

/// A contradiction, in a few words.
pub(super) type Contradiction = &'static str;

impl Account {
    /// Takes the next event of its stream, recorded at a time.
    pub fn evolve(&mut self, event: &Event, recorded_at: Timestamp) {
        let revision = self.next_revision;
        self.next_revision = revision.saturating_add(1);
        self.last_recorded_at = self.last_recorded_at.max(recorded_at);
        if let Err(what) = self.apply(event, revision, recorded_at)
            && self.inconsistency.is_none()
        {
            self.inconsistency = Some(Inconsistency { revision, what: what.into() });
        }
    }

    /// Leaves out the events of its stream before a revision: as of a time that is asked for, they had not taken effect.
    pub fn leave_out_until(&mut self, revision: u64) {
        self.next_revision = self.next_revision.max(revision);
    }

    /// Passes over the next event of its stream, which cannot be read: from now on the account is not whole.
    pub fn pass_over(&mut self, recorded_at: Timestamp) {
        let revision = self.next_revision;
        self.next_revision = revision.saturating_add(1);
        self.last_recorded_at = self.last_recorded_at.max(recorded_at);
        let what = "an event that cannot be read was passed over";
        self.inconsistency.get_or_insert_with(|| Inconsistency { revision, what: what.into() });
    }

    fn apply(&mut self, event: &Event, revision: u64, recorded_at: Timestamp) -> Result<(), Contradiction> {
        if matches!(event, Event::AccountOpened(_)) != (revision == 0) {
            return Err("an account is opened by its first event and by no other");
        }
        if is_activity(event) {
            self.last_activity = recorded_at;
        }
        if self.unstated_since.is_none() && moves_credits(event) {
            self.unstated_since = Some(event.effective_at().unwrap_or(recorded_at));
        }
        self.apply_to_parts(event, revision, recorded_at)?;
        // Whatever changed what it owes: it owes since the first moment, and is overdue until it owes nothing.
        if self.debt.is_zero() {
            (self.debt_since, self.overdue) = (None, None);
        } else if self.debt_since.is_none() {
            self.debt_since = Some(recorded_at);
        }
        Ok(())
    }

    fn apply_to_parts(
        &mut self,
        event: &Event,
        revision: u64,
        recorded_at: Timestamp,
    ) -> Result<(), Contradiction> {
        match event {
            Event::AccountOpened(opened) => {
                self.status = Status::Open;
                self.book = Some(opened.book.clone());
                self.owner.clone_from(&opened.owner);
                self.region.clone_from(&opened.region);
                self.attestations = opened.attestations;
                self.terms_version.clone_from(&opened.terms_version);
            }
            Event::KeyIssued(issued) => {
                self.keys.push(Key { revision, secret: issued.secret_sha256, revoked: false });
            }
            Event::KeyRotated(rotated) => self.key_mut(rotated.key)?.secret = rotated.secret_sha256,
            Event::KeyRevoked(event) => self.key_revoked(event, revision, recorded_at)?,
            Event::ToppedUp(top_up) => self.add_lot(Lot {
                basis: Some(Box::new(Basis {
                    order_id: top_up.order_id.clone(),
                    paid: top_up.payment.amount,
                    credits: top_up.credits,
                    paid_at: recorded_at,
                    provider: Some(top_up.payment.provider.clone()),
                    tax: top_up.payment.tax,
                    fee: top_up.payment.fee,
                })),
                ..new_lot(revision, top_up.credits, top_up.expires_at, top_up.priority)
            })?,
            Event::Granted(grant) => self.add_lot(Lot {
                source: Some(grant.source),
                ..new_lot(revision, grant.credits, grant.expires_at, grant.priority)
            })?,
            Event::HoldPlaced(placed) => {
                adds_up(placed.amount, [placed.on_credit], &[&placed.lots])?;
                self.shift_all(&placed.lots, Bucket::Free, Bucket::Held)?;
                add(&mut self.on_credit, placed.on_credit)?;
                self.hold_ends.insert((placed.expires_at, revision));
                let hold = Hold {
                    request_id: placed.request_id.clone(),
                    model: placed.model.clone(),
                    endpoint: placed.endpoint.clone(),
                    key: placed.key,
                    amount: placed.amount,
                    lots: placed.lots.clone(),
                    on_credit: placed.on_credit,
                    expires_at: placed.expires_at,
                    catalog: placed.catalog,
                    policy: placed.policy,
                };
                self.holds.insert(revision, hold);
            }
            Event::HoldExtended(extended) => {
                self.shift_all(&extended.lots, Bucket::Free, Bucket::Held)?;
                add(&mut self.on_credit, extended.on_credit)?;
                let hold = self.holds.get_mut(&extended.hold).ok_or("the hold is not open")?;
                adds_up(extended.amount, [hold.amount, extended.on_credit], &[&extended.lots])?;
                self.hold_ends.remove(&(hold.expires_at, extended.hold));
                self.hold_ends.insert((extended.expires_at, extended.hold));
                hold.expires_at = extended.expires_at;
                hold.amount = extended.amount;
                hold.lots.extend_from_slice(&extended.lots);
                add(&mut hold.on_credit, extended.on_credit)?;
            }
            Event::HoldCaptured(captured) => {
                if captured.late {
                    if !self.expired_holds.remove(&captured.hold) {
                        return Err("the hold has not expired");
                    }
                } else {
                    self.release(captured.hold)?;
                }
                self.charge(&captured.charge)?;
            }
            Event::HoldVoided(voided) => self.release(voided.hold)?,
            Event::HoldExpired(expired) => {
                self.release(expired.hold)?;
                self.expired_holds.insert(expired.hold);
            }
            Event::Debited(debited) => self.charge(&debited.charge)?,
            Event::UsageRefunded(refunded) => {
                let back = [&refunded.lots, &refunded.repaid];
                adds_up(refunded.credits, [refunded.debt], &back.map(Vec::as_slice))?;
                for taken in back {
                    self.shift_all(taken, Bucket::Spent, Bucket::Free)?;
                }
                for LotAmount { lot, amount } in &refunded.repaid {
                    take(&mut self.lot_mut(*lot)?.repaid, *amount)?;
                }
                for revived in &refunded.revived {
                    self.lot_mut(revived.lot)?.expires_at = Some(revived.expires_at);
                }
                take(&mut self.debt, refunded.debt)?;
                let to_lots =
                    Credits::total(refunded.lots.iter().map(|part| part.amount)).map_err(|_| OVERFLOW)?;
                take(&mut self.totals.charged, refunded.credits)?;
                add(&mut self.totals.refunded, refunded.credits)?;
                take(&mut self.totals.from_lots, to_lots)?;
                take(&mut self.totals.by_debt, refunded.credits.minus(to_lots).map_err(|_| OVERFLOW)?)?;
                add(self.refunded.entry(refunded.debit).or_default(), refunded.credits)?;
            }
            Event::LotExpired(expired) => {
                self.shift(expired.lot, Bucket::Free, Bucket::Expired, expired.amount)?
            }
            Event::LotForfeited(forfeited) => {
                self.shift(forfeited.lot, Bucket::Free, Bucket::Forfeited, forfeited.amount)?;
                self.closing_forfeits(forfeited.lot, forfeited.amount)?;
            }
            Event::DebtRepaid(repaid) => {
                self.shift_all(&repaid.lots, Bucket::Free, Bucket::Spent)?;
                for LotAmount { lot, amount } in &repaid.lots {
                    add(&mut self.lot_mut(*lot)?.repaid, *amount)?;
                    take(&mut self.debt, *amount)?;
                }
            }
            Event::Frozen(frozen) => {
                self.count_freeze(&frozen.scope, |freezes| freezes.checked_add(1))?;
                let freeze = Freeze {
                    revision,
                    scope: frozen.scope.clone(),
                    reason: frozen.reason.clone(),
                    since: frozen.effective_at.unwrap_or(recorded_at),
                    recorded_at,
                    owner_wide: frozen.owner_wide,
                    origin: frozen.origin.clone(),
                };
                self.freezes.push(freeze);
                self.freeze_begins(frozen, revision);
            }
            Event::Thawed(thawed) => {
                let at = self.freezes.iter().position(|freeze| freeze.revision == thawed.freeze);
                let freeze = self.freezes.remove(at.ok_or("the freeze does not stand")?);
                self.count_freeze(&freeze.scope, |freezes| freezes.checked_sub(1))?;
                self.freeze_ends(&freeze, &thawed.reason, revision, recorded_at);
            }
            Event::CreditLineSet(set) => self.credit_limit = set.limit,
            Event::DebtOverdue(overdue) => self.overdue = Some(overdue.due_at),
            Event::RegionChanged(changed) => self.region = Some(changed.region.clone()),
            Event::AccountClosed(event) => self.account_closed(event, revision, recorded_at),
            Event::RefundRequested(event) => self.refund_requested(event, revision, recorded_at)?,
            Event::RefundEvidenceAdded(event) => self.refund_evidence_added(event, revision, recorded_at)?,
            Event::RefundApproved(event) => self.refund_approved(event, revision, recorded_at)?,
            Event::RefundReclaimed(event) => self.refund_reclaimed(event, revision, recorded_at)?,
            Event::RefundDenied(event) => self.refund_denied(event, revision, recorded_at)?,
            Event::RefundPaid(event) => self.refund_paid(event, revision, recorded_at)?,
            Event::RefundFailed(event) => self.refund_failed(event, revision, recorded_at)?,
            Event::PaymentRefunded(event) => self.payment_refunded(event, revision, recorded_at)?,
            Event::PaymentDisputed(event) => self.payment_disputed(event, revision, recorded_at)?,
            Event::PaymentDisputeClosed(event) => {
                self.payment_dispute_closed(event, revision, recorded_at)?
            }
            Event::LotReclaimed(event) => self.lot_reclaimed(event, revision, recorded_at)?,
            Event::Withdrawn(event) => self.withdrawn(event, revision, recorded_at)?,
            Event::MigrationStarted(event) => self.migration_started(event, revision)?,
            Event::LotReceived(event) => self.lot_received(event, revision)?,
            Event::MigrationCompleted(event) => self.migration_completed(event)?,
            Event::MigrationReversed(event) => self.migration_reversed(event)?,
            Event::Subscribed(event) => self.subscribed(event, revision, recorded_at)?,
            Event::PeriodGranted(event) => self.period_granted(event, revision, recorded_at)?,
            Event::PeriodPaid(event) => self.period_paid(event, revision, recorded_at)?,
            Event::SubscriptionCancelled(event) => {
                self.subscription_cancelled(event, revision, recorded_at)?
            }
            Event::SubscriptionEnded(event) => self.subscription_ended(event, revision, recorded_at)?,
            Event::StatementIssued(event) => self.statement_issued(event, revision, recorded_at)?,
            Event::StatementFinalized(event) => self.statement_finalized(event, revision, recorded_at)?,
            Event::DisputeOpened(event) => self.dispute_opened(event, revision, recorded_at)?,
            Event::DisputeResolved(event) => self.dispute_resolved(event, revision, recorded_at)?,
            Event::CompensationClaimed(event) => self.compensation_claimed(event, revision, recorded_at)?,
            Event::CompensationSettled(event) => self.compensation_settled(event, revision, recorded_at)?,
            Event::FreezeAnnounced(event) => self.freeze_announced(event, revision, recorded_at)?,
            Event::ClosureAnnounced(event) => self.closure_announced(event, revision, recorded_at)?,
            Event::AnnouncementWithdrawn(event) => {
                self.announcement_withdrawn(event, revision, recorded_at)?
            }
            Event::MeasureSpread(event) => self.measure_spread(event, revision, recorded_at)?,
            Event::AccountReopened(event) => self.account_reopened(event, revision, recorded_at)?,
            Event::BreachNotified(event) => self.breach_notified(event, revision, recorded_at)?,
            Event::BreachCured(event) => self.breach_cured(event, revision, recorded_at)?,
            Event::ViolationRecorded(event) => self.violation_recorded(event, revision, recorded_at)?,
            Event::ReviewOpened(event) => self.review_opened(event, revision, recorded_at)?,
            Event::ReviewClosed(event) => self.review_closed(event, revision, recorded_at)?,
            Event::AppealFiled(event) => self.appeal_filed(event, revision, recorded_at)?,
            Event::AppealDecided(event) => self.appeal_decided(event, revision, recorded_at)?,
            Event::LegalHoldPlaced(event) => self.legal_hold_placed(event, revision, recorded_at)?,
            Event::LegalHoldReleased(event) => self.legal_hold_released(event, revision, recorded_at)?,
            Event::KeyReinstated(event) => self.key_reinstated(event, revision, recorded_at)?,
            Event::LotReinstated(event) => self.lot_reinstated(event, revision, recorded_at)?,
            Event::ApprovalRequested(event) => self.approval_requested(event, revision, recorded_at)?,
            Event::ApprovalGiven(event) => self.approval_given(event, revision, recorded_at)?,
            Event::ApprovalRejected(event) => self.approval_rejected(event, revision, recorded_at)?,
            Event::Adjusted(event) => self.adjusted(event, revision, recorded_at)?,
        }
        Ok(())
    }

    pub(super) fn add_lot(&mut self, lot: Lot) -> Result<(), Contradiction> {
        add(&mut self.free, lot.free)?;
        self.live.push(u32::try_from(self.lots.len()).map_err(|_| "too many lots")?);
        // Most accounts have one lot or two: growing by one keeps an idle account small.
        self.lots.reserve_exact(1);
        self.lots.push(lot);
        Ok(())
    }

    /// Frees all that an open hold reserves, and forgets the hold.
    pub(super) fn release(&mut self, hold: u64) -> Result<(), Contradiction> {
        let hold_state = self.holds.remove(&hold).ok_or("the hold is not open")?;
        self.hold_ends.remove(&(hold_state.expires_at, hold));
        self.shift_all(&hold_state.lots, Bucket::Held, Bucket::Free)?;
        take(&mut self.on_credit, hold_state.on_credit)
    }

    fn charge(&mut self, charge: &Charged) -> Result<(), Contradiction> {
        self.shift_all(&charge.lots, Bucket::Free, Bucket::Spent)?;
        let from_lots = Credits::total(charge.lots.iter().map(|part| part.amount)).map_err(|_| OVERFLOW)?;
        if Credits::total([from_lots, charge.debt, charge.absorbed]) != Ok(charge.charged) {
            return Err("the charge is not what lots, debt and the operator paid");
        }
        self.totals.calls = self.totals.calls.saturating_add(1);
        add(&mut self.debt, charge.debt)?;
        add(&mut self.totals.charged, charge.charged)?;
        add(&mut self.totals.from_lots, from_lots)?;
        add(&mut self.totals.by_debt, charge.debt)?;
        add(&mut self.totals.absorbed, charge.absorbed)
    }

    pub(super) fn shift_all(
        &mut self,
        parts: &[LotAmount],
        from: Bucket,
        to: Bucket,
    ) -> Result<(), Contradiction> {
        parts.iter().try_for_each(|part| self.shift(part.lot, from, to, part.amount))
    }

    /// Moves credits of a lot, and keeps the sums and the list of live lots in step.
    pub(super) fn shift(
        &mut self,
        lot: u64,
        from: Bucket,
        to: Bucket,
        amount: Credits,
    ) -> Result<(), Contradiction> {
        let index = self.lot_index(lot).ok_or(NO_LOT)?;
        let lot = self.lots.get_mut(index).ok_or(NO_LOT)?;
        let was_live = lot.is_live();
        lot.shift(from, to, amount).ok_or("the lot does not have what is taken from it")?;
        let is_live = lot.is_live();
        for (bucket, sum) in [(Bucket::Free, &mut self.free), (Bucket::Held, &mut self.held)] {
            if from == bucket {
                take(sum, amount)?;
            }
            if to == bucket {
                add(sum, amount)?;
            }
        }
        if was_live != is_live {
            let index = u32::try_from(index).map_err(|_| NO_LOT)?;
            match (is_live, self.live.binary_search(&index)) {
                (true, Err(at)) => self.live.insert(at, index),
                (false, Ok(at)) => drop(self.live.remove(at)),
                (true, Ok(_)) | (false, Err(_)) => {}
            }
        }
        Ok(())
    }

    pub(super) fn count_freeze(
        &mut self,
        scope: &FreezeScope,
        count: impl Fn(u16) -> Option<u16>,
    ) -> Result<(), Contradiction> {
        if let FreezeScope::Lots { lots } = scope {
            for lot in lots {
                let freezes = &mut self.lot_mut(*lot)?.freezes;
                *freezes = count(*freezes).ok_or("a lot has too many freezes")?;
            }
        }
        Ok(())
    }

    pub(super) fn lot_mut(&mut self, revision: u64) -> Result<&mut Lot, Contradiction> {
        self.lot_index(revision).and_then(|index| self.lots.get_mut(index)).ok_or(NO_LOT)
    }

    pub(super) fn key_mut(&mut self, revision: u64) -> Result<&mut Key, Contradiction> {
        self.keys.iter_mut().find(|key| key.revision == revision).ok_or("there is no such key")
    }
}

/// Whether the account was used by it: a call, or money for more of them (A4).
const fn is_activity(event: &Event) -> bool {
    matches!(
        event,
        Event::AccountOpened(_)
            | Event::ToppedUp(_)
            | Event::Subscribed(_)
            | Event::PeriodPaid(_)
            | Event::HoldPlaced(_)
            | Event::HoldCaptured(_)
            | Event::Debited(_)
    )
}

/// Whether credits came in, were spent, came back or were lost: what a statement is of (M5).
const fn moves_credits(event: &Event) -> bool {
    matches!(
        event,
        Event::ToppedUp(_)
            | Event::Granted(_)
            | Event::PeriodGranted(_)
            | Event::LotReceived(_)
            | Event::LotExpired(_)
            | Event::LotForfeited(_)
            | Event::LotReinstated(_)
            | Event::LotReclaimed(_)
            | Event::HoldCaptured(_)
            | Event::Debited(_)
            | Event::UsageRefunded(_)
            | Event::RefundReclaimed(_)
            | Event::RefundFailed(_)
            | Event::PaymentRefunded(_)
            | Event::PaymentDisputeClosed(_)
            | Event::Withdrawn(_)
            | Event::MigrationStarted(_)
            | Event::MigrationReversed(_)
            | Event::Adjusted(_)
    )
}

pub(super) const NO_LOT: Contradiction = "there is no such lot";
const NEGATIVE: Contradiction = "an amount is below zero";
const OVERFLOW: Contradiction = "an amount is out of range";

pub(super) fn new_lot(revision: u64, credits: Credits, expires_at: Option<Timestamp>, priority: u16) -> Lot {
    Lot {
        revision,
        source: None,
        basis: None,
        priority,
        expires_at,
        freezes: 0,
        granted: credits,
        free: credits,
        held: Credits::ZERO,
        spent: Credits::ZERO,
        repaid: Credits::ZERO,
        gone: None,
    }
}

/// Whether a total that an event gives is the sum of its parts.
fn adds_up<const N: usize>(
    total: Credits,
    parts: [Credits; N],
    lots: &[&[LotAmount]],
) -> Result<(), Contradiction> {
    let lots = lots.iter().flat_map(|lots| lots.iter().map(|part| part.amount));
    if Credits::total(parts.into_iter().chain(lots)) == Ok(total) {
        Ok(())
    } else {
        Err("the parts do not add up")
    }
}

pub(super) fn add(sum: &mut Credits, amount: Credits) -> Result<(), Contradiction> {
    if amount.is_negative() {
        return Err(NEGATIVE);
    }
    *sum = sum.plus(amount).map_err(|_| OVERFLOW)?;
    Ok(())
}

/// Takes an amount from a sum that must not fall below zero.
pub(super) fn take(sum: &mut Credits, amount: Credits) -> Result<(), Contradiction> {
    if amount.is_negative() {
        return Err(NEGATIVE);
    }
    let left = sum.minus(amount).map_err(|_| OVERFLOW)?;
    if left.is_negative() {
        return Err("more is taken than there was");
    }
    *sum = left;
    Ok(())
}
