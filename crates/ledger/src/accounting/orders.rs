//! What is open of subscription periods, and what payments' providers have taken back of orders. Both follow from the
//! account's state: an event posts the difference between after and before.

use super::draft::Draft;
use super::{AccountingError, ChartAccount, Commodity};
use crate::account::paid_in_all;
use crate::records::{Payout, Standing, Subscription, SubscriptionPeriod};
use crate::{Account, Bucket, Currency, Event, Money, Token};

/// The reason with which a subscription ends whose periods can be paid no more.
const UNPAID: &str = "unpaid";

/// Prices of periods that have begun, are not paid, and still can be.
#[derive(Debug, Default)]
pub(super) struct OpenPeriods(Vec<Money>);

impl OpenPeriods {
    /// Those of the subscription that an event is of.
    pub(super) fn touched_by(event: &Event, account: &Account) -> Self {
        let all = &account.records().subscriptions;
        let of = if let Event::PeriodGranted(event) = event {
            all.get(event.subscription)
        } else if let Event::PeriodPaid(event) = event {
            all.get(event.subscription)
        } else if let Event::SubscriptionEnded(event) = event {
            all.get(event.subscription)
        } else if let Event::LotReclaimed(event) = event {
            let is_of_it = |period: &SubscriptionPeriod| period.lot == event.lot;
            all.all().iter().find(|subscription| subscription.unpaid().iter().any(is_of_it))
        } else {
            None
        };
        let open = of.filter(|of| of.ended.as_ref().is_none_or(|(_, reason)| reason.as_str() != UNPAID));
        let periods = open.map_or(&[][..], Subscription::unpaid).iter();
        let is_given_up = |period: &SubscriptionPeriod| {
            account.lot(period.lot).is_some_and(|lot| lot.bucket(Bucket::Reclaimed).is_positive())
        };
        Self(periods.filter(|period| !is_given_up(period)).map(|period| period.price).collect())
    }

    pub(super) fn changed_to(&self, after: &Self, draft: &mut Draft) -> Result<(), AccountingError> {
        let (receivable, unearned) = (ChartAccount::UnpaidPeriods, ChartAccount::UnearnedPeriods);
        for price in &after.0 {
            draft.pay(receivable.clone(), unearned.clone(), *price)?;
        }
        self.0.iter().try_for_each(|price| draft.pay(unearned.clone(), receivable.clone(), *price))
    }
}

/// What went back of a payment, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    of: Option<(Currency, Option<Token>)>,
    /// What was paid.
    paid: u64,
    /// What its provider says it took back, other than by refunds that were decided here.
    by_provider: u64,
    /// What is owed or was paid out by the way that the payment came.
    refunded_here: u64,
    /// What of the provider's part was tax.
    tax: u64,
    /// What of it was fees.
    fee: u64,
}

/// The order whose standing with its provider an event may change, or how it is counted.
pub(super) fn order_of(event: &Event, account: &Account) -> Option<Token> {
    let refunded = |refund: u64| {
        let payout = account.records().orders.payouts.get(&refund);
        payout.and_then(Payout::refund).map(|of| of.order_id.clone())
    };
    if let Event::PaymentRefunded(event) = event {
        Some(event.order_id.clone())
    } else if let Event::PaymentDisputeClosed(event) = event {
        Some(event.order_id.clone())
    } else if let Event::RefundReclaimed(event) = event {
        refunded(event.refund)
    } else if let Event::RefundFailed(event) = event {
        refunded(event.refund)
    } else {
        None
    }
}

impl Taken {
    /// What went back of an order.
    pub(super) fn of(account: &Account, order_id: &Token) -> Self {
        let none = Self { of: None, paid: 0, by_provider: 0, refunded_here: 0, tax: 0, fee: 0 };
        let Some(basis) = account.basis_of_order(order_id) else { return none };
        let nothing_said = Standing::default();
        let standing = account.records().orders.standings.get(order_id).unwrap_or(&nothing_said);
        let paid = paid_in_all(basis.paid, [basis.tax, basis.fee]).minor();
        let by_provider = standing.elsewhere.saturating_add(standing.money_taken_back(basis));
        let on_top = |on_top: Option<Money>, refunded: fn(&Payout) -> Option<Money>| {
            let due = account.records().orders.refunds_of(order_id).filter(|(_, payout, _)| payout.is_due());
            let gone = due.filter_map(|(_, payout, _)| refunded(payout)).map(|money| money.minor());
            on_top.map_or(0, |on_top| {
                let left = gone.fold(on_top.minor(), u64::saturating_sub);
                on_top.proportion(by_provider, paid).minor().min(left)
            })
        };
        Self {
            of: Some((basis.paid.currency(), basis.provider.clone())),
            paid,
            by_provider,
            refunded_here: account.refunded_here(order_id),
            tax: on_top(basis.tax, |payout| payout.tax),
            fee: on_top(basis.fee, |payout| payout.fee),
        }
    }

    /// What can still be taken of what was paid.
    const fn left(&self) -> u64 {
        self.paid.saturating_sub(self.by_provider).saturating_sub(self.refunded_here)
    }

    /// Posts what was taken since: tax and fees from what was collected, a payment that was lost for credits that were
    /// spent as an expense, the rest as a refund.
    pub(super) fn changed_to(
        &self,
        after: &Self,
        event: &Event,
        draft: &mut Draft,
    ) -> Result<(), AccountingError> {
        let Some((currency, provider)) = after.of.clone().or_else(|| self.of.clone()) else { return Ok(()) };
        let commodity = Commodity::Money(currency);
        let since = |part: fn(&Self) -> u64| {
            i128::from(part(after)).checked_sub(i128::from(part(self))).ok_or(AccountingError::OutOfRange)
        };
        let (tax, fee) = (since(|it| it.tax)?, since(|it| it.fee)?);
        // A notice of all of it means what is left of it: no clearing account pays more for an order than came in.
        let in_all = since(|it| it.by_provider)?.min(i128::from(self.left()));
        let price = in_all.checked_sub(tax).and_then(|rest| rest.checked_sub(fee));
        let price = price.ok_or(AccountingError::OutOfRange)?;
        // What the credits had cost that this event has voided.
        let voided = draft.posted(&ChartAccount::RefundDifferences, commodity).checked_neg();
        let is_lost = matches!(event, Event::PaymentDisputeClosed(closed) if !closed.won);
        let spent =
            voided.filter(|_| is_lost).and_then(|voided| price.checked_sub(voided)).map(|lost| lost.max(0));
        let spent = spent.unwrap_or(0);
        let rest = price.checked_sub(spent).ok_or(AccountingError::OutOfRange)?;
        let clearing = ChartAccount::ProcessorClearing(provider);
        for (account, quantity) in [
            (ChartAccount::Tax, tax),
            (ChartAccount::ProcessorFees, fee),
            (ChartAccount::Chargebacks, spent),
            (ChartAccount::RefundDifferences, rest),
        ] {
            draft.transfer(account, clearing.clone(), commodity, quantity)?;
        }
        Ok(())
    }
}
