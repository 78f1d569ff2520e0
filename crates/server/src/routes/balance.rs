//! What an account has, and nothing else of it.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::BalanceAnswer;
use crate::app::Shared;
use crate::auth::Principal;
use crate::problem::{Problem, Problems};
use crate::read::{Params, When};
use crate::rights::Right;
use crate::values::{Id, Time};

#[derive(Serialize, ToSchema)]
#[schema(as = AccountBalance)]
pub(crate) struct Shown {
    account_id: Id,
    balance: BalanceAnswer,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Time>,
    as_of_position: u64,
}

/// An account's balance: strongly consistent, or as it stood.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/balance", tag = "accounts", operation_id = "getBalance",
    params(("account_id" = String, Path, description = "The account."), When),
    responses((status = 200, body = Shown), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Params(when): Params<When>,
) -> Result<Json<Shown>, Problem> {
    let stand = app.stand(&caller, Right::ReadBalance, &id, &when).await?;
    Ok(Json(Shown {
        account_id: stand.account.id().clone().into(),
        balance: stand.account.balance().into(),
        as_of: stand.as_of.map(Time::from),
        as_of_position: stand.position,
    }))
}
