//! Statements: what happened in a period, and since when it can be disputed no more.

use scrip_ledger::records::Statement;
use scrip_ledger::{Event, MintedKind};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::rows::{Latest, credits, minted};
use crate::table::{Change, OnConflict, Row, Table, amount, int, number, text};

pub(crate) const STATEMENTS: Table = Table {
    name: "statements",
    key: 2,
    columns: &[
        text("account"),
        int("statement"),
        text("book"),
        text("id"),
        int("from_time"),
        int("until_time"),
        int("first_revision"),
        int("last_revision"),
        int("calls"),
        amount("charged"),
        amount("refunded"),
        amount("available"),
        amount("posted"),
        amount("debt"),
        int("issued_at"),
        int("final_at"),
    ],
    once: 0,
    on_conflict: OnConflict::Replace,
};

pub(crate) struct Statements {
    statements: Latest,
}

impl Default for Statements {
    fn default() -> Self {
        Self { statements: Latest::of(&STATEMENTS) }
    }
}

impl Model for Statements {
    fn name(&self) -> &'static str {
        "statements"
    }

    fn schema(&self) -> &'static str {
        include_str!("statements.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&STATEMENTS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let revision = match step.event {
            Event::StatementIssued(_) => step.place.revision,
            Event::StatementFinalized(event) => event.statement,
            _ => return Ok(()),
        };
        if let Some(statement) = step.account.records().billing.statement(revision) {
            self.statements.put(row(step, statement)?);
        }
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![self.statements.drain()]
    }
}

fn row(step: &AccountStep<'_>, statement: &Statement) -> Result<Row, Fault> {
    let issued = &statement.issued;
    Ok(vec![
        step.id().as_str().into(),
        number(statement.revision),
        step.book.as_str().into(),
        minted(step.id(), MintedKind::Statement, statement.revision),
        issued.from.into(),
        issued.until.into(),
        number(issued.first_revision),
        number(issued.last_revision),
        number(issued.calls),
        credits(issued.charged)?,
        credits(issued.refunded)?,
        credits(issued.closing.available)?,
        credits(issued.closing.posted)?,
        credits(issued.closing.debt)?,
        statement.issued_at.into(),
        statement.final_at.into(),
    ])
}
