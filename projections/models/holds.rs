//! Holds in flight.

use std::collections::BTreeMap;

use scrip_ledger::{AccountId, Event, Timestamp};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::table::{Change, OnConflict, Row, Table, amount, int, number, text};

pub(crate) const HOLDS: Table = Table {
    name: "holds",
    key: 2,
    columns: &[
        text("account"),
        int("hold"),
        text("book"),
        text("request_id"),
        text("model"),
        text("endpoint"),
        int("api_key"),
        amount("amount"),
        amount("on_credit"),
        int("expires_at"),
        int("placed_at"),
    ],
    once: 1,
    on_conflict: OnConflict::Replace,
};

/// Holds that something happened to, and when they were placed if that is new.
#[derive(Default)]
pub(crate) struct Holds {
    changed: BTreeMap<(AccountId, u64), Option<Timestamp>>,
}

impl Model for Holds {
    fn name(&self) -> &'static str {
        "holds"
    }

    fn schema(&self) -> &'static str {
        include_str!("holds.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&HOLDS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let (hold, placed_at) = match step.event {
            Event::HoldPlaced(_) => (step.place.revision, Some(step.place.recorded_at)),
            Event::HoldExtended(extended) => (extended.hold, None),
            Event::HoldCaptured(captured) => (captured.hold, None),
            Event::HoldVoided(voided) => (voided.hold, None),
            Event::HoldExpired(expired) => (expired.hold, None),
            _ => return Ok(()),
        };
        self.changed.entry((step.id().clone(), hold)).or_insert(placed_at);
        Ok(())
    }

    fn drain(&mut self, accounts: &Folded) -> Vec<Change> {
        let mut change = Change::default();
        for ((id, hold), placed_at) in std::mem::take(&mut self.changed) {
            match row(accounts, &id, hold, placed_at) {
                Some(row) => change.put.push(row),
                // One that was placed within this batch too was never there.
                None if placed_at.is_none() => change.delete.push(vec![id.as_str().into(), number(hold)]),
                None => {}
            }
        }
        vec![change]
    }
}

fn row(accounts: &Folded, id: &AccountId, revision: u64, placed_at: Option<Timestamp>) -> Option<Row> {
    let account = accounts.get(id.as_str())?;
    let hold = account.hold(revision)?;
    Some(vec![
        id.as_str().into(),
        number(revision),
        account.book()?.as_str().into(),
        hold.request_id.as_str().into(),
        hold.model.as_str().into(),
        hold.endpoint.as_str().into(),
        hold.key.map_or(crate::table::Value::Int(None), number),
        hold.amount.into(),
        hold.on_credit.into(),
        hold.expires_at.into(),
        placed_at.into(),
    ])
}
