//! Measures: freezes of an account, an amount, some lots or a key, and their end.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::{AccountId, Command, Event, FreezeScope, Minted, MintedKind, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::id;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted_in};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{Amount, AmountIn, Id, IdIn, MintedId, ScopeIn, ScopeWord, Time, optional};

/// Freeze.
struct Freeze;
/// Thaw.
struct Thaw;

#[derive(Deserialize, ToSchema)]
#[schema(as = Freeze)]
pub(crate) struct FreezeBody {
    /// How far it reaches; `account` without it.
    scope: Option<ScopeIn>,
    /// With `amount`: how many credits of whatever is free.
    amount: Option<AmountIn>,
    /// With `lots`: which.
    lots: Option<Vec<String>>,
    /// With `key`: which.
    key_id: Option<String>,
    /// A reason code.
    reason: IdIn,
}

impl FreezeBody {
    fn scope(&mut self, account: &AccountId) -> Result<FreezeScope, Problem> {
        let word = optional(self.scope.take(), "scope")?.unwrap_or(ScopeWord::Account);
        let parts = (word, self.amount.take(), self.lots.take(), self.key_id.take());
        let lot = |id: String| minted_in(&id, MintedKind::Lot, account, Code::LOT_NOT_FOUND);
        match parts {
            (ScopeWord::Account, None, None, None) => Ok(FreezeScope::Account),
            (ScopeWord::Amount, Some(amount), None, None) => {
                Ok(FreezeScope::Amount { amount: amount.get("amount")? })
            }
            (ScopeWord::Lots, None, Some(lots), None) => {
                Ok(FreezeScope::Lots { lots: lots.into_iter().map(lot).collect::<Result<_, _>>()? })
            }
            (ScopeWord::Key, None, None, Some(key)) => {
                Ok(FreezeScope::Key { key: minted_in(&key, MintedKind::Key, account, Code::KEY_NOT_FOUND)? })
            }
            _ => {
                let detail =
                    "with scope amount give amount, with lots give lots, with key give key_id, and no others";
                Err(Problem::new(Code::MALFORMED, detail).with("field", "scope"))
            }
        }
    }
}

/// How far a freeze reaches.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScopeAnswer {
    /// `account`, `amount`, `lots` or `key`.
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lots: Option<Vec<MintedId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<MintedId>,
}

impl ScopeAnswer {
    pub(crate) fn of(account: &AccountId, scope: &FreezeScope) -> Self {
        let id = |kind, revision| -> MintedId { Minted::new(account, kind, revision).into() };
        let of = |scope| Self { scope, amount: None, lots: None, key_id: None };
        match scope {
            FreezeScope::Account => of("account"),
            FreezeScope::Amount { amount } => Self { amount: Some((*amount).into()), ..of("amount") },
            FreezeScope::Lots { lots } => {
                Self { lots: Some(lots.iter().map(|lot| id(MintedKind::Lot, *lot)).collect()), ..of("lots") }
            }
            FreezeScope::Key { key } => Self { key_id: Some(id(MintedKind::Key, *key)), ..of("key") },
        }
    }
}

/// A freeze that stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Measure)]
pub(crate) struct MeasureAnswer {
    pub(crate) measure_id: MintedId,
    #[serde(flatten)]
    pub(crate) scope: ScopeAnswer,
    pub(crate) reason: Id,
    pub(crate) since: Time,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Frozen)]
pub(crate) struct FreezeAnswer {
    account_id: Id,
    #[serde(flatten)]
    measure: MeasureAnswer,
    /// The holds that were given up in the same step, by the book's policy.
    voided_holds: Vec<MintedId>,
    position: u64,
    revision: u64,
}

impl Operation for Freeze {
    const NAME: &'static str = "freeze";
    const RIGHT: Right = Right::Freeze;
    type Body = FreezeBody;
    type Answer<'a> = FreezeAnswer;

    fn ask(at: &At<'_>, mut body: FreezeBody) -> Result<Asked, Problem> {
        let account = at.account()?;
        let scope = body.scope(&account)?;
        Ok(Asked::of(
            account,
            Command::Freeze(command::Freeze {
                scope,
                reason: body.reason.get("reason")?,
                effective_at: None,
                owner_wide: false,
                origin: None,
            }),
        ))
    }

    fn answer(done: &Accepted) -> Option<FreezeAnswer> {
        let (at, frozen) = done.find(|event| match event {
            Event::Frozen(frozen) => Some(frozen),
            _ => None,
        })?;
        let voided = done.events.iter().filter_map(|event| match event {
            Event::HoldVoided(voided) => Some(id(done, MintedKind::Hold, voided.hold)),
            _ => None,
        });
        Some(FreezeAnswer {
            account_id: done.account.clone().into(),
            measure: MeasureAnswer {
                measure_id: id(done, MintedKind::Freeze, at),
                scope: ScopeAnswer::of(&done.account, &frozen.scope),
                reason: frozen.reason.clone().into(),
                since: done.recorded_at.into(),
            },
            voided_holds: voided.collect(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = Thaw)]
pub(crate) struct ThawBody {
    /// Which measure; without it, all that stand.
    measure_id: Option<String>,
    /// A reason code.
    reason: IdIn,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Thawed)]
pub(crate) struct ThawAnswer {
    account_id: Id,
    /// The measures that were lifted.
    measures: Vec<MintedId>,
    reason: Id,
    position: u64,
    revision: u64,
}

impl Operation for Thaw {
    const NAME: &'static str = "thaw";
    const RIGHT: Right = Right::Thaw;
    type Body = ThawBody;
    type Answer<'a> = ThawAnswer;

    fn ask(at: &At<'_>, body: ThawBody) -> Result<Asked, Problem> {
        let account = at.account()?;
        let measure = |id: String| minted_in(&id, MintedKind::Freeze, &account, Code::MEASURE_NOT_FOUND);
        let freeze = body.measure_id.map(measure).transpose()?;
        let reason = body.reason.get("reason")?;
        Ok(Asked::of(account, Command::Thaw { freeze, reason }))
    }

    fn answer(done: &Accepted) -> Option<ThawAnswer> {
        let mut thawed = done.events.iter().filter_map(|event| match event {
            Event::Thawed(thawed) => Some(thawed),
            _ => None,
        });
        let first = thawed.next()?;
        let measures = std::iter::once(first).chain(thawed);
        Some(ThawAnswer {
            account_id: done.account.clone().into(),
            measures: measures.map(|thawed| id(done, MintedKind::Freeze, thawed.freeze)).collect(),
            reason: first.reason.clone().into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Forbid the use of an account, an amount, some lots or a key.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/freeze", tag = "measures", operation_id = "freeze",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = FreezeBody,
    responses((status = 200, body = FreezeAnswer), Problems))]
pub(crate) async fn freeze(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Freeze>(&id, call).await
}

/// Lift one measure, or all that stand.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/thaw", tag = "measures", operation_id = "thaw",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = ThawBody,
    responses((status = 200, body = ThawAnswer), Problems))]
pub(crate) async fn thaw(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Thaw>(&id, call).await
}
