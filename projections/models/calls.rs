//! Calls: one row for each that was charged, or that ended without a charge.

use scrip_ledger::event::Charged;
use scrip_ledger::{Credits, Event};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::table::{Change, OnConflict, Row, Table, Value, amount, int, number, text};

pub(crate) const CALLS: Table = Table {
    name: "calls",
    key: 1,
    columns: &[
        int("position"),
        text("account"),
        int("revision"),
        text("book"),
        int("recorded_at"),
        text("request_id"),
        text("model"),
        text("endpoint"),
        int("api_key"),
        text("outcome"),
        amount("charged"),
        amount("on_debt"),
        amount("absorbed"),
        int("catalog"),
        int("policy"),
    ],
    once: 0,
    on_conflict: OnConflict::Replace,
};

/// What an event says of a call that it ends.
pub(crate) struct Ended<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) model: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) key: Option<u64>,
    pub(crate) outcome: &'static str,
    /// What it was charged; nothing if it was not.
    pub(crate) charge: Option<&'a Charged>,
    catalog: u32,
    policy: u32,
}

impl<'a> Ended<'a> {
    /// The call that an event ends, if it ends one.
    pub(crate) fn by(step: &AccountStep<'a>) -> Option<Self> {
        let charged = |charge: &'a Charged| Self {
            request_id: charge.request_id.as_str(),
            model: &charge.model,
            endpoint: &charge.endpoint,
            key: charge.key,
            outcome: charge.outcome.as_str(),
            charge: Some(charge),
            catalog: charge.catalog,
            policy: charge.policy,
        };
        let outcome = match step.event {
            Event::Debited(debited) => return Some(charged(&debited.charge)),
            Event::HoldCaptured(captured) => return Some(charged(&captured.charge)),
            Event::HoldVoided(voided) => voided.outcome.as_str(),
            Event::HoldExpired(_) => "expired",
            _ => return None,
        };
        let hold = step.ended?;
        Some(Self {
            request_id: hold.request_id.as_str(),
            model: &hold.model,
            endpoint: &hold.endpoint,
            key: hold.key,
            outcome,
            charge: None,
            catalog: hold.catalog,
            policy: hold.policy,
        })
    }
}

#[derive(Default)]
pub(crate) struct Calls {
    rows: Vec<Row>,
}

impl Model for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn schema(&self) -> &'static str {
        include_str!("calls.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&CALLS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let Some(call) = Ended::by(step) else { return Ok(()) };
        let of = |part: fn(&Charged) -> Credits| call.charge.map(part).unwrap_or_default();
        self.rows.push(vec![
            number(step.place.position),
            step.id().as_str().into(),
            number(step.place.revision),
            step.book.as_str().into(),
            step.place.recorded_at.into(),
            call.request_id.into(),
            call.model.into(),
            call.endpoint.into(),
            call.key.map_or(Value::Int(None), number),
            call.outcome.into(),
            of(|charge| charge.charged).into(),
            of(|charge| charge.debt).into(),
            of(|charge| charge.absorbed).into(),
            call.catalog.into(),
            call.policy.into(),
        ]);
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![Change { put: std::mem::take(&mut self.rows), ..Change::default() }]
    }
}
