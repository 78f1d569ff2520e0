//! What an event does to the lots that it names, as postings: credits and money leave what is outstanding for the place
//! that the credits go to.

use super::draft::Draft;
use super::valuation::GONE;
use super::{AccountingError, ChartAccount, Commodity, Valuation};
use crate::event::{Charged, LotAmount};
use crate::{Account, Bucket, Credits, Event};

/// A lot as accounting sees it; one that does not exist has nothing anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LotState {
    /// It was neither paid for nor will be.
    granted: bool,
    /// Credits that are left in it.
    left: i128,
    /// Credits that left it, in the order of [`GONE`].
    gone: [i128; 6],
    /// What of those that are spent repaid debt.
    repaid: i128,
    /// What they are worth, if it was paid for.
    worth: Option<Valuation>,
}

impl LotState {
    pub(super) fn of(account: &Account, revision: u64) -> Self {
        let Some(lot) = account.lot(revision) else { return Self::default() };
        // The places of a lot come to what it began with, which is in range.
        let left: Credits = [lot.free, lot.held].into_iter().sum();
        Self {
            granted: lot.source.is_some(),
            left: left.nanos(),
            gone: GONE.map(|place| lot.bucket(place).nanos()),
            repaid: lot.repaid.nanos(),
            worth: Valuation::of(lot),
        }
    }

    /// Posts the difference between two states of a lot.
    pub(super) fn changed_to(&self, after: &Self, draft: &mut Draft) -> Result<(), AccountingError> {
        let outstanding =
            if after.granted { ChartAccount::OutstandingPromotional } else { ChartAccount::OutstandingPaid };
        credit(draft, outstanding, Commodity::Credits, self.left, after.left)?;
        for (place, (before, after)) in GONE.into_iter().zip(self.gone.into_iter().zip(after.gone)) {
            credit(draft, credits_at(place), Commodity::Credits, before, after)?;
        }
        // What repaid debt was used when the debt was made.
        credit(draft, ChartAccount::Used, Commodity::Credits, after.repaid, self.repaid)?;
        credit(draft, ChartAccount::CreditsReceivable, Commodity::Credits, self.repaid, after.repaid)?;
        match (self.worth, after.worth) {
            (None, None) => Ok(()),
            (Some(before), Some(after)) if before == after => Ok(()),
            (before, after) => {
                let before = before.map_or(Ok(()), |worth| worth.post(Side::Debit, draft));
                before.and_then(|()| after.map_or(Ok(()), |worth| worth.post(Side::Credit, draft)))
            }
        }
    }
}

/// The two sides of an account.
#[derive(Clone, Copy)]
enum Side {
    Debit,
    Credit,
}

impl Valuation {
    /// Posts all of it, as debits or as credits.
    fn post(&self, side: Side, draft: &mut Draft) -> Result<(), AccountingError> {
        let commodity = Commodity::Money(self.currency);
        let mut post = |account, worth: u64| {
            let quantity = match side {
                Side::Debit => Some(i128::from(worth)),
                Side::Credit => i128::from(worth).checked_neg(),
            };
            draft.post(account, commodity, quantity.ok_or(AccountingError::OutOfRange)?)
        };
        post(ChartAccount::DeferredRevenue, self.left)?;
        GONE.into_iter().zip(self.gone).try_for_each(|(place, worth)| post(money_at(place), worth))
    }
}

/// Posts the growth of an account whose balance is a credit.
fn credit(
    draft: &mut Draft,
    account: ChartAccount,
    commodity: Commodity,
    before: i128,
    after: i128,
) -> Result<(), AccountingError> {
    draft.post(account, commodity, before.checked_sub(after).ok_or(AccountingError::OutOfRange)?)
}

/// Where credits are counted that left a lot.
const fn credits_at(place: Bucket) -> ChartAccount {
    match place {
        Bucket::Free | Bucket::Held => ChartAccount::OutstandingPaid,
        Bucket::Spent => ChartAccount::Used,
        Bucket::Expired => ChartAccount::Expired,
        Bucket::Forfeited => ChartAccount::Forfeited,
        Bucket::Reclaimed => ChartAccount::Reclaimed,
        Bucket::Withdrawn => ChartAccount::Withdrawn,
        Bucket::Migrated => ChartAccount::CreditsInTransit,
    }
}

/// Where the money is that was paid for credits in a place. What a refund, a withdrawal or a migration is settled at is
/// stated by its event, against the same account: what remains there is the difference.
const fn money_at(place: Bucket) -> ChartAccount {
    match place {
        Bucket::Free | Bucket::Held => ChartAccount::DeferredRevenue,
        Bucket::Spent => ChartAccount::UsageRevenue,
        Bucket::Expired => ChartAccount::BreakageExpired,
        Bucket::Forfeited => ChartAccount::BreakageForfeited,
        Bucket::Reclaimed | Bucket::Withdrawn => ChartAccount::RefundDifferences,
        Bucket::Migrated => ChartAccount::Rounding,
    }
}

/// The lots that an event moves credits of, or makes: each once, in the order they were made. Moving between what is free
/// and what is held changes nothing here.
pub fn lots_moved_by(event: &Event, revision: u64) -> Vec<u64> {
    let all = |lots: &[LotAmount]| lots.iter().map(|part| part.lot).collect::<Vec<_>>();
    let of_charge = |charge: &Charged| all(&charge.lots);
    let mut lots = match event {
        Event::ToppedUp(_) | Event::Granted(_) | Event::PeriodGranted(_) | Event::LotReceived(_) => {
            vec![revision]
        }
        Event::LotExpired(event) => vec![event.lot],
        Event::LotForfeited(event) => vec![event.lot],
        Event::LotReinstated(event) => vec![event.lot],
        Event::LotReclaimed(event) => vec![event.lot],
        Event::PeriodPaid(event) => vec![event.lot],
        Event::DebtRepaid(event) => all(&event.lots),
        Event::HoldCaptured(event) => of_charge(&event.charge),
        Event::Debited(event) => of_charge(&event.charge),
        Event::UsageRefunded(event) => event.lots.iter().chain(&event.repaid).map(|part| part.lot).collect(),
        Event::RefundReclaimed(event) => all(&event.lots),
        Event::RefundFailed(event) => all(&event.reinstated),
        Event::PaymentRefunded(event) => all(&event.lots),
        Event::PaymentDisputeClosed(event) => all(&event.lots),
        Event::Withdrawn(event) => all(&event.lots),
        Event::MigrationStarted(event) => all(&event.lots),
        Event::MigrationReversed(event) => all(&event.lots),
        Event::Adjusted(event) => all(&event.lots),
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
        | Event::RefundPaid(_)
        | Event::PaymentDisputed(_)
        | Event::MigrationCompleted(_)
        | Event::Subscribed(_)
        | Event::SubscriptionCancelled(_)
        | Event::SubscriptionEnded(_)
        | Event::StatementIssued(_)
        | Event::StatementFinalized(_)
        | Event::DisputeOpened(_)
        | Event::DisputeResolved(_)
        | Event::CompensationClaimed(_)
        | Event::CompensationSettled(_)
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
        | Event::ApprovalRejected(_) => Vec::new(),
    };
    lots.sort_unstable();
    lots.dedup();
    lots
}
