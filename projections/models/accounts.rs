//! Who has an account, and where it is in its life.

use std::collections::BTreeMap;

use scrip_ledger::{AccountId, Event, Status, Timestamp};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::table::{Change, Column, OnConflict, Row, Table, Value, int, text};

const COLUMNS: &[Column] = &[
    text("account"),
    text("book"),
    text("owner"),
    text("region"),
    text("status"),
    int("frozen"),
    text("contradiction"),
    int("opened_at"),
];

pub(crate) const ACCOUNTS: Table =
    Table { name: "accounts", key: 1, columns: COLUMNS, once: 1, on_conflict: OnConflict::Replace };

/// Accounts that were opened or changed, and when they were opened if that is new.
#[derive(Default)]
pub(crate) struct Accounts {
    changed: BTreeMap<AccountId, Option<Timestamp>>,
}

impl Model for Accounts {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn schema(&self) -> &'static str {
        include_str!("accounts.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&ACCOUNTS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let is_opening = matches!(step.event, Event::AccountOpened(_));
        let changes = is_opening
            || step.account.inconsistency().is_some()
            || matches!(
                step.event,
                Event::RegionChanged(_)
                    | Event::AccountClosed(_)
                    | Event::AccountReopened(_)
                    | Event::Frozen(_)
                    | Event::Thawed(_)
            );
        if changes {
            let opened_at = self.changed.entry(step.id().clone()).or_default();
            *opened_at = opened_at.or_else(|| is_opening.then_some(step.place.recorded_at));
        }
        Ok(())
    }

    fn drain(&mut self, accounts: &Folded) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        let put = changed.iter().filter_map(|(id, opened_at)| row(accounts, id, *opened_at)).collect();
        vec![Change { put, ..Change::default() }]
    }
}

fn row(accounts: &Folded, id: &AccountId, opened_at: Option<Timestamp>) -> Option<Row> {
    let account = accounts.get(id.as_str())?;
    let status = if account.status() == Status::Closed { "closed" } else { "open" };
    Some(vec![
        id.as_str().into(),
        account.book()?.as_str().into(),
        account.owner().map(|owner| owner.as_str()).into(),
        account.region().into(),
        status.into(),
        account.account_freeze().is_some().into(),
        account.inconsistency().map(|found| found.what.as_str()).into(),
        Value::from(opened_at),
    ])
}
