//! The thread that follows the log, and the one that builds a new generation beside it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use scrip_store::EventStore;
use sqlx::{AnyConnection, Connection};

use crate::compare;
use crate::database::{self, Generation, Source};
use crate::error::OpenError;
use crate::follower::{Follower, Written};
use crate::models;
use crate::read_side::{Comparison, Current, ReadSide, Shared};

/// Events are waited for so long before they are written, unless somebody waits for them: a transaction takes in more.
const GATHER: Duration = Duration::from_millis(30);
/// How long the store is waited on at a time.
const WAIT: Duration = Duration::from_millis(100);
/// How long after an error it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Opens the newest generation that can be used, or makes one. Answers too whether it may be asked already.
pub(crate) async fn open(
    store: &Arc<dyn EventStore>,
    source: &Source,
) -> Result<(Generation, AnyConnection, bool), OpenError> {
    let known = source.generations().await?;
    let mut begun = None;
    for generation in known.iter().rev() {
        match generation.open(store.as_ref()).await? {
            Ok((connection, true)) => {
                for other in known.iter().filter(|other| other.number != generation.number) {
                    other.drop().await?;
                }
                return Ok((generation.clone(), connection, true));
            }
            Ok((connection, false)) if begun.is_none() => begun = Some((generation.clone(), connection)),
            Ok(_) => {}
            Err(why) => {
                tracing::warn!(generation = generation.name(), %why, "the read models are built anew");
                generation.drop().await?;
            }
        }
    }
    if let Some((generation, connection)) = begun {
        return Ok((generation, connection, false));
    }
    let number = known.last().map_or(1, |last| last.number.saturating_add(1));
    let generation = Generation { source: source.clone(), number };
    let connection = generation.create(&models::all()).await?;
    Ok((generation, connection, false))
}

/// A follower of a generation, where its rows say that it stands.
pub(crate) async fn follower(
    store: &Arc<dyn EventStore>,
    generation: Generation,
    batch: usize,
) -> Result<Follower, OpenError> {
    let mut connection = generation.connect().await?;
    let checkpoints = database::checkpoints(&mut connection).await?;
    Follower::new(Arc::clone(store), generation, models::all(), connection, &checkpoints, batch)
}

/// Follows the log until it is stopped.
pub(crate) fn run(shared: &Shared, mut generation: Generation) {
    let Some(runtime) = runtime() else { return };
    runtime.block_on(async {
        while !shared.stopping.load(Ordering::Acquire) {
            match follow(shared, generation.clone()).await {
                Ok(Some(replacement)) => generation = replacement,
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "the read models do not follow the log; it is tried again");
                    shared.status.send_modify(|status| status.trouble = Some(error.to_string()));
                    shared.pause(AGAIN);
                }
            }
        }
    });
}

fn runtime() -> Option<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.inspect_err(|error| tracing::error!(%error, "the read side has no runtime")).ok()
}

/// Follows the log with a generation until it is stopped, or another takes its place.
async fn follow(shared: &Shared, generation: Generation) -> Result<Option<Generation>, OpenError> {
    let mut follower = follower(&shared.store, generation, shared.batch).await?;
    shared.publish(&follower, None);
    while !shared.stopping.load(Ordering::Acquire) {
        let replacement = shared.replacement.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(replacement) = replacement {
            follower.generation.drop().await?;
            return Ok(Some(replacement));
        }
        if shared.decided.swap(false, Ordering::AcqRel) {
            follower.take_decisions()?;
        }
        let written = {
            let _turn = shared.turn.lock().await;
            // One that was put in place while this waited for its turn is asked already: nothing is said of the old one.
            if shared.replacement.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                continue;
            }
            let written = follower.advance(u64::MAX).await?;
            let (recorded_at, all) = match written {
                Written::Events { recorded_at, all } => (Some(recorded_at), all),
                Written::Nothing => (None, true),
            };
            if all {
                caught_up(shared, &mut follower).await?;
            }
            shared.publish(&follower, recorded_at);
            written
        };
        match written {
            Written::Events { all: false, .. } => {}
            Written::Events { all: true, .. } => shared.rest(GATHER),
            Written::Nothing => {
                let head = shared.store.wait_past(follower.position(), WAIT)?;
                if head > follower.position() && follower.slots.iter().all(|slot| slot.fault.is_some()) {
                    shared.rest(WAIT);
                }
            }
        }
    }
    close(follower).await;
    Ok(None)
}

/// It may be asked from now on.
async fn caught_up(shared: &Shared, follower: &mut Follower) -> Result<(), OpenError> {
    if !shared.status.borrow().complete {
        database::complete(follower.connection()).await?;
        shared.status.send_modify(|status| status.complete = true);
    }
    Ok(())
}

/// Closes a database in order, with a sum of its file.
async fn close(follower: Follower) {
    let (connection, generation) = follower.into_parts();
    let _unclosed = connection.close().await;
    generation.seal();
}

/// Builds a generation, compares it with the one in use, and has it take its place.
pub(crate) fn rebuild(side: &ReadSide, generation: Generation) {
    let Some(runtime) = runtime() else { return };
    let number = generation.number;
    let built = runtime.block_on(build(side, generation));
    side.shared().status.send_modify(|status| status.building = None);
    match built {
        Ok(Some(comparison)) => {
            let Comparison { position, rows, differences, .. } = comparison;
            tracing::info!(generation = number, position, rows, differences, "new read models are in use");
            side.shared().status.send_modify(|status| status.compared = Some(comparison));
        }
        Ok(None) => {}
        Err(error) => tracing::error!(generation = number, %error, "new read models were not built"),
    }
}

/// A follower of a generation that is made for it.
pub(crate) async fn begin(
    store: &Arc<dyn EventStore>,
    generation: Generation,
    batch: usize,
) -> Result<Follower, OpenError> {
    let mut connection = generation.create(&models::all()).await?;
    let checkpoints = database::checkpoints(&mut connection).await?;
    Follower::new(Arc::clone(store), generation, models::all(), connection, &checkpoints, batch)
}

async fn build(side: &ReadSide, generation: Generation) -> Result<Option<Comparison>, OpenError> {
    let shared = side.shared();
    generation.drop().await?;
    let mut follower = begin(&shared.store, generation.clone(), shared.batch).await?;
    // Never beyond the one in use, which it is compared with.
    while follower.position() < shared.status.borrow().position {
        if shared.stopping.load(Ordering::Acquire) {
            drop(follower);
            generation.drop().await?;
            return Ok(None);
        }
        let until = shared.status.borrow().position;
        if matches!(follower.advance(until).await?, Written::Nothing) {
            break;
        }
        let position = follower.position();
        shared.status.send_modify(|status| status.building = Some((generation.number, position)));
    }
    // From here on the one in use stands still: both come to the same position.
    let turn = shared.turn.lock().await;
    let in_use = shared.current.read().unwrap_or_else(PoisonError::into_inner).generation.clone();
    let mut other = in_use.connect().await?;
    let marks = database::checkpoints(&mut other).await?;
    let running = marks.iter().filter(|(_, mark, _)| mark.fault.is_none());
    let target = running.map(|(_, mark, _)| mark.position).max().unwrap_or_else(|| follower.position());
    while follower.position() < target && matches!(follower.advance(target).await?, Written::Events { .. }) {}
    let mut comparison = Comparison::at(generation.number, follower.position());
    // One that has stopped elsewhere than the other has nothing to be compared with.
    let reached = |name: &str| {
        let there = marks.iter().find(|(known, ..)| known == name).map(|(_, mark, _)| mark.position);
        let here = follower.slots.iter().find(|slot| slot.model.name() == name).map(|slot| slot.position);
        there == here
    };
    let compared: Vec<_> = models::all().into_iter().filter(|model| reached(model.name())).collect();
    for model in &compared {
        for table in model.tables() {
            compare::table(&mut other, follower.connection(), table, &mut comparison).await?;
        }
    }
    database::complete(follower.connection()).await?;
    drop((follower, other));
    let pool = generation.readers()?;
    let old = std::mem::replace(
        &mut *shared.current.write().unwrap_or_else(PoisonError::into_inner),
        Current { generation: generation.clone(), pool },
    );
    *shared.replacement.lock().unwrap_or_else(PoisonError::into_inner) = Some(generation);
    drop(turn);
    // Queries that are under way end on what they began with.
    old.pool.close().await;
    Ok(Some(comparison))
}
