//! Regions: a holder who is elsewhere now.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::{Command, Event};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::region;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Problem, Problems};
use crate::rights::Right;
use crate::values::{Id, Name};

/// Change an account's region.
struct Change;

#[derive(Deserialize, ToSchema)]
#[schema(as = ChangeRegion)]
pub(crate) struct RegionBody {
    /// Where the holder is, ISO 3166-1 alpha-2.
    #[schema(value_type = String, example = "DE")]
    region: Name,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RegionChanged)]
pub(crate) struct RegionAnswer {
    account_id: Id,
    region: String,
    position: u64,
    revision: u64,
}

impl Operation for Change {
    const NAME: &'static str = "region";
    const RIGHT: Right = Right::Accounts;
    type Body = RegionBody;
    type Answer<'a> = RegionAnswer;

    fn ask(at: &At<'_>, body: RegionBody) -> Result<Asked, Problem> {
        Ok(Asked::of(at.account()?, Command::ChangeRegion { region: region(body.region)? }))
    }

    fn answer(done: &Accepted) -> Option<RegionAnswer> {
        let (_, changed) = done.find(|event| match event {
            Event::RegionChanged(changed) => Some(changed),
            _ => None,
        })?;
        Some(RegionAnswer {
            account_id: done.account.clone().into(),
            region: changed.region.to_string(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Record where the holder is now: what the terms bar there is refused from then on.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/region", tag = "accounts", operation_id = "changeRegion",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = RegionBody,
    responses((status = 200, body = RegionAnswer), Problems))]
pub(crate) async fn change(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Change>(&id, call).await
}
