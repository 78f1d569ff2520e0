//! The read models against the log: every row against one that is computed anew, and what accounts have against their fold.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scrip_ledger::{Account, AccountId, Bucket, Credits, Token};
use scrip_store::EventStore;
use sqlx::{AnyConnection, Connection};

use crate::compare;
use crate::database::{self, Checkpoint, Generation, Source};
use crate::error::OpenError;
use crate::follow::begin;
use crate::follower::Written;
use crate::log::{ACCOUNT, take};
use crate::models::{self, balances::BALANCES, holds::HOLDS, lots::LOTS};
use crate::read_side::{Comparison, Options};
use crate::table::{Row, Table, Value, join};
use crate::trust::Distrust;

/// Rows that are read at a time.
const PAGE: i64 = 5_000;

/// The rows that an account tells of.
type Told = fn(&Account) -> Vec<Row>;

/// Read models that can be compared with their log.
pub struct Check {
    store: Arc<dyn EventStore>,
    generation: Generation,
    connection: AnyConnection,
    marks: Vec<(String, Checkpoint, String)>,
}

/// What there is to compare.
pub enum Found {
    /// Nothing: there are no read models, or they have never caught up.
    Nothing,
    /// Something that nothing can be read from.
    Damaged(String),
    /// Read models.
    Models(Box<Check>),
}

/// What was compared.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The rows of all tables, against those that are computed anew.
    pub anew: Comparison,
    /// What accounts have, against their fold; and the books, against nothing.
    pub folded: Comparison,
    /// Models that stand elsewhere than the one that was computed anew: they have stopped at an event.
    pub not_compared: Vec<&'static str>,
}

impl Checked {
    /// How many differences there are.
    pub const fn differences(&self) -> u64 {
        self.anew.differences.saturating_add(self.folded.differences)
    }
}

impl Check {
    /// Looks for read models that nobody follows the log with, and changes nothing.
    pub async fn open(store: Arc<dyn EventStore>, source: &Source) -> Result<Found, OpenError> {
        let mut damaged = None;
        for generation in source.existing().await?.into_iter().rev() {
            match generation.inspect(store.as_ref()).await? {
                Ok((mut connection, true)) => {
                    let marks = database::checkpoints(&mut connection).await?;
                    return Ok(Found::Models(Box::new(Self { store, generation, connection, marks })));
                }
                // One that was being built beside it is nothing yet.
                Ok((_, false)) | Err(Distrust::Unfinished) => {}
                Err(Distrust::Wrong(why)) => {
                    damaged.get_or_insert_with(|| format!("{}: {why}", generation.name()));
                }
            }
        }
        Ok(damaged.map_or(Found::Nothing, Found::Damaged))
    }

    /// The number of events that the models have taken in: those that have not stopped.
    pub fn position(&self) -> u64 {
        let running = self.marks.iter().filter(|(_, mark, _)| mark.fault.is_none());
        let all = self.marks.iter().map(|(_, mark, _)| mark.position);
        running.map(|(_, mark, _)| mark.position).max().or_else(|| all.max()).unwrap_or_default()
    }

    /// Computes everything anew, in a folder that is empty, and compares. `progress` counts events.
    pub async fn run(mut self, scratch: &Path, progress: &AtomicU64) -> Result<Checked, OpenError> {
        let target = self.position();
        let fresh = Generation { source: Source::Folder(scratch.to_owned()), number: 1 };
        let mut follower = begin(&self.store, fresh, Options::default().batch).await?;
        while follower.position() < target
            && matches!(follower.advance(target).await?, Written::Events { .. })
        {
            progress.store(follower.position(), Ordering::Relaxed);
        }
        let number = self.generation.number;
        let mut anew = Comparison::at(number, target);
        let mut not_compared = Vec::new();
        for model in models::all() {
            let there = self.marks.iter().find(|(name, ..)| name == model.name());
            let here = follower.slots.iter().find(|slot| slot.model.name() == model.name());
            match (there, here) {
                (Some((_, mark, _)), Some(slot)) if mark.position == slot.position => {
                    for table in model.tables() {
                        compare::table(&mut self.connection, follower.connection(), table, &mut anew).await?;
                    }
                }
                _ => not_compared.push(model.name()),
            }
        }
        let mut folded = Comparison::at(number, target);
        self.against_accounts(target, &mut folded).await?;
        self.against_nothing(&mut folded).await?;
        self.connection.close().await?;
        Ok(Checked { anew, folded, not_compared })
    }

    /// Balances, lots and holds against the accounts as their events fold them, a row for each and no other.
    async fn against_accounts(&mut self, target: u64, found: &mut Comparison) -> Result<(), OpenError> {
        let accounts = fold(self.store.as_ref(), target)?;
        let checks: [(&'static str, &'static Table, Told); 3] =
            [("balances", &BALANCES, balances), ("lots", &LOTS, lots), ("holds", &HOLDS, holds)];
        for (model, table, expected) in checks {
            if !self.marks.iter().any(|(name, mark, _)| name == model && mark.position == target) {
                continue;
            }
            let mut missing: HashMap<Row, Row> = HashMap::new();
            // What was left out of a contradicting account's history, the rows of its models may show or not.
            for account in accounts.values().filter(|account| account.inconsistency().is_none()) {
                missing.extend(expected(account).into_iter().map(|row| (key(table, &row), row)));
            }
            let mut last = None;
            loop {
                let rows = database::rows(&mut self.connection, table, last.as_ref(), PAGE).await?;
                let Some(end) = rows.last() else { break };
                last = Some(key(table, end));
                for row in rows {
                    let contradicts =
                        accounts.get(account_of(&row)).is_some_and(|of| of.inconsistency().is_some());
                    let wanted = missing.remove(&key(table, &row));
                    let differs = !contradicts && wanted.as_ref() != Some(&told_by(table, &row));
                    found.count(differs.then(|| told(table, &row, wanted.as_ref())));
                }
            }
            for (key, _) in missing {
                found.count(Some(format!(
                    "{}: {}: an account's fold has it, the table not",
                    table.name,
                    shown(&key)
                )));
            }
        }
        Ok(())
    }

    /// The trial balance, by book and commodity: of the entries, and of their sums by position.
    async fn against_nothing(&mut self, found: &mut Comparison) -> Result<(), OpenError> {
        const ENTRIES: &str = "SELECT book, commodity, CAST(SUM(quantity) AS BIGINT), \
             CAST(SUM(quantity_nanos) AS BIGINT) FROM entries GROUP BY book, commodity ORDER BY book, commodity";
        const BLOCKS: &str = "SELECT book, commodity, CAST(SUM(debit) - SUM(credit) AS BIGINT), \
             CAST(SUM(debit_nanos) - SUM(credit_nanos) AS BIGINT) FROM ledger_blocks \
             GROUP BY book, commodity ORDER BY book, commodity";
        for (what, sql) in [("entries", ENTRIES), ("ledger_blocks", BLOCKS)] {
            let sums: Vec<(String, String, i64, i64)> =
                sqlx::query_as(sql).fetch_all(&mut self.connection).await?;
            for (book, commodity, whole, nanos) in sums {
                let sum = join(whole, nanos);
                found.count((sum != 0).then(|| {
                    format!(
                        "{what}: debits and credits of book {book} in {commodity} differ by {}",
                        Value::Amount(sum)
                    )
                }));
            }
        }
        Ok(())
    }
}

/// Every account, up to a position; what cannot be read is passed over, as the follower does.
fn fold(store: &dyn EventStore, until: u64) -> Result<HashMap<AccountId, Account>, OpenError> {
    let mut accounts: HashMap<AccountId, Account> = HashMap::new();
    store.scan_all(0, &mut |stored| {
        if stored.position >= until {
            return ControlFlow::Break(());
        }
        let id = stored.stream.strip_prefix(ACCOUNT).and_then(|id| Token::new(id).ok());
        if let Some(id) = id {
            take(accounts.entry(id.clone()).or_insert_with(|| Account::absent(id)), &stored);
        }
        ControlFlow::Continue(())
    })?;
    Ok(accounts)
}

fn key(table: &Table, row: &Row) -> Row {
    row.get(..table.key).unwrap_or_default().to_vec()
}

fn account_of(row: &Row) -> &str {
    match row.first() {
        Some(Value::Text(Some(account))) => account,
        _ => "",
    }
}

/// Of a row, its key and the amounts that an account tells of too.
fn told_by(table: &Table, row: &Row) -> Row {
    let amounts =
        row.iter().zip(table.columns).filter(|(_, column)| column.kind == crate::table::Kind::Amount);
    key(table, row).into_iter().chain(amounts.map(|(value, _)| value.clone())).collect()
}

fn told(table: &Table, row: &Row, wanted: Option<&Row>) -> String {
    let here = shown(&told_by(table, row));
    match wanted {
        Some(wanted) => format!("{}: {here} against {} as the account folds", table.name, shown(wanted)),
        None => format!("{}: {here}: no account's fold has it", table.name),
    }
}

fn shown(row: &Row) -> String {
    row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn amounts(amounts: impl IntoIterator<Item = Credits>) -> impl Iterator<Item = Value> {
    amounts.into_iter().map(Value::from)
}

fn named(account: &Account) -> Value {
    account.id().as_str().into()
}

fn balances(account: &Account) -> Vec<Row> {
    let balance = account.balance();
    let all = [
        balance.available,
        balance.posted,
        balance.held,
        balance.frozen,
        balance.debt,
        balance.credit_limit,
        account.totals().charged,
    ];
    vec![std::iter::once(named(account)).chain(amounts(all)).collect()]
}

fn lots(account: &Account) -> Vec<Row> {
    let row = |lot: &scrip_ledger::Lot| {
        let all = std::iter::once(lot.granted).chain(Bucket::ALL.map(|place| lot.bucket(place)));
        [named(account), crate::table::number(lot.revision)].into_iter().chain(amounts(all)).collect()
    };
    account.lots().iter().map(row).collect()
}

fn holds(account: &Account) -> Vec<Row> {
    let row = |(revision, hold): (u64, &scrip_ledger::Hold)| {
        let all = [hold.amount, hold.on_credit];
        [named(account), crate::table::number(revision)].into_iter().chain(amounts(all)).collect()
    };
    account.holds().map(row).collect()
}
