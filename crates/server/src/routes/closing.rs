//! Closing an account: by the service, or by its holder with a key of it.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::{Accepted, BookScope};
use scrip_ledger::event::{AccountClosed, ClosedBy, LotAmount};
use scrip_ledger::{AccountId, Command, Event, KeyState, Refusal, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::LotPart;
use crate::app::{App, Shared};
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{ClosedByIn, ClosedByOut, Id, IdIn, optional};

/// Close.
struct Close;

#[derive(Deserialize, ToSchema)]
#[schema(as = Close)]
pub(crate) struct CloseBody {
    /// Without it: `holder` with a key of the account, `operator` with a token.
    by: Option<ClosedByIn>,
    /// A reason code.
    reason: Option<IdIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Closed)]
pub(crate) struct CloseAnswer {
    account_id: Id,
    /// `closed`.
    status: &'static str,
    by: ClosedByOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    /// What of which lots was forfeited in the same step, by the book's policy.
    forfeited: Vec<LotPart>,
    position: u64,
    revision: u64,
}

impl Operation for Close {
    const NAME: &'static str = "close";
    const RIGHT: Right = Right::Close;
    type Body = CloseBody;
    type Answer<'a> = CloseAnswer;

    fn ask(at: &At<'_>, body: CloseBody) -> Result<Asked, Problem> {
        let is_holder = at.caller.own.is_some();
        let by = match (optional(body.by, "by")?, is_holder) {
            (Some(ClosedBy::Operator), true) => {
                return Err(Problem::new(Code::FORBIDDEN_SCOPE, "a key acts for the account's holder"));
            }
            (None, false) => ClosedBy::Operator,
            (None, true) => ClosedBy::Holder,
            (Some(by), _) => by,
        };
        let reason = optional(body.reason, "reason")?;
        Ok(Asked::of(at.account()?, Command::Close(command::Close { by, reason, effective_at: None })))
    }

    fn answer(done: &Accepted) -> Option<CloseAnswer> {
        let (_, closed) = done.find(|event| match event {
            Event::AccountClosed(closed) => Some(closed),
            _ => None,
        })?;
        let AccountClosed { by, reason, .. } = closed.clone();
        let forfeited = done.events.iter().filter_map(|event| match event {
            Event::LotForfeited(lot) => {
                Some(LotPart::of(&done.account, LotAmount { lot: lot.lot, amount: lot.amount }))
            }
            _ => None,
        });
        Some(CloseAnswer {
            account_id: done.account.clone().into(),
            status: "closed",
            by: by.into(),
            reason: reason.map(Id::from),
            forfeited: forfeited.collect(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl App {
    /// A frozen key may be in the wrong hands: it does not close the account.
    async fn key_is_not_frozen(&self, (account, key): &(AccountId, u64)) -> Result<(), Problem> {
        let account = self.engine.view(account, &BookScope::All).await?.account;
        let frozen = account.key(*key).is_some_and(|key| account.key_state(key) == KeyState::Frozen);
        let freeze = account
            .freezes()
            .iter()
            .find(|freeze| frozen && freeze.scope == scrip_ledger::FreezeScope::Key { key: *key });
        match freeze {
            Some(freeze) => {
                Err(Refusal::KeyFrozen { reason: freeze.reason.clone(), since: freeze.since }.into())
            }
            None => Ok(()),
        }
    }
}

/// End an account.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/close", tag = "accounts", operation_id = "closeAccount",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = CloseBody,
    responses((status = 200, body = CloseAnswer), Problems))]
pub(crate) async fn close(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    if let Some(own) = &call.caller.own {
        app.key_is_not_frozen(own).await?;
    }
    app.run::<Close>(&id, call).await
}
