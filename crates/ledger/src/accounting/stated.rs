//! What an event says of money and credits by itself: payments, what is owed and paid out, debt, what comes into being.

use super::draft::Draft;
use super::{AccountingError, ChartAccount, Commodity, Issued, Valuation};
use crate::event::{Channel, Charged, LotAmount, Payment};
use crate::records::Payout;
use crate::{Account, Credits, Event, Money};

type Done = Result<(), AccountingError>;

/// Posts what an event says, the account having taken it.
pub(super) fn by(event: &Event, after: &Account, draft: &mut Draft) -> Done {
    match event {
        Event::ToppedUp(event) => {
            draft.post(issued(Issued::TopUp), Commodity::Credits, event.credits.nanos())?;
            paid(after, newest(after), &event.payment, draft)
        }
        Event::Granted(event) => {
            draft.post(issued(Issued::Grant(event.source)), Commodity::Credits, event.credits.nanos())
        }
        Event::PeriodGranted(event) => {
            draft.post(issued(Issued::Subscription), Commodity::Credits, event.credits.nanos())?;
            let payment = event.payment.as_ref();
            payment.map_or(Ok(()), |payment| paid(after, newest(after), payment, draft))
        }
        Event::PeriodPaid(event) => paid(after, event.lot, &event.payment, draft),
        Event::LotReceived(event) => {
            draft.post(ChartAccount::CreditsInTransit, Commodity::Credits, event.credits.nanos())?;
            let basis = event.basis.as_ref();
            basis.map_or(Ok(()), |basis| {
                let worth = basis.paid.part(event.credits, basis.credits);
                let commodity = Commodity::Money(worth.currency());
                draft.post(ChartAccount::InTransit, commodity, i128::from(worth.minor()))
            })
        }
        Event::MigrationStarted(event) => {
            in_transit(after, &event.lots, ChartAccount::Rounding, ChartAccount::InTransit, draft)
        }
        Event::MigrationReversed(event) => {
            in_transit(after, &event.lots, ChartAccount::InTransit, ChartAccount::Rounding, draft)
        }
        Event::HoldCaptured(event) => charged(&event.charge, draft),
        Event::Debited(event) => charged(&event.charge, draft),
        Event::UsageRefunded(event) => {
            let repaid = Credits::total(event.repaid.iter().map(|part| part.amount));
            let of_debt = repaid.and_then(|repaid| repaid.plus(event.debt));
            let of_debt = of_debt.map_err(|_| AccountingError::OutOfRange)?;
            draft.move_credits(ChartAccount::Used, ChartAccount::CreditsReceivable, of_debt)
        }
        Event::RefundReclaimed(event) => {
            draft.pay(ChartAccount::RefundDifferences, ChartAccount::RefundsPayable, event.amount)?;
            on_top(event.tax, event.fee)
                .try_for_each(|(account, money)| draft.pay(account, ChartAccount::RefundsPayable, money))
        }
        Event::RefundPaid(event) => payout(after, event.refund).map_or(Ok(()), |payout| {
            let from = paid_from(after, payout);
            let amounts = payout.amounts.iter().chain(&payout.tax).chain(&payout.fee);
            amounts
                .copied()
                .try_for_each(|money| draft.pay(ChartAccount::RefundsPayable, from.clone(), money))
        }),
        Event::RefundFailed(event) => payout(after, event.refund).map_or(Ok(()), |payout| {
            payout.amounts.iter().try_for_each(|money| {
                draft.pay(ChartAccount::RefundsPayable, ChartAccount::RefundDifferences, *money)
            })?;
            on_top(payout.tax, payout.fee)
                .try_for_each(|(account, money)| draft.pay(ChartAccount::RefundsPayable, account, money))
        }),
        Event::Withdrawn(event) => event.amounts.iter().try_for_each(|money| {
            draft.pay(ChartAccount::RefundDifferences, ChartAccount::RefundsPayable, *money)
        }),
        Event::PaymentDisputeClosed(event) => {
            draft.move_credits(ChartAccount::CreditsReceivable, ChartAccount::ChargedBack, event.debt)
        }
        Event::CompensationClaimed(event) => {
            draft.pay(ChartAccount::Claims, ChartAccount::ContestedClaims, event.amount)
        }
        Event::CompensationSettled(event) => {
            let claim = after.records().billing.claim(event.claim);
            claim.map_or(Ok(()), |claim| settled(claim.claimed.amount, event.paid, draft))
        }
        // What is left of these is what they do to lots, to periods and to orders.
        Event::LotExpired(_)
        | Event::LotForfeited(_)
        | Event::LotReinstated(_)
        | Event::LotReclaimed(_)
        | Event::DebtRepaid(_)
        | Event::PaymentRefunded(_)
        | Event::Adjusted(_)
        | Event::Subscribed(_)
        | Event::SubscriptionCancelled(_)
        | Event::SubscriptionEnded(_) => Ok(()),
        // These move neither money nor credits.
        Event::AccountOpened(_)
        | Event::RegionChanged(_)
        | Event::KeyIssued(_)
        | Event::KeyRotated(_)
        | Event::KeyRevoked(_)
        | Event::KeyReinstated(_)
        | Event::CreditLineSet(_)
        | Event::DebtOverdue(_)
        | Event::HoldPlaced(_)
        | Event::HoldExtended(_)
        | Event::HoldVoided(_)
        | Event::HoldExpired(_)
        | Event::RefundRequested(_)
        | Event::RefundEvidenceAdded(_)
        | Event::RefundApproved(_)
        | Event::RefundDenied(_)
        | Event::PaymentDisputed(_)
        | Event::MigrationCompleted(_)
        | Event::StatementIssued(_)
        | Event::StatementFinalized(_)
        | Event::DisputeOpened(_)
        | Event::DisputeResolved(_)
        | Event::Frozen(_)
        | Event::Thawed(_)
        | Event::FreezeAnnounced(_)
        | Event::ClosureAnnounced(_)
        | Event::AnnouncementWithdrawn(_)
        | Event::MeasureSpread(_)
        | Event::AccountClosed(_)
        | Event::AccountReopened(_)
        | Event::BreachNotified(_)
        | Event::BreachCured(_)
        | Event::ViolationRecorded(_)
        | Event::ReviewOpened(_)
        | Event::ReviewClosed(_)
        | Event::AppealFiled(_)
        | Event::AppealDecided(_)
        | Event::LegalHoldPlaced(_)
        | Event::LegalHoldReleased(_)
        | Event::ApprovalRequested(_)
        | Event::ApprovalGiven(_)
        | Event::ApprovalRejected(_) => Ok(()),
    }
}

const fn issued(why: Issued) -> ChartAccount {
    ChartAccount::CreditsIssued(why)
}

/// The revision of the event that the account has just taken.
fn newest(after: &Account) -> u64 {
    after.next_revision().saturating_sub(1)
}

/// A payment came in for a lot: its price is deferred as the lot's worth, what came on top of it is owed to others.
fn paid(after: &Account, lot: u64, payment: &Payment, draft: &mut Draft) -> Done {
    let clearing = ChartAccount::ProcessorClearing(Some(payment.provider.clone()));
    draft.pay(clearing.clone(), ChartAccount::Rounding, payment.amount)?;
    // The lot's worth is its price: nothing remains but of a lot of no credits.
    if let Some(worth) = after.lot(lot).and_then(Valuation::of) {
        let commodity = Commodity::Money(worth.currency);
        draft.post(ChartAccount::Rounding, commodity, i128::from(worth.in_all))?;
    }
    on_top(payment.tax, payment.fee)
        .try_for_each(|(account, money)| draft.pay(clearing.clone(), account, money))
}

/// What comes on top of a price, and whom it is owed to.
fn on_top(tax: Option<Money>, fee: Option<Money>) -> impl Iterator<Item = (ChartAccount, Money)> {
    let tax = tax.map(|tax| (ChartAccount::Tax, tax));
    tax.into_iter().chain(fee.map(|fee| (ChartAccount::ProcessorFees, fee)))
}

/// What was paid for credits that leave for another account, or come back: the part of its lot's price, as it will be
/// there. The lot's own parts may differ by a minor unit.
fn in_transit(
    after: &Account,
    lots: &[LotAmount],
    debit: ChartAccount,
    credit: ChartAccount,
    draft: &mut Draft,
) -> Done {
    let basis = |part: &LotAmount| {
        let basis = after.lot(part.lot)?.basis.as_deref()?;
        Some(basis.paid.part(part.amount, basis.credits))
    };
    lots.iter().filter_map(basis).try_for_each(|money| draft.pay(debit.clone(), credit.clone(), money))
}

/// What calls took of lots shows in the lots. The rest of a charge is owed, or the operator carries it.
fn charged(charge: &Charged, draft: &mut Draft) -> Done {
    draft.move_credits(ChartAccount::CreditsReceivable, ChartAccount::Used, charge.debt)?;
    draft.move_credits(ChartAccount::Absorbed, ChartAccount::Used, charge.absorbed)
}

fn payout(after: &Account, revision: u64) -> Option<&Payout> {
    after.records().orders.payouts.get(&revision)
}

/// Where a payout is paid from: the way that the payment came, or the service's own bank.
fn paid_from(after: &Account, payout: &Payout) -> ChartAccount {
    match payout.refund() {
        Some(of) if of.channel == Channel::Original => {
            let basis = after.basis_of_order(&of.order_id);
            ChartAccount::ProcessorClearing(basis.and_then(|basis| basis.provider.clone()))
        }
        Some(_) | None => ChartAccount::Bank,
    }
}

fn settled(amount: Money, paid: bool, draft: &mut Draft) -> Done {
    draft.pay(ChartAccount::ContestedClaims, ChartAccount::Claims, amount)?;
    if paid { draft.pay(ChartAccount::Bank, ChartAccount::Compensation, amount) } else { Ok(()) }
}
