//! What must hold after every single event, whatever the model says.

use scrip_ledger::event::LotAmount;
use scrip_ledger::{Account, Balance, Bucket, Credits, Event, Timestamp};

use super::model::Place;
use super::run::{ACCOUNT, Run};

fn nanos(parts: &[LotAmount]) -> i128 {
    parts.iter().map(|part| part.amount.nanos()).sum()
}

impl Run {
    /// The two equations of the architecture page, and the account's own sums against its parts.
    pub fn check_equations(&self) {
        let account = &self.account;
        assert_eq!(account.inconsistency(), None);
        for lot in account.lots() {
            let places = Bucket::ALL.map(|bucket| lot.bucket(bucket));
            assert!(places.iter().all(|place| !place.is_negative()), "{lot:?}");
            assert_eq!(lot.granted, places.into_iter().sum::<Credits>(), "{lot:?}");
            assert!(lot.repaid <= lot.spent, "{lot:?}");
            let live = account.live_lots().any(|live| live.revision == lot.revision);
            assert_eq!(live, lot.is_live(), "{lot:?}");
        }
        let totals = account.totals();
        let sums = [totals.from_lots, totals.by_debt, totals.absorbed];
        assert_eq!(totals.charged, sums.into_iter().sum::<Credits>());
        let sum = |of: fn(&scrip_ledger::Lot) -> Credits| account.lots().iter().map(of).sum::<Credits>();
        assert_eq!(
            sum(|lot| lot.spent),
            [totals.from_lots, totals.adjusted, sum(|lot| lot.repaid)].into_iter().sum()
        );
        let balance = account.balance();
        let owed = [totals.by_debt, totals.taken_back].into_iter().sum::<Credits>();
        assert_eq!(owed, [balance.debt, sum(|lot| lot.repaid)].into_iter().sum());
        assert_eq!(balance.posted, [sum(|lot| lot.free), sum(|lot| lot.held)].into_iter().sum());
        let on_credit: Credits = account.holds().map(|(_, hold)| hold.on_credit).sum();
        assert_eq!(balance.held, [sum(|lot| lot.held), on_credit].into_iter().sum());
        let held: i128 = account.holds().map(|(_, hold)| nanos(&hold.lots)).sum();
        assert_eq!(sum(|lot| lot.held).nanos(), held);
        for (_, hold) in account.holds() {
            assert_eq!(hold.amount.nanos(), nanos(&hold.lots) + hold.on_credit.nanos());
        }
        // Below zero only by what is owed, or reserved of the credit line.
        assert!(balance.available.nanos() >= -(balance.debt.nanos() + on_credit.nanos()));
    }

    /// No lot is used past its end, except by a hold that reserved it before.
    pub fn check_uses(&self, event: &Event, now: Timestamp) {
        let none_past = |parts: &[LotAmount]| {
            for part in parts {
                assert!(
                    !self.account.lot(part.lot).unwrap().is_past(now),
                    "{event:?} uses a lot past its end"
                );
            }
        };
        match event {
            Event::HoldPlaced(placed) => none_past(&placed.lots),
            Event::HoldExtended(extended) => none_past(&extended.lots),
            Event::Debited(debited) => none_past(&debited.charge.lots),
            Event::HoldCaptured(captured) if captured.late => none_past(&captured.charge.lots),
            Event::HoldCaptured(captured) => {
                let hold = self.account.hold(captured.hold).unwrap();
                for part in &captured.charge.lots {
                    let reserved = hold.lots.iter().filter(|held| held.lot == part.lot);
                    let reserved: i128 = reserved.map(|held| held.amount.nanos()).sum();
                    let past = self.account.lot(part.lot).unwrap().is_past(now);
                    assert!(!past || part.amount.nanos() <= reserved, "{event:?} uses a lot past its end");
                }
            }
            _ => {}
        }
    }

    /// A call never takes the account below its credit line without booking it as debt.
    pub fn check_floor(&self, before: &Balance, events: &[Event]) {
        let room = |balance: &Balance| balance.available.nanos() + balance.credit_limit.nanos();
        let booked = match events.last() {
            Some(Event::HoldPlaced(_) | Event::HoldExtended(_) | Event::Debited(_)) => 0,
            Some(Event::HoldCaptured(captured)) => captured.charge.debt.nanos(),
            _ => return,
        };
        let expired =
            events.iter().any(|event| matches!(event, Event::LotExpired(_) | Event::LotForfeited(_)));
        if !expired {
            let after = self.account.balance();
            assert!(room(&after) >= room(before).min(0) - booked, "{before:?} {events:?} {after:?}");
        }
    }

    /// Every lot's credits are where the model's coins are.
    pub fn check_coins(&self) {
        let model = self.model.account(ACCOUNT).unwrap();
        for lot in self.account.lots() {
            let of = |place| model.of(lot.revision, place);
            let revision = lot.revision;
            assert_eq!(lot.free.nanos(), of(Place::Free));
            assert_eq!(lot.held.nanos(), model.held_of(revision));
            assert_eq!(lot.spent.nanos(), model.spent_of(revision));
            assert_eq!(lot.repaid.nanos(), of(Place::Repaid));
            assert_eq!(lot.bucket(Bucket::Expired).nanos(), of(Place::Expired));
            assert_eq!(lot.bucket(Bucket::Forfeited).nanos(), of(Place::Forfeited));
            assert_eq!(lot.expires_at.map(Timestamp::micros), model.lot(revision).unwrap().ends);
        }
    }

    /// A snapshot anywhere, written and read, and the events after it: the same account.
    pub fn check_snapshot(&self, at: usize) {
        let fold = |mut account: Account, events: &[(Event, Timestamp)]| {
            events.iter().for_each(|(event, at)| account.evolve(event, *at));
            account
        };
        let (prefix, tail) = self.history.split_at(at);
        let snapshot = fold(Account::absent(self.account.id().clone()), prefix);
        let written = serde_json::to_vec(&snapshot).unwrap();
        assert_eq!(fold(serde_json::from_slice(&written).unwrap(), tail), self.account);
    }
}
