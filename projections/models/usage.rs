//! What calls came to, by quarters of an hour and by days of UTC, of each account and of the whole book.

use std::collections::BTreeMap;

use compact_str::{CompactString, ToCompactString};
use scrip_ledger::{BookId, Credits, Event, Minted, MintedKind};

use super::calls::Ended;
use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::table::{Change, Column, OnConflict, Row, Table, Value, amount, int, text};
use crate::time::{day, quarter};

const COLUMNS: &[Column] = &[
    text("book"),
    text("account"),
    int("start"),
    text("model"),
    text("endpoint"),
    text("api_key"),
    text("outcome"),
    int("calls"),
    amount("charged"),
    amount("refunded"),
    amount("on_debt"),
    amount("absorbed"),
];

pub(crate) const QUARTERS: Table =
    Table { name: "usage_quarters", key: 7, columns: COLUMNS, once: 0, on_conflict: OnConflict::Add };

pub(crate) const DAYS: Table =
    Table { name: "usage_days", key: 7, columns: COLUMNS, once: 0, on_conflict: OnConflict::Add };

/// What is counted apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    book: BookId,
    /// Empty for all accounts of the book.
    account: CompactString,
    start: i64,
    model: CompactString,
    endpoint: CompactString,
    api_key: CompactString,
    outcome: &'static str,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    calls: i64,
    charged: i128,
    refunded: i128,
    on_debt: i128,
    absorbed: i128,
}

type Sums = BTreeMap<Key, Sum>;

#[derive(Default)]
pub(crate) struct Usage {
    quarters: Sums,
    days: Sums,
}

impl Model for Usage {
    fn name(&self) -> &'static str {
        "usage"
    }

    fn schema(&self) -> &'static str {
        include_str!("usage.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&QUARTERS, &DAYS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        if let Some(call) = Ended::by(step) {
            let of = |part: fn(&scrip_ledger::event::Charged) -> Credits| {
                call.charge.map(part).unwrap_or_default().nanos()
            };
            let sum = Sum {
                calls: 1,
                charged: of(|charge| charge.charged),
                refunded: 0,
                on_debt: of(|charge| charge.debt),
                absorbed: of(|charge| charge.absorbed),
            };
            self.add(step, (call.model, call.endpoint, call.key, call.outcome), sum);
        }
        if let (Event::UsageRefunded(refund), Some(charge)) = (step.event, step.refunded) {
            let sum = Sum { refunded: refund.credits.nanos(), ..Sum::default() };
            self.add(step, (&charge.model, &charge.endpoint, charge.key, charge.outcome.as_str()), sum);
        }
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        let put = |sums: Sums| Change { put: sums.into_iter().map(row).collect(), ..Change::default() };
        vec![put(std::mem::take(&mut self.quarters)), put(std::mem::take(&mut self.days))]
    }
}

impl Usage {
    fn add(
        &mut self,
        step: &AccountStep<'_>,
        (model, endpoint, key, outcome): (&str, &str, Option<u64>, &'static str),
        sum: Sum,
    ) {
        let minted = |key| Minted::new(step.id(), MintedKind::Key, key).to_compact_string();
        let mut of_account = Key {
            book: step.book.clone(),
            account: step.id().as_str().into(),
            start: quarter(step.place.recorded_at),
            model: model.into(),
            endpoint: endpoint.into(),
            api_key: key.map(minted).unwrap_or_default(),
            outcome,
        };
        let empty = CompactString::const_new("");
        let mut of_book = Key { account: empty.clone(), api_key: empty, ..of_account.clone() };
        add(&mut self.quarters, of_account.clone(), sum);
        add(&mut self.quarters, of_book.clone(), sum);
        let day = day(step.place.recorded_at);
        (of_account.start, of_book.start) = (day, day);
        add(&mut self.days, of_account, sum);
        add(&mut self.days, of_book, sum);
    }
}

// The sums of a batch: amounts of at most 10^27 billionths, so an `i128` is far from its end.
fn add(sums: &mut Sums, key: Key, more: Sum) {
    let sum = sums.entry(key).or_default();
    sum.calls = sum.calls.saturating_add(more.calls);
    sum.charged = sum.charged.saturating_add(more.charged);
    sum.refunded = sum.refunded.saturating_add(more.refunded);
    sum.on_debt = sum.on_debt.saturating_add(more.on_debt);
    sum.absorbed = sum.absorbed.saturating_add(more.absorbed);
}

fn row((key, sum): (Key, Sum)) -> Row {
    vec![
        key.book.as_str().into(),
        key.account.as_str().into(),
        key.start.into(),
        key.model.as_str().into(),
        key.endpoint.as_str().into(),
        key.api_key.as_str().into(),
        key.outcome.into(),
        sum.calls.into(),
        Value::Amount(sum.charged),
        Value::Amount(sum.refunded),
        Value::Amount(sum.on_debt),
        Value::Amount(sum.absorbed),
    ]
}
