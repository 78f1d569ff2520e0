//! What several answers have in common.

use scrip_engine::Accepted;
use scrip_ledger::event::LotAmount;
use scrip_ledger::{AccountId, Balance, Minted, MintedKind};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use crate::values::{Amount, MintedId};

/// What an account has.
#[derive(Clone, Copy, Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Balance)]
pub(crate) struct BalanceAnswer {
    /// posted − held − frozen − debt.
    available: Amount,
    /// What is left in lots; of a lot past its expiry, only what holds reserve.
    posted: Amount,
    /// What holds reserve, of lots and of the credit line.
    held: Amount,
    /// What is free and under a freeze of an amount or of lots.
    frozen: Amount,
    /// What is owed.
    debt: Amount,
    /// What may be owed.
    credit_limit: Amount,
}

impl From<Balance> for BalanceAnswer {
    fn from(balance: Balance) -> Self {
        Self {
            available: balance.available.into(),
            posted: balance.posted.into(),
            held: balance.held.into(),
            frozen: balance.frozen.into(),
            debt: balance.debt.into(),
            credit_limit: balance.credit_limit.into(),
        }
    }
}

/// Amounts of lots, as a list of `{"lot_id","amount"}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LotParts<'a> {
    pub(crate) account: &'a AccountId,
    pub(crate) parts: &'a [LotAmount],
}

/// An amount of one lot.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct LotPart {
    /// The lot.
    lot_id: MintedId,
    /// How much of it.
    amount: Amount,
}

impl LotPart {
    pub(crate) fn of(account: &AccountId, part: LotAmount) -> Self {
        let lot_id = Minted::new(account, MintedKind::Lot, part.lot).into();
        Self { lot_id, amount: part.amount.into() }
    }
}

impl Serialize for LotParts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.parts.len()))?;
        for part in self.parts {
            list.serialize_element(&LotPart::of(self.account, *part))?;
        }
        list.end()
    }
}

/// One line of a call.
#[derive(utoipa::ToSchema)]
#[schema(as = Line)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct LineShape {
    /// The unit, such as `input_tokens`.
    unit: String,
    /// How much of it.
    quantity: String,
    /// Credits for `per` of the unit.
    rate: String,
    /// How many of the unit the rate is for, a power of ten.
    per: u64,
    /// quantity × rate ÷ per, exact and unrounded.
    amount: String,
}

/// What a provider said of a call.
#[derive(utoipa::ToSchema)]
#[schema(as = ProviderAnswer)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct ProviderShape {
    /// The provider's id of the call.
    request_id: Option<String>,
    /// The provider's status, as a code.
    status: Option<String>,
}

/// The id of something that an account's event made.
pub(crate) fn id(done: &Accepted, kind: MintedKind, revision: u64) -> MintedId {
    Minted::new(&done.account, kind, revision).into()
}
