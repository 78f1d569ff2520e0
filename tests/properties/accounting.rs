//! The books of a service beside a random history: every event balances, and what is posted equals what the engine folds.
//!
//! That entries balance is made so. That deferred revenue equals what the credits left in all lots had cost, that credits
//! outstanding and owed equal those of the account, and that nothing is below zero, is not: it is checked at every position,
//! with arithmetic of its own.

use std::collections::BTreeMap;

use crate::rules::accounting::page;
use scrip_ledger::accounting::{Before, ChartAccount, Class, Commodity, Issued, deferred_revenue};
use scrip_ledger::records::PayoutState;
use scrip_ledger::{Account, Bucket, Credits, Event, Lot};

/// The balances of every account of the chart.
#[derive(Default)]
pub struct Books {
    balances: BTreeMap<(ChartAccount, Commodity), i128>,
}

impl Books {
    /// Takes an event's postings and checks all that must hold after it, where there is one account.
    #[track_caller]
    pub fn take(&mut self, before: Before, event: &Event, account: &Account) {
        self.post(before, event, account);
        self.check(event, account);
    }

    /// Takes an event's postings, which balance.
    #[track_caller]
    pub fn post(&mut self, before: Before, event: &Event, account: &Account) {
        let postings = before.postings(account, event).unwrap_or_else(|error| panic!("{error}: {event:?}"));
        page::check(event, &postings);
        let mut sums: BTreeMap<Commodity, i128> = BTreeMap::new();
        for posting in postings {
            assert_ne!(posting.quantity, 0, "{event:?}");
            *sums.entry(posting.commodity).or_default() += posting.quantity;
            *self.balances.entry((posting.account, posting.commodity)).or_default() += posting.quantity;
        }
        assert!(sums.values().all(|sum| *sum == 0), "{event:?} does not balance: {sums:?}");
    }

    /// What an account has of credits.
    pub fn credits(&self, account: ChartAccount) -> i128 {
        self.balances.get(&(account, Commodity::Credits)).copied().unwrap_or(0)
    }

    /// What an account has of any money: the histories know one currency.
    pub fn money(&self, account: ChartAccount) -> i128 {
        let of_it = self
            .balances
            .iter()
            .filter(|((known, of), _)| *known == account && matches!(of, Commodity::Money(_)));
        of_it.map(|(_, balance)| balance).sum()
    }

    fn check(&self, event: &Event, account: &Account) {
        let lots = account.lots();
        let sum = |of: &dyn Fn(&Lot) -> i128| lots.iter().map(of).sum::<i128>();
        let deferred = |lot: &Lot| deferred_revenue(lot).map_or(0, |money| i128::from(money.minor()));
        assert_eq!(-self.money(ChartAccount::DeferredRevenue), sum(&cost_left), "{event:?}");
        assert_eq!(sum(&deferred), sum(&cost_left), "{event:?}");

        let left = |lot: &Lot| lot.free.nanos() + lot.held.nanos();
        let paid = |lot: &Lot| if lot.source.is_none() { left(lot) } else { 0 };
        let granted = |lot: &Lot| left(lot) - paid(lot);
        let at = |bucket| sum(&|lot| lot.bucket(bucket).nanos());
        let nanos = Credits::nanos;
        let totals = account.totals();
        for (chart, expected) in [
            (ChartAccount::OutstandingPaid, -sum(&paid)),
            (ChartAccount::OutstandingPromotional, -sum(&granted)),
            (ChartAccount::CreditsReceivable, nanos(account.balance().debt)),
            (ChartAccount::Absorbed, nanos(totals.absorbed)),
            (ChartAccount::Used, -nanos(totals.charged) - nanos(totals.adjusted)),
            (ChartAccount::ChargedBack, -nanos(totals.taken_back)),
            (ChartAccount::Expired, -at(Bucket::Expired)),
            (ChartAccount::Forfeited, -at(Bucket::Forfeited)),
            (ChartAccount::Reclaimed, -at(Bucket::Reclaimed)),
            (ChartAccount::Withdrawn, -at(Bucket::Withdrawn)),
            (ChartAccount::CreditsInTransit, -at(Bucket::Migrated)),
        ] {
            assert_eq!(self.credits(chart.clone()), expected, "{chart} after {event:?}");
        }
        let issued: i128 =
            Issued::ALL.into_iter().map(|why| self.credits(ChartAccount::CreditsIssued(why))).sum();
        assert_eq!(issued, sum(&|lot| lot.granted.nanos()), "{event:?}");

        let payouts = account.records().orders.payouts.values();
        let owed = payouts.filter(|payout| payout.state == PayoutState::Owed).flat_map(|payout| {
            payout.amounts.iter().chain(&payout.tax).chain(&payout.fee).map(|money| i128::from(money.minor()))
        });
        assert_eq!(-self.money(ChartAccount::RefundsPayable), owed.sum::<i128>(), "{event:?}");
        self.check_signs(event);
    }

    /// Nothing is below zero but what is a difference by its nature, and the bank, which these books see nothing come into.
    fn check_signs(&self, event: &Event) {
        for ((chart, _), balance) in &self.balances {
            let of_either = [ChartAccount::Bank, ChartAccount::RefundDifferences, ChartAccount::Rounding];
            if of_either.contains(chart) {
                continue;
            }
            let is_debit = match chart.class() {
                Class::Assets | Class::Expenses => true,
                Class::Equity => matches!(chart, ChartAccount::CreditsIssued(_)),
                Class::Liabilities | Class::Revenue => false,
            };
            let value = if is_debit { *balance } else { -balance };
            assert!(value >= 0, "{chart} is {value} after {event:?}");
        }
    }
}

/// What was paid for the credits that are left of a lot: its price, less the whole cents of what left it.
pub fn cost_left(lot: &Lot) -> i128 {
    let Some(basis) = lot.basis.as_deref() else { return 0 };
    let granted = lot.granted.nanos();
    let value = i128::from(basis.paid.minor()) * granted / basis.credits.nanos();
    value - value * (granted - lot.free.nanos() - lot.held.nanos()) / granted
}
