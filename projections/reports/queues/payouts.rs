//! Refunds of orders and withdrawals of a book.

use std::collections::HashMap;

use compact_str::CompactString;
use scrip_ledger::Credits;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Place, Queue, Waiting};
use crate::error::ReadError;
use crate::read_side::Snapshot;
use crate::reports::Told;
use crate::reports::statement::{Statement, credits};

/// A refund of an order, or a withdrawal.
#[derive(Clone, Debug)]
pub struct Payout {
    /// Its id, as callers know it.
    pub id: String,
    /// Of which account.
    pub account: String,
    /// `refund` or `withdrawal`.
    pub kind: String,
    /// `requested`, `waiting`, `approved`, `denied`, `paid` or `failed`.
    pub state: String,
    /// Of which order.
    pub order_id: Option<String>,
    /// Why it was asked for, as a code.
    pub cause: Option<String>,
    /// `automatic`, `review` or `negotiation`.
    pub handling: Option<String>,
    /// `original` or `alternative`.
    pub channel: Option<String>,
    /// The clause that it is handled by.
    pub clause: Option<String>,
    /// The version of the policy.
    pub policy: Option<i64>,
    /// Of what could be refunded, and of what was agreed on.
    pub currency: Option<String>,
    /// What could be refunded when it was asked for, in minor units.
    pub refundable: Option<i64>,
    /// What was agreed on, likewise.
    pub agreed: Option<i64>,
    /// What was taken for it.
    pub credits: Credits,
    /// When it was asked for, in microseconds since the Unix epoch.
    pub requested_at: i64,
    /// Who asked for it.
    pub requested_by: Option<String>,
    /// When it was decided.
    pub decided_at: Option<i64>,
    /// By whom; nobody if it was decided by itself.
    pub decided_by: Option<String>,
    /// Why it was denied, as a code.
    pub denial: Option<String>,
    /// When it was paid out, or could not be.
    pub ended_at: Option<i64>,
    /// Who said so.
    pub ended_by: Option<String>,
    /// Why it could not be paid out, as a code.
    pub failure: Option<String>,
    /// The payment, kept elsewhere.
    pub reference: Option<String>,
    /// What is owed, or was paid out: currency, amount before tax and fees, tax, fee, in minor units.
    pub amounts: Vec<(String, i64, Option<i64>, Option<i64>)>,
    /// Evidence that was brought: its kind, and where it is kept.
    pub evidence: Vec<(String, String)>,
    /// Kinds of evidence that are missing.
    pub missing: Vec<String>,
}

const SINCE: &str = "COALESCE(requested_at, 0)";
const ID: &str = "COALESCE(id, '')";
const COLUMNS: &str = "payout, account, kind, state, order_id, cause, handling, channel, clause, policy, currency, \
    refundable, agreed, credits, credits_nanos, COALESCE(requested_at, 0), requested_by, decided_at, decided_by, denial, \
    ended_at, ended_by, failure, payment_reference, COALESCE(id, '')";

impl Snapshot {
    /// Refunds and withdrawals of a book: those in a state where one is given.
    pub async fn payouts(&mut self, queue: &Queue) -> Result<Told<Waiting<Payout>>, ReadError> {
        let count = self.needs(&["payouts"])?;
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM payouts WHERE book = "));
        statement.value(queue.book.as_str());
        if let Some(state) = &queue.status {
            statement.push(" AND state = ").value(state.as_str());
        }
        queue.finish(&mut statement, SINCE, ID);
        let rows = statement.rows(&mut self.transaction).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            found.push(payout(row)?);
        }
        self.details(&mut found).await?;
        let found = found.into_iter().map(|(_, place, payout)| (place, payout)).collect();
        Ok(Told { count, what: queue.page(found) })
    }

    /// What stands of them in tables of their own.
    async fn details(&mut self, found: &mut [(i64, Place, Payout)]) -> Result<(), ReadError> {
        let at: HashMap<(String, i64), usize> = found
            .iter()
            .enumerate()
            .map(|(at, (payout, _, item))| ((item.account.clone(), *payout), at))
            .collect();
        let which = |statement: &mut Statement| {
            statement.push(" WHERE (account, payout) IN (VALUES ");
            for (at, (payout, _, item)) in found.iter().enumerate() {
                statement.push(if at > 0 { ", (" } else { "(" }).value(item.account.as_str());
                statement.push(", ").value(*payout).push(")");
            }
            statement.push(")");
        };
        if at.is_empty() {
            return Ok(());
        }
        let mut amounts =
            Statement::new("SELECT account, payout, currency, amount, tax, fee FROM payout_amounts");
        which(&mut amounts);
        amounts.push(" ORDER BY currency");
        let mut evidence =
            Statement::new("SELECT account, payout, kind, reference, brought FROM payout_evidence");
        which(&mut evidence);
        evidence.push(" ORDER BY kind, reference");
        let key = |row: &AnyRow| -> sqlx::Result<(String, i64)> { Ok((row.try_get(0)?, row.try_get(1)?)) };
        for row in amounts.rows(&mut self.transaction).await? {
            let item = at.get(&key(&row)?).and_then(|at| found.get_mut(*at));
            if let Some((_, _, item)) = item {
                item.amounts.push((row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?));
            }
        }
        for row in evidence.rows(&mut self.transaction).await? {
            let item = at.get(&key(&row)?).and_then(|at| found.get_mut(*at));
            if let Some((_, _, item)) = item {
                match row.try_get::<i64, _>(4)? {
                    0 => item.missing.push(row.try_get(2)?),
                    _ => item.evidence.push((row.try_get(2)?, row.try_get(3)?)),
                }
            }
        }
        Ok(())
    }
}

fn payout(row: &AnyRow) -> sqlx::Result<(i64, Place, Payout)> {
    let payout = Payout {
        id: row.try_get(24)?,
        account: row.try_get(1)?,
        kind: row.try_get::<Option<String>, _>(2)?.unwrap_or_default(),
        state: row.try_get(3)?,
        order_id: row.try_get(4)?,
        cause: row.try_get(5)?,
        handling: row.try_get(6)?,
        channel: row.try_get(7)?,
        clause: row.try_get(8)?,
        policy: row.try_get(9)?,
        currency: row.try_get(10)?,
        refundable: row.try_get(11)?,
        agreed: row.try_get(12)?,
        credits: credits(row, 13)?,
        requested_at: row.try_get(15)?,
        requested_by: row.try_get(16)?,
        decided_at: row.try_get(17)?,
        decided_by: row.try_get(18)?,
        denial: row.try_get(19)?,
        ended_at: row.try_get(20)?,
        ended_by: row.try_get(21)?,
        failure: row.try_get(22)?,
        reference: row.try_get(23)?,
        amounts: Vec::new(),
        evidence: Vec::new(),
        missing: Vec::new(),
    };
    let id: CompactString = payout.id.as_str().into();
    let place = (payout.requested_at, payout.account.as_str().into(), id);
    Ok((row.try_get(0)?, place, payout))
}
