//! Rewards of campaigns: claimed by finance, or with a key of the account.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::book::ClaimsSoFar;
use scrip_ledger::{Command, command};
use serde::Deserialize;
use utoipa::ToSchema;

use super::grants::{Grant, GrantAnswer, LotAnswer};
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Problem, Problems};
use crate::rights::Right;
use crate::values::IdIn;

/// Claim.
pub(crate) struct Claim;

#[derive(Deserialize, ToSchema)]
#[schema(as = RewardClaim)]
pub(crate) struct ClaimBody {
    /// The campaign whose reward is claimed.
    campaign: IdIn,
}

impl Operation for Claim {
    const NAME: &'static str = "claim_reward";
    const RIGHT: Right = Right::Rewards;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = ClaimBody;
    type Answer<'a> = GrantAnswer;

    fn ask(at: &At<'_>, body: ClaimBody) -> Result<Asked, Problem> {
        let so_far = ClaimsSoFar::default();
        let claim = command::ClaimReward { campaign: body.campaign.get("campaign")?, so_far };
        Ok(Asked::of(at.account()?, Command::ClaimReward(claim)))
    }

    fn answer(done: &Accepted) -> Option<GrantAnswer> {
        Grant::answer(done)
    }
}

/// Claim a campaign's reward: once, while there is something left to give.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/claims", tag = "credits", operation_id = "claimReward",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = ClaimBody,
    responses((status = 201, body = LotAnswer), Problems))]
pub(crate) async fn claim(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Claim>(&id, call).await
}
