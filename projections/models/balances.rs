//! What accounts have: now, and as it was at the end of every quarter of an hour in which something happened.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use scrip_ledger::{AccountId, Balance, Timestamp};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::table::{Change, Column, OnConflict, Row, Table, Value, amount, int, number, text};
use crate::time::quarter;

pub(crate) const BALANCES: Table = Table {
    name: "balances",
    key: 1,
    columns: &[
        text("account"),
        text("book"),
        amount("available"),
        amount("posted"),
        amount("held"),
        amount("frozen"),
        amount("debt"),
        amount("credit_limit"),
        amount("charged"),
        int("calls"),
        int("events"),
        int("position"),
        int("recorded_at"),
        int("active_at"),
        int("due_at"),
    ],
    once: 0,
    on_conflict: OnConflict::Replace,
};

const HISTORY_COLUMNS: &[Column] = &[
    text("account"),
    int("quarter"),
    amount("available"),
    amount("posted"),
    amount("held"),
    amount("frozen"),
    amount("debt"),
    amount("credit_limit"),
    int("position"),
    int("due_at"),
    int("first_position"),
    int("first_at"),
];

pub(crate) const HISTORY: Table = Table {
    name: "balance_history",
    key: 2,
    columns: HISTORY_COLUMNS,
    once: 2,
    on_conflict: OnConflict::Replace,
};

pub(crate) const LATE: Table = Table {
    name: "late_events",
    key: 2,
    columns: &[text("account"), int("revision"), int("position"), int("recorded_at"), int("effective_at")],
    once: 0,
    on_conflict: OnConflict::Replace,
};

/// A balance at the end of a quarter of an hour.
struct Closing {
    balance: Balance,
    position: u64,
    due_at: Option<Timestamp>,
    /// The position of the first event in it that is not in the database yet, and when that was recorded.
    first: (u64, Timestamp),
}

#[derive(Default)]
pub(crate) struct Balances {
    /// The position of each account's last event.
    changed: BTreeMap<AccountId, u64>,
    closings: BTreeMap<(AccountId, i64), Closing>,
    late: BTreeSet<(AccountId, u64, u64, Timestamp, Timestamp)>,
}

impl Model for Balances {
    fn name(&self) -> &'static str {
        "balances"
    }

    fn schema(&self) -> &'static str {
        include_str!("balances.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&BALANCES, &HISTORY, &LATE]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let (place, account) = (step.place, step.account);
        let balance = account.balance();
        in_range(&balance)?;
        match self.changed.get_mut(step.id()) {
            Some(position) => *position = place.position,
            None => {
                self.changed.insert(step.id().clone(), place.position);
            }
        }
        let first = (place.position, place.recorded_at);
        let closing = Closing { balance, position: place.position, due_at: account.next_expiry(), first };
        match self.closings.entry((step.id().clone(), quarter(place.recorded_at))) {
            Entry::Vacant(entry) => {
                entry.insert(closing);
            }
            Entry::Occupied(mut entry) => {
                let first = entry.get().first;
                entry.insert(Closing { first, ..closing });
            }
        }
        if place.effective_at < place.recorded_at {
            let late = (place.revision, place.position, place.recorded_at, place.effective_at);
            self.late.insert((step.id().clone(), late.0, late.1, late.2, late.3));
        }
        Ok(())
    }

    fn drain(&mut self, accounts: &Folded) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        let balances = changed.iter().filter_map(|(id, position)| row(accounts, id, *position)).collect();
        let history = std::mem::take(&mut self.closings).into_iter().map(|((id, quarter), closing)| {
            let mut row = vec![id.as_str().into(), quarter.into()];
            row.extend(amounts(&closing.balance));
            let (first_position, first_at) = closing.first;
            row.extend([number(closing.position), closing.due_at.into()]);
            row.extend([number(first_position), first_at.into()]);
            row
        });
        let late = std::mem::take(&mut self.late).into_iter().map(
            |(id, revision, position, recorded, effective)| {
                vec![
                    id.as_str().into(),
                    number(revision),
                    number(position),
                    recorded.into(),
                    effective.into(),
                ]
            },
        );
        let put = |put: Vec<Row>| Change { put, ..Change::default() };
        vec![put(balances), put(history.collect()), put(late.collect())]
    }
}

fn row(accounts: &Folded, id: &AccountId, position: u64) -> Option<Row> {
    let account = accounts.get(id.as_str())?;
    let mut row: Row = vec![id.as_str().into(), account.book()?.as_str().into()];
    row.extend(amounts(&account.balance()));
    row.extend([
        account.totals().charged.into(),
        number(account.totals().calls),
        number(account.next_revision()),
        number(position),
        account.last_recorded_at().into(),
        account.last_activity().into(),
        account.next_expiry().into(),
    ]);
    Some(row)
}

fn amounts(balance: &Balance) -> [Value; 6] {
    let Balance { available, posted, held, frozen, debt, credit_limit } = *balance;
    [available, posted, held, frozen, debt, credit_limit].map(Into::into)
}

fn in_range(balance: &Balance) -> Result<(), Fault> {
    let Balance { available, posted, held, frozen, debt, credit_limit } = *balance;
    let fits = |amount: scrip_ledger::Credits| crate::table::split(amount.nanos()).is_some();
    if [available, posted, held, frozen, debt, credit_limit].into_iter().all(fits) {
        Ok(())
    } else {
        Err(Fault::OutOfRange("a balance"))
    }
}
