//! Lots: the credits of top-ups and grants, and where each of them is.

use std::collections::BTreeMap;

use scrip_ledger::accounting::{deferred_revenue, lots_moved_by};
use scrip_ledger::event::LotAmount;
use scrip_ledger::{AccountId, Bucket, Event, Lot, Timestamp};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::table::{Change, OnConflict, Row, Table, Value, amount, int, number, text};

pub(crate) const LOTS: Table = Table {
    name: "lots",
    key: 2,
    columns: &[
        text("account"),
        int("lot"),
        text("book"),
        text("source"),
        text("order_id"),
        int("priority"),
        int("frozen"),
        int("expires_at"),
        text("currency"),
        int("paid"),
        int("deferred"),
        amount("granted"),
        amount("free"),
        amount("held"),
        amount("spent"),
        amount("expired"),
        amount("forfeited"),
        amount("reclaimed"),
        amount("withdrawn"),
        amount("migrated"),
        int("created_at"),
    ],
    once: 1,
    on_conflict: OnConflict::Replace,
};

/// Lots that something happened to, and when they were made if that is new.
#[derive(Default)]
pub(crate) struct Lots {
    changed: BTreeMap<(AccountId, u64), Option<Timestamp>>,
}

impl Model for Lots {
    fn name(&self) -> &'static str {
        "lots"
    }

    fn schema(&self) -> &'static str {
        include_str!("lots.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&LOTS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        for lot in touched(step) {
            let is_new = lot == step.place.revision;
            let made = self.changed.entry((step.id().clone(), lot)).or_default();
            *made = made.or_else(|| is_new.then_some(step.place.recorded_at));
        }
        Ok(())
    }

    fn drain(&mut self, accounts: &Folded) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        let put = changed.iter().filter_map(|((id, lot), made)| row(accounts, id, *lot, *made)).collect();
        vec![Change { put, ..Change::default() }]
    }
}

/// The lots that an event changes.
fn touched(step: &AccountStep<'_>) -> Vec<u64> {
    let named = |lots: &[LotAmount]| lots.iter().map(|part| part.lot).collect::<Vec<_>>();
    let mut lots = lots_moved_by(step.event, step.place.revision);
    match step.event {
        Event::HoldPlaced(placed) => lots.extend(named(&placed.lots)),
        Event::HoldExtended(extended) => lots.extend(named(&extended.lots)),
        Event::HoldCaptured(_) | Event::HoldVoided(_) | Event::HoldExpired(_) => {
            lots.extend(step.ended.map(|hold| named(&hold.lots)).unwrap_or_default());
        }
        // Measures and refunds freeze lots and set them aside: they are few, and whom they reach is seen from the account.
        Event::Frozen(_)
        | Event::Thawed(_)
        | Event::RefundRequested(_)
        | Event::RefundApproved(_)
        | Event::RefundReclaimed(_)
        | Event::RefundDenied(_)
        | Event::RefundPaid(_)
        | Event::RefundFailed(_)
        | Event::PaymentRefunded(_)
        | Event::PaymentDisputed(_)
        | Event::PaymentDisputeClosed(_)
        | Event::AccountClosed(_)
        | Event::AccountReopened(_)
        | Event::AppealDecided(_) => lots.extend(step.account.lots().iter().map(|lot| lot.revision)),
        _ => {}
    }
    lots
}

fn row(accounts: &Folded, id: &AccountId, revision: u64, made: Option<Timestamp>) -> Option<Row> {
    let account = accounts.get(id.as_str())?;
    let lot = account.lot(revision)?;
    let basis = lot.basis.as_deref();
    let paid = basis.map(|basis| basis.paid.part(lot.granted, basis.credits));
    let mut row: Row = vec![
        id.as_str().into(),
        number(revision),
        account.book()?.as_str().into(),
        lot.source.map(|source| source.as_str()).into(),
        basis.map(|basis| basis.order_id.as_str()).into(),
        u32::from(lot.priority).into(),
        (lot.freezes > 0).into(),
        lot.expires_at.into(),
        paid.map(|paid| paid.currency().code()).into(),
        minor(paid),
        minor(deferred_revenue(lot)),
        lot.granted.into(),
    ];
    row.extend(Bucket::ALL.map(|place| Value::from(place_of(lot, place))));
    row.push(made.into());
    Some(row)
}

fn place_of(lot: &Lot, place: Bucket) -> scrip_ledger::Credits {
    lot.bucket(place)
}

/// Money in minor units.
fn minor(money: Option<scrip_ledger::Money>) -> Value {
    money.map_or(Value::Int(None), |money| number(money.minor()))
}
