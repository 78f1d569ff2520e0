//! What a batch leaves of rare events: the rows that they make, of each key the latest.
//!
//! Such a row is made when its event is taken, from the account as it is then, so that it does not depend on what the
//! rest of the batch does.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::ToCompactString;
use scrip_ledger::{AccountId, Credits, Minted, MintedKind, Money, Token};

use crate::model::Fault;
use crate::table::{Change, Row, Table, Value, split};

/// Rows of a table that are to be written.
pub(crate) struct Latest {
    table: &'static Table,
    rows: BTreeMap<Row, Row>,
    replaced: BTreeSet<Row>,
}

impl Latest {
    /// None yet.
    pub(crate) const fn of(table: &'static Table) -> Self {
        Self { table, rows: BTreeMap::new(), replaced: BTreeSet::new() }
    }

    /// A row takes the place of the one with its key; what is set once stays as it was set first.
    pub(crate) fn put(&mut self, mut row: Row) {
        let key: Row = row.get(..self.table.key).unwrap_or_default().to_vec();
        let kept = row.len().saturating_sub(self.table.once);
        if let Some(before) = self.rows.get(&key)
            && let (Some(once), Some(set)) = (row.get_mut(kept..), before.get(kept..))
        {
            once.clone_from_slice(set);
        }
        self.rows.insert(key, row);
    }

    /// Rows take the place of all whose key begins so.
    pub(crate) fn replace(&mut self, beginning: Row, rows: impl IntoIterator<Item = Row>) {
        self.rows.retain(|key, _| !key.starts_with(&beginning));
        self.replaced.insert(beginning);
        rows.into_iter().for_each(|row| self.put(row));
    }

    /// What is to be written, and then nothing.
    pub(crate) fn drain(&mut self) -> Change {
        Change {
            delete: std::mem::take(&mut self.replaced).into_iter().collect(),
            put: std::mem::take(&mut self.rows).into_values().collect(),
        }
    }
}

/// The id of something that an event of an account made.
pub(crate) fn minted(account: &AccountId, kind: MintedKind, revision: u64) -> Value {
    Value::Text(Some(Minted::new(account, kind, revision).to_compact_string()))
}

/// A word, or nothing.
pub(crate) fn word(token: Option<&Token>) -> Value {
    token.map(Token::as_str).into()
}

/// Money in minor units.
pub(crate) fn minor(money: Money) -> Result<Value, Fault> {
    units(money.minor())
}

/// The same, or nothing.
pub(crate) fn minor_of(money: Option<Money>) -> Result<Value, Fault> {
    money.map_or(Ok(Value::Int(None)), minor)
}

/// So many minor units.
pub(crate) fn units(minor: u64) -> Result<Value, Fault> {
    i64::try_from(minor).map(Value::from).map_err(|_| Fault::OutOfRange("an amount of money"))
}

/// Credits.
pub(crate) fn credits(amount: Credits) -> Result<Value, Fault> {
    split(amount.nanos()).map(|_| amount.into()).ok_or(Fault::OutOfRange("an amount of credits"))
}
