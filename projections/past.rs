//! The past of an account: folded from the nearest of its thousandths, not from its first event.
//!
//! An event may take effect before it is recorded (an expiry, a renewal), never after. So an account as of a time is what was
//! recorded by then, and of what was recorded later only what had taken effect: the table of late events names those.

use std::ops::ControlFlow;
use std::sync::Arc;

use scrip_engine::{AsOf, History, HistoryError};
use scrip_ledger::{Account, AccountId, Timestamp};
use scrip_store::{EventStore, RecordedRef};

use crate::error::ReadError;
use crate::log::{account_stream, take};
use crate::read_side::{ReadSide, Snapshot};

/// Where two folds of an account are nearer to each other than this, the log between them is read in order: that is quicker
/// than to follow the account's own events.
const NEAR: u64 = 65_536;

/// Where to begin, and what to take.
struct Plan {
    base: Account,
    /// The position of the last event that the base has taken, and one that the next fold has not passed.
    near: Option<(u64, u64)>,
    /// Revisions of events that had taken effect before they were recorded.
    late: Vec<u64>,
    /// The revision from which on the read side knows nothing of the account.
    unknown_from: u64,
}

impl ReadSide {
    /// An account as it stood, and the number of events of the log that the answer has taken into account. An account that
    /// did not exist then has no events.
    ///
    /// Errors: a position that the log has not reached, a history that contradicts itself, the databases' own.
    pub async fn account_as_of(&self, id: &AccountId, as_of: &AsOf) -> Result<(Account, u64), ReadError> {
        let plan = match self.snapshot().await {
            Ok(mut snapshot) if snapshot.needs(&["folds", "balances"]).is_ok() => {
                Some(snapshot.plan(id, as_of).await?)
            }
            Ok(_) | Err(ReadError::CatchingUp) => None,
            Err(error) => return Err(error),
        };
        let (store, folded_id, as_of) = (Arc::clone(self.store()), id.clone(), *as_of);
        let folded = tokio::task::spawn_blocking(move || match plan {
            Some(plan) => fold(store.as_ref(), plan, &as_of),
            // Slower, and as right.
            None => History::new(store).account(&folded_id, &as_of).map_err(|error| match error {
                HistoryError::BeyondEnd(position) => ReadError::BeyondEnd(position),
                other => other.into(),
            }),
        });
        let (account, position) = folded.await.map_err(|_| ReadError::Row("a read broke off"))??;
        match account.inconsistency() {
            Some(found) => {
                Err(ReadError::Contradiction { account: id.to_string(), what: found.what.to_string() })
            }
            None => Ok((account, position)),
        }
    }
}

impl Snapshot {
    async fn plan(&mut self, id: &AccountId, as_of: &AsOf) -> Result<Plan, ReadError> {
        let by = [as_of.time, as_of.known_at].into_iter().flatten().min().unwrap_or(Timestamp::MAX);
        let position =
            as_of.position.map_or(i64::MAX, |position| i64::try_from(position).unwrap_or(i64::MAX));
        let base: Option<(i64, String)> = sqlx::query_as(
            "SELECT position, state FROM folds WHERE account = $1 AND recorded_at <= $2 AND position <= $3 \
             ORDER BY events DESC LIMIT 1",
        )
        .bind(id.as_str().to_owned())
        .bind(by.micros())
        .bind(position)
        .fetch_optional(&mut *self.transaction)
        .await?;
        let base = base.and_then(|(position, state)| {
            let account: Account = serde_json::from_str(&state).ok()?;
            Some((account, u64::try_from(position).ok()?))
        });
        let (base, at) = match base {
            Some((account, position)) => (account, Some(position)),
            None => (Account::absent(id.clone()), None),
        };
        let next: Option<(i64,)> = sqlx::query_as(
            "SELECT position FROM folds WHERE account = $1 AND events > $2 ORDER BY events LIMIT 1",
        )
        .bind(id.as_str().to_owned())
        .bind(signed(base.next_revision()))
        .fetch_optional(&mut *self.transaction)
        .await?;
        let last: Option<(i64, i64)> =
            sqlx::query_as("SELECT events, position FROM balances WHERE account = $1")
                .bind(id.as_str().to_owned())
                .fetch_optional(&mut *self.transaction)
                .await?;
        let end = next.map(|(position,)| position).or(last.map(|(_, position)| position));
        let near = at
            .zip(end.and_then(|end| u64::try_from(end).ok()))
            .filter(|(at, end)| end.saturating_sub(*at) < NEAR);
        let late = match as_of.time {
            Some(time) => {
                let rows: Vec<(i64,)> = sqlx::query_as(
                    "SELECT revision FROM late_events WHERE account = $1 AND revision >= $2 AND effective_at <= $3 \
                     AND recorded_at > $3 AND recorded_at <= $4 ORDER BY revision",
                )
                .bind(id.as_str().to_owned())
                .bind(signed(base.next_revision()))
                .bind(time.micros())
                .bind(as_of.known_at.unwrap_or(Timestamp::MAX).micros())
                .fetch_all(&mut *self.transaction)
                .await?;
                rows.into_iter().filter_map(|(revision,)| u64::try_from(revision).ok()).collect()
            }
            None => Vec::new(),
        };
        let unknown_from = last.and_then(|(events, _)| u64::try_from(events).ok()).unwrap_or(0);
        Ok(Plan { base, near, late, unknown_from })
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn fold(store: &dyn EventStore, plan: Plan, as_of: &AsOf) -> Result<(Account, u64), ReadError> {
    let end = store.head()?.next_position;
    let until = match as_of.position {
        None => None,
        Some(position) => {
            let at = store.read_all(position, 1)?;
            let event = at.first().ok_or(ReadError::BeyondEnd(position))?;
            Some(Timestamp::from_micros(event.event.recorded_at))
        }
    };
    let Plan { base: mut account, near, late, unknown_from } = plan;
    let Some(stream) = account_stream(account.id()) else { return Ok((account, end)) };
    let by = [as_of.time, as_of.known_at].into_iter().flatten().min().unwrap_or(Timestamp::MAX).micros();
    let known_at = as_of.known_at.unwrap_or(Timestamp::MAX).micros();
    let beyond = |stored: &RecordedRef<'_>| {
        stored.position >= end
            || stored.recorded_at > by
            || as_of.position.is_some_and(|position| stored.position > position)
    };
    // What was recorded by then has taken effect by then.
    let mut ended = false;
    if let Some((from, to)) = near {
        store.scan_all(from.saturating_add(1), &mut |stored| {
            if stored.position > to {
                return ControlFlow::Break(());
            }
            if stored.stream == stream.as_str() {
                ended = beyond(&stored);
                if ended {
                    return ControlFlow::Break(());
                }
                take(&mut account, &stored);
            }
            ControlFlow::Continue(())
        })?;
    }
    if !ended {
        store.scan_stream(&stream, account.next_revision(), &mut |stored| {
            if beyond(&stored) {
                return ControlFlow::Break(());
            }
            take(&mut account, &stored);
            ControlFlow::Continue(())
        })?;
    }
    // Of what was recorded later, what had taken effect.
    if let Some(time) = as_of.time {
        for revision in late.into_iter().filter(|revision| *revision < unknown_from) {
            if let Some(stored) = store.read_stream(&stream, revision, 1)?.first()
                && revision >= account.next_revision()
            {
                account.leave_out_until(revision);
                take(&mut account, &stored.view());
            }
        }
        let from = unknown_from.max(account.next_revision());
        store.scan_stream(&stream, from, &mut |stored| {
            if stored.position >= end || stored.recorded_at > known_at {
                return ControlFlow::Break(());
            }
            if stored.effective_at <= time.micros() {
                account.leave_out_until(stored.revision);
                take(&mut account, &stored);
            }
            ControlFlow::Continue(())
        })?;
    }
    let judged_at =
        [as_of.time, as_of.known_at.filter(|_| as_of.time.is_none()), until].into_iter().flatten().min();
    if let Some(time) = judged_at {
        account = account.as_of(time).into_owned();
    }
    Ok((account, as_of.position.map_or(end, |position| position.saturating_add(1))))
}
