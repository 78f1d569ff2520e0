//! Accounts as they were after every thousandth of their events: where the past is folded from.

use scrip_ledger::{Account, AccountId};
use sqlx::AnyConnection;

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::table::{Change, OnConflict, Row, Table, Value, int, number, text};

/// Events between two of them.
pub(crate) const EVERY: u64 = 1_000;

pub(crate) const FOLDS: Table = Table {
    name: "folds",
    key: 2,
    columns: &[text("account"), int("events"), int("position"), int("recorded_at"), text("state")],
    once: 0,
    on_conflict: OnConflict::Replace,
};

#[derive(Default)]
pub(crate) struct Folds {
    rows: Vec<Row>,
}

impl Model for Folds {
    fn name(&self) -> &'static str {
        "folds"
    }

    fn schema(&self) -> &'static str {
        include_str!("folds.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&FOLDS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let events = step.account.next_revision();
        if !events.is_multiple_of(EVERY) {
            return Ok(());
        }
        let state =
            serde_json::to_string(step.account).map_err(|error| Fault::Unreadable(error.to_string()))?;
        self.rows.push(vec![
            step.id().as_str().into(),
            number(events),
            number(step.place.position),
            step.place.recorded_at.into(),
            Value::Text(Some(state.into())),
        ]);
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![Change { put: std::mem::take(&mut self.rows), ..Change::default() }]
    }
}

/// The latest one that has taken no event from a revision on.
pub(crate) async fn latest(
    connection: &mut AnyConnection,
    account: &AccountId,
    revision: u64,
) -> sqlx::Result<Option<Account>> {
    if revision < EVERY {
        return Ok(None);
    }
    let found: Option<(String,)> = sqlx::query_as(
        "SELECT state FROM folds WHERE account = $1 AND events <= $2 ORDER BY events DESC LIMIT 1",
    )
    .bind(account.as_str().to_owned())
    .bind(i64::try_from(revision).unwrap_or(i64::MAX))
    .fetch_optional(connection)
    .await?;
    // One that cannot be read is folded from the log.
    Ok(found.and_then(|(state,)| serde_json::from_str(&state).ok()))
}
