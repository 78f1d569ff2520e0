//! Closing an account: by the service, or by its holder with a key of it.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::{Accepted, BookScope};
use scrip_ledger::event::{ClosedBy, LotAmount};
use scrip_ledger::{AccountId, Command, Event, KeyState, MintedKind, Refusal, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lists::MoneyItem;
use crate::answers::{LotPart, id};
use crate::app::{App, Shared};
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{ClosedByIn, ClosedByOut, Id, IdIn, MintedId, Time, TimeIn, optional};

/// Close.
struct Close;

#[derive(Deserialize, ToSchema)]
#[schema(as = Close)]
pub(crate) struct CloseBody {
    /// Without it: `holder` with a key of the account, `operator` with a token.
    by: Option<ClosedByIn>,
    /// A reason code; the book's policy says which of the service's need no notice.
    reason: Option<IdIn>,
    /// When, in the future, where notice is given; without it, at once.
    effective_at: Option<TimeIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Closed)]
pub(crate) struct CloseAnswer {
    account_id: Id,
    /// `closed`; `open` where notice was given.
    status: &'static str,
    by: ClosedByOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    /// The closing, as a measure that can be appealed where it is the service's.
    #[serde(skip_serializing_if = "Option::is_none")]
    measure_id: Option<MintedId>,
    /// Where notice was given: what can be withdrawn until it takes effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    announcement_id: Option<MintedId>,
    /// Where notice was given: when the account will be closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_at: Option<Time>,
    /// What of which lots was forfeited in the same step, by the book's policy.
    forfeited: Vec<LotPart>,
    /// What is owed to the holder for the rest, where the book's policy settles it.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled: Option<SettledItem>,
    position: u64,
    revision: u64,
}

/// What is owed to the holder for what was left.
#[derive(Serialize, ToSchema)]
#[schema(as = Settled)]
pub(crate) struct SettledItem {
    /// What is paid, or recorded as failed, like a refund.
    refund_id: MintedId,
    /// How much, by currency.
    amounts: Vec<MoneyItem>,
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
        let effective_at = optional(body.effective_at, "effective_at")?;
        Ok(Asked::of(at.account()?, Command::Close(command::Close { by, reason, effective_at })))
    }

    fn answer(done: &Accepted) -> Option<CloseAnswer> {
        // One that took effect at a time of its own had been due before.
        let closed = done.find(|event| match event {
            Event::AccountClosed(closed) if closed.effective_at.is_none() => Some(closed),
            _ => None,
        });
        let Some((at, closed)) = closed else { return announced(done) };
        let before = usize::try_from(at.saturating_sub(done.first_revision)).unwrap_or(usize::MAX);
        let forfeited = done.events.iter().skip(before).filter_map(|event| match event {
            Event::LotForfeited(lot) => {
                Some(LotPart::of(&done.account, LotAmount { lot: lot.lot, amount: lot.amount }))
            }
            _ => None,
        });
        let settled = done.find(|event| match event {
            Event::Withdrawn(withdrawn) => Some(withdrawn.amounts.iter().copied().map(Into::into).collect()),
            _ => None,
        });
        Some(CloseAnswer {
            account_id: done.account.clone().into(),
            status: "closed",
            by: closed.by.into(),
            reason: closed.reason.clone().map(Id::from),
            measure_id: Some(id(done, MintedKind::Closure, at)),
            announcement_id: None,
            closes_at: None,
            forfeited: forfeited.collect(),
            settled: settled.map(|(at, amounts)| SettledItem {
                refund_id: id(done, MintedKind::OrderRefund, at),
                amounts,
            }),
            position: done.position,
            revision: done.revision(),
        })
    }
}

fn announced(done: &Accepted) -> Option<CloseAnswer> {
    let (at, announced) = done.find(|event| match event {
        Event::ClosureAnnounced(announced) => Some(announced),
        _ => None,
    })?;
    Some(CloseAnswer {
        account_id: done.account.clone().into(),
        status: "open",
        by: announced.by.into(),
        reason: announced.reason.clone().map(Id::from),
        measure_id: None,
        announcement_id: Some(id(done, MintedKind::Announcement, at)),
        closes_at: Some(announced.effective_at.into()),
        forfeited: Vec::new(),
        settled: None,
        position: done.position,
        revision: done.revision(),
    })
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
