//! The read models: how they stand, what they leave out, building them anew.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use scrip_engine::BookScope;
use scrip_ledger::Timestamp;
use scrip_projections::{Comparison, Decision, FORMAT, ModelStatus, SkipError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::body;
use crate::call::Call;
use crate::format::{Answer, Listing, Wanted};
use crate::openapi::{KeyHeader, ListOf};
use crate::paging::List;
use crate::problem::{Code, Problem, Problems};
use crate::read::{Params, last_of, number};
use crate::rights::Right;
use crate::values::{Id, IdIn};

/// What tells a caller that a command was carried out before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A read model.
#[derive(Serialize, ToSchema)]
#[schema(as = Projection)]
pub(crate) struct ProjectionItem {
    name: &'static str,
    /// `running`, `catching_up` (built, and not asked yet), `stopped` (at an event that it cannot take) or `retrying` (its
    /// database does not answer).
    state: &'static str,
    /// Of the last event that it has taken into account; nothing before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// Events of the log that it has not taken into account yet.
    lag: u64,
    /// For how many seconds the first of them has been waiting.
    lag_seconds: u64,
    /// The shape of its tables.
    version: i64,
    /// Which generation of all read models it is of.
    generation: u64,
    /// The event that it has stopped at.
    #[serde(skip_serializing_if = "Option::is_none")]
    poison: Option<Poison>,
}

/// An event that a read model cannot take.
#[derive(Serialize, ToSchema)]
pub(crate) struct Poison {
    position: u64,
    /// Why not.
    error: String,
}

/// How the read models stand together.
#[derive(Serialize)]
pub(crate) struct ReadSideAnswer {
    #[serde(flatten)]
    list: List<ProjectionItem>,
    #[serde(flatten)]
    about: ReadSideAbout,
}

/// How the read models stand together.
#[derive(Serialize, ToSchema)]
#[schema(as = ReadSide)]
pub(crate) struct ReadSideAbout {
    /// What keeps them from going on, if anything does: it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// A generation that is being built beside the one in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    building: Option<Building>,
    /// How the last one that took the place of another compared with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared>,
}

/// A generation that is being built.
#[derive(Serialize, ToSchema)]
pub(crate) struct Building {
    generation: u64,
    /// Events that it has taken in.
    events: u64,
}

/// How a new generation compared with the one whose place it took, at the same position.
#[derive(Serialize, ToSchema)]
pub(crate) struct Compared {
    generation: u64,
    /// Events that both had taken in.
    events: u64,
    rows: u64,
    differences: u64,
    /// The first of those, in words.
    examples: Vec<String>,
}

/// As it is described.
#[derive(Serialize, ToSchema)]
#[schema(as = Projections)]
pub(crate) struct ProjectionsShape {
    #[serde(flatten)]
    #[schema(inline)]
    list: ListOf<ProjectionItem>,
    #[serde(flatten)]
    about: ReadSideAbout,
}

/// Since when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Reached {
    /// A position that the read models must have taken into account. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

/// What a read model is to leave out.
#[derive(Deserialize, ToSchema)]
#[schema(as = SkipEvent)]
pub(crate) struct SkipBody {
    /// The position of the event that it has stopped at.
    position: u64,
    /// Why, as a code.
    reason: IdIn,
}

/// A decision that was recorded.
#[derive(Serialize, ToSchema)]
#[schema(as = SkippedEvent)]
pub(crate) struct SkippedAnswer {
    projection: &'static str,
    /// The position of the event that is left out.
    skipped: u64,
    reason: Id,
    /// The position of the decision.
    position: u64,
    /// Of the read model's own stream.
    revision: u64,
}

/// A generation that was begun.
#[derive(Serialize, ToSchema)]
#[schema(as = RebuildBegun)]
pub(crate) struct RebuildAnswer {
    /// The generation that will take the place of the one in use, once it has caught up and was compared with it.
    generation: u64,
}

impl From<Comparison> for Compared {
    fn from(compared: Comparison) -> Self {
        let Comparison { generation, position, rows, differences, examples } = compared;
        Self { generation, events: position, rows, differences, examples }
    }
}

impl App {
    /// When an event was recorded.
    async fn recorded_at(&self, position: u64) -> Result<Option<Timestamp>, Problem> {
        let store = self.engine.store().clone();
        let events = self.blocking(move || store.read_all(position, 1)).await??;
        Ok(events.first().map(|event| Timestamp::from_micros(event.event.recorded_at)))
    }
}

/// How the read models stand: how far each is, and what it has stopped at.
#[utoipa::path(get, path = "/v1/projections", tag = "operation", operation_id = "listProjections", params(Reached),
    responses((status = 200, body = inline(ProjectionsShape)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    caller: Principal,
    wanted: Wanted,
    Params(reached): Params<Reached>,
) -> Result<Response, Problem> {
    caller.may(Right::ReadAll)?;
    app.reached(number(reached.min_position.as_deref(), "min_position")?).await?;
    let status = app.read_side.status();
    let store = app.engine.store().clone();
    let end = app.blocking(move || store.head()).await??.next_position;
    let now = app.engine.clock().now();
    let mut items = Vec::with_capacity(status.models.len());
    for ModelStatus { name, position, fault } in status.models {
        let lag = end.saturating_sub(position);
        let waiting_since = if lag > 0 { app.recorded_at(position).await? } else { None };
        let waiting = waiting_since.map_or(0, |since| now.micros().saturating_sub(since.micros()).max(0));
        items.push(ProjectionItem {
            name,
            state: match &fault {
                Some(_) => "stopped",
                None if status.trouble.is_some() => "retrying",
                None if !status.complete => "catching_up",
                None => "running",
            },
            position: position.checked_sub(1),
            lag,
            lag_seconds: u64::try_from(waiting / 1_000_000).unwrap_or_default(),
            version: FORMAT,
            generation: status.generation,
            poison: fault.map(|error| Poison { position, error }),
        });
    }
    let about = ReadSideAbout {
        trouble: status.trouble,
        building: status.building.map(|(generation, events)| Building { generation, events }),
        compared: status.compared.map(Compared::from),
    };
    let answer = Answer::new(wanted, Listing::PROJECTIONS);
    let list = List::new(answer, items, None, last_of(status.position));
    let answer = ReadSideAnswer { list, about };
    Ok(answer.list.within(&answer))
}

/// Read models are of all books: who decides about them has to be let into all.
fn operations(caller: &Principal) -> Result<(), Problem> {
    caller.may(Right::Operations)?;
    if caller.books == BookScope::All {
        Ok(())
    } else {
        Err(Problem::new(Code::FORBIDDEN_BOOK, "read models are of all books; this token is for some"))
    }
}

/// Have a read model leave out the event that it has stopped at. The decision is recorded in the log; a rebuilt model
/// leaves the event out too.
#[utoipa::path(post, path = "/v1/projections/{name}/skip", tag = "operation", operation_id = "skipEvent",
    params(("name" = String, Path, description = "The read model."), KeyHeader), request_body = SkipBody,
    responses((status = 200, body = SkippedAnswer), Problems))]
pub(crate) async fn skip(
    State(app): Shared,
    Path(name): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    operations(&call.caller)?;
    call.key()?;
    let unknown = || Problem::new(Code::PROJECTION_NOT_FOUND, "there is no such read model");
    let name =
        scrip_projections::model_names().into_iter().find(|known| *known == name).ok_or_else(unknown)?;
    let asked: SkipBody = body::parse(&call.body)?;
    let reason = asked.reason.get("reason")?;
    let decision = Decision {
        position: asked.position,
        reason: reason.clone(),
        actor: call.caller.subject.as_str().into(),
        correlation: call.correlation.clone(),
        now: app.engine.clock().now(),
    };
    let side = app.read_side.clone();
    let decided = app.blocking(move || side.skip(name, &decision)).await?;
    let decided = decided.map_err(|error| match error {
        SkipError::Store(error) => error.into(),
        SkipError::NotThere { stopped_at } => {
            let detail = "the read model has not stopped at this event";
            let problem = Problem::new(Code::PROJECTION_NOT_STOPPED, detail);
            match stopped_at {
                Some(position) => problem.with("stopped_at", position),
                None => problem,
            }
        }
        SkipError::Overtaken => {
            Problem::new(Code::OVERLOADED, "another decision was recorded in the same moment")
        }
    })?;
    let answer = SkippedAnswer {
        projection: name,
        skipped: asked.position,
        reason: reason.into(),
        position: decided.position,
        revision: decided.revision,
    };
    let mut response = Json(answer).into_response();
    if decided.before {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Build all read models anew, beside those in use: they take their place once they have caught up and were compared.
#[utoipa::path(post, path = "/v1/projections/rebuild", tag = "operation", operation_id = "rebuildProjections",
    responses((status = 202, body = RebuildAnswer), Problems))]
pub(crate) async fn rebuild(State(app): Shared, caller: Principal) -> Result<Response, Problem> {
    operations(&caller)?;
    let begun = app.read_side.rebuild().map_err(|error| {
        tracing::error!(%error, "the read models cannot be built anew");
        Problem::new(Code::READ_MODELS_UNAVAILABLE, "the read models cannot be built anew")
    })?;
    let building = app.read_side.status().building;
    let generation = building.map_or_else(|| app.read_side.status().generation, |(generation, _)| generation);
    if begun {
        Ok((StatusCode::ACCEPTED, Json(RebuildAnswer { generation })).into_response())
    } else {
        let detail = "read models are being built already";
        Err(Problem::new(Code::ALREADY_EXISTS, detail).with("generation", generation))
    }
}
