//! The books: every posting of every event, and their sums by time and by position.

use std::collections::BTreeMap;

use compact_str::{CompactString, ToCompactString};
use scrip_ledger::BookId;
use scrip_ledger::accounting::{ChartAccount, Commodity, Posting};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model, Takes};
use crate::table::{Change, OnConflict, Row, Table, Value, amount, int, number, split, text};
use crate::time::quarter;

/// Positions that are summed up in one block.
pub(crate) const BLOCK: u64 = 65_536;

pub(crate) const ENTRIES: Table = Table {
    name: "entries",
    key: 2,
    columns: &[
        int("position"),
        int("line"),
        text("account"),
        int("revision"),
        text("book"),
        text("type"),
        int("recorded_at"),
        int("effective_at"),
        int("booked_at"),
        int("late"),
        text("ledger"),
        text("commodity"),
        amount("quantity"),
    ],
    once: 0,
    on_conflict: OnConflict::Replace,
};

pub(crate) const QUARTERS: Table = Table {
    name: "ledger_quarters",
    key: 5,
    columns: &[
        text("book"),
        int("start"),
        text("ledger"),
        text("commodity"),
        int("late"),
        amount("debit"),
        amount("credit"),
    ],
    once: 0,
    on_conflict: OnConflict::Add,
};

pub(crate) const BLOCKS: Table = Table {
    name: "ledger_blocks",
    key: 4,
    columns: &[
        int("block"),
        text("book"),
        text("ledger"),
        text("commodity"),
        amount("debit"),
        amount("credit"),
    ],
    once: 0,
    on_conflict: OnConflict::Add,
};

/// Debits and credits, both above zero.
#[derive(Clone, Copy, Default)]
struct Sum {
    debit: i128,
    credit: i128,
}

#[derive(Default)]
pub(crate) struct Entries {
    rows: Vec<Row>,
    quarters: BTreeMap<(BookId, i64, ChartAccount, Commodity, bool), Sum>,
    blocks: BTreeMap<(u64, BookId, ChartAccount, Commodity), Sum>,
    /// What accounts of the chart are called.
    paths: BTreeMap<ChartAccount, CompactString>,
}

impl Model for Entries {
    fn name(&self) -> &'static str {
        "entries"
    }

    fn schema(&self) -> &'static str {
        include_str!("entries.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&ENTRIES, &QUARTERS, &BLOCKS]
    }

    /// What it cannot read of a book may have closed a period.
    fn takes(&self) -> Takes {
        Takes::Both
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let postings = step.postings.map_err(|error| Fault::Contradiction(error.to_compact_string()))?;
        if postings.iter().any(|posting| split(stored(posting)).is_none()) {
            return Err(Fault::OutOfRange("a posting"));
        }
        for (line, posting) in postings.iter().enumerate() {
            self.post(step, line as u64, posting);
        }
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        let put = |put: Vec<Row>| Change { put, ..Change::default() };
        let sums = |sum: Sum| [Value::Amount(sum.debit), Value::Amount(sum.credit)];
        let mut quarters = Vec::with_capacity(self.quarters.len());
        for ((book, start, ledger, commodity, late), sum) in std::mem::take(&mut self.quarters) {
            let mut row: Row =
                vec![book.as_str().into(), start.into(), self.path(&ledger), named(commodity), late.into()];
            row.extend(sums(sum));
            quarters.push(row);
        }
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for ((block, book, ledger, commodity), sum) in std::mem::take(&mut self.blocks) {
            let mut row: Row =
                vec![number(block), book.as_str().into(), self.path(&ledger), named(commodity)];
            row.extend(sums(sum));
            blocks.push(row);
        }
        vec![put(std::mem::take(&mut self.rows)), put(quarters), put(blocks)]
    }
}

impl Entries {
    fn post(&mut self, step: &AccountStep<'_>, line: u64, posting: &Posting) {
        let (place, booked) = (step.place, step.booked);
        let path = self.path(&posting.account);
        self.rows.push(vec![
            number(place.position),
            number(line),
            step.id().as_str().into(),
            number(place.revision),
            step.book.as_str().into(),
            step.event.wire_name().into(),
            place.recorded_at.into(),
            place.effective_at.into(),
            booked.at.into(),
            booked.late.into(),
            path,
            named(posting.commodity),
            Value::Amount(stored(posting)),
        ]);
        let (account, commodity) = (&posting.account, posting.commodity);
        let quarter = (step.book.clone(), quarter(booked.at), account.clone(), commodity, booked.late);
        add(self.quarters.entry(quarter).or_default(), posting);
        let block = (place.position / BLOCK, step.book.clone(), account.clone(), commodity);
        add(self.blocks.entry(block).or_default(), posting);
    }

    fn path(&mut self, account: &ChartAccount) -> Value {
        if let Some(path) = self.paths.get(account) {
            return Value::Text(Some(path.clone()));
        }
        let path = account.to_compact_string();
        self.paths.insert(account.clone(), path.clone());
        Value::Text(Some(path))
    }
}

fn named(commodity: Commodity) -> Value {
    Value::Text(Some(commodity.to_compact_string()))
}

/// A quantity as it is stored: credits in billionths; money in minor units, each a whole.
fn stored(posting: &Posting) -> i128 {
    match posting.commodity {
        Commodity::Credits => posting.quantity,
        Commodity::Money(_) => posting.quantity.saturating_mul(1_000_000_000),
    }
}

// The sums of a batch: an `i128` is far from its end.
fn add(sum: &mut Sum, posting: &Posting) {
    let quantity = stored(posting);
    if quantity >= 0 {
        sum.debit = sum.debit.saturating_add(quantity);
    } else {
        sum.credit = sum.credit.saturating_sub(quantity);
    }
}
