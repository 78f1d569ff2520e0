//! What all commands of calls share: quantities, the provider's answer, and what a call was charged.

use std::fmt;

use scrip_engine::Accepted;
use scrip_ledger::command::{self, Size};
use scrip_ledger::event::{self, Charged};
use scrip_ledger::{AccountId, Credits, Event, Line, Minted, MintedKind, Usage};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema};

use crate::answers::{LineShape, LotPart, LotParts, ProviderShape};
use crate::command::minted_in;
use crate::problem::{Code, Problem};
use crate::values::{
    Amount, AmountIn, Id, IdIn, MintedId, Name, OutcomeOut, ProviderStatusIn, QuantityIn, optional,
};

/// Quantities by unit, as given.
pub(crate) struct UsageIn(Vec<(Name, QuantityIn)>);

impl<'de> Deserialize<'de> for UsageIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> de::Visitor<'de> for Reader {
            type Value = UsageIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of quantities by unit")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<UsageIn, A::Error> {
                let mut entries = Vec::with_capacity(4);
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(UsageIn(entries))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl utoipa::PartialSchema for UsageIn {
    fn schema() -> RefOr<Schema> {
        let quantity = AdditionalProperties::RefOr(<QuantityIn as utoipa::PartialSchema>::schema());
        ObjectBuilder::new()
            .description(Some("Quantities by unit, such as input_tokens."))
            .additional_properties(Some(quantity))
            .into()
    }
}

impl ToSchema for UsageIn {
    fn name() -> std::borrow::Cow<'static, str> {
        "Usage".into()
    }
}

/// How large a call is: quantities, or an amount where the book allows it.
pub(crate) fn size(usage: Option<UsageIn>, amount: Option<AmountIn>, field: &str) -> Result<Size, Problem> {
    match (usage, amount) {
        (Some(UsageIn(mut entries)), None) => {
            // The order of an object's members says nothing: a retry may send them in another.
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            let mut read = Vec::with_capacity(entries.len());
            for (unit, quantity) in entries {
                let quantity = quantity.get(&unit)?;
                read.push((unit, quantity));
            }
            let usage = Usage::new(read)
                .map_err(|error| Problem::new(Code::MALFORMED, error.to_string()).with("field", field))?;
            Ok(Size::Usage(usage))
        }
        (None, Some(amount)) => Ok(Size::Amount(amount.get("amount")?)),
        (None, None) | (Some(_), Some(_)) => {
            Err(Problem::new(Code::MALFORMED, format!("give either {field} or amount")).with("field", field))
        }
    }
}

/// The call that a body names.
pub(crate) fn call(
    account: &AccountId,
    request_id: IdIn,
    model: Name,
    endpoint: Name,
    key_id: Option<String>,
) -> Result<command::Call, Problem> {
    let key = |id: String| minted_in(&id, MintedKind::Key, account, Code::KEY_NOT_FOUND);
    Ok(command::Call {
        request_id: request_id.get("request_id")?,
        model,
        endpoint,
        key: key_id.map(key).transpose()?,
    })
}

/// What a provider said of a call.
#[derive(Deserialize, ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderBody {
    /// The provider's id of the call.
    request_id: Option<IdIn>,
    /// The provider's status: a code, or an HTTP status.
    status: Option<ProviderStatusIn>,
}

/// What a provider said, read.
pub(crate) fn provider(given: Option<ProviderBody>) -> Result<Option<event::ProviderAnswer>, Problem> {
    let Some(ProviderBody { request_id, status }) = given else { return Ok(None) };
    Ok(Some(event::ProviderAnswer {
        request_id: optional(request_id, "provider.request_id")?,
        status: optional(status, "provider.status")?.map(|status| status.0),
    }))
}

/// What a call was charged, and what paid for it: charged = lots + debt + absorbed.
#[derive(Serialize, ToSchema)]
#[schema(as = Charge)]
pub(crate) struct ChargeAnswer<'a> {
    pub(crate) debit_id: MintedId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hold_id: Option<MintedId>,
    account_id: Id,
    request_id: Id,
    #[schema(value_type = String)]
    model: &'a str,
    #[schema(value_type = String)]
    endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<MintedId>,
    outcome: OutcomeOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProviderShape>)]
    provider: Option<&'a event::ProviderAnswer>,
    charged: Amount,
    /// Of a capture: what the hold had reserved and was not charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) released: Option<Amount>,
    /// What lots did not pay: the sum of `debt` and `absorbed`.
    shortfall: Amount,
    /// What of it is now owed.
    debt: Amount,
    /// What of it the operator carries.
    absorbed: Amount,
    /// What was used, unit by unit, unrounded; empty if an amount was given.
    #[schema(value_type = Vec<LineShape>)]
    lines: &'a [Line],
    /// What was taken from which lots.
    #[schema(value_type = Vec<LotPart>)]
    lots: LotParts<'a>,
    catalog_version: u32,
    policy_version: u32,
    /// Of a capture: the hold had expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) late: Option<bool>,
}

impl<'a> ChargeAnswer<'a> {
    /// A charge that the event at a revision made.
    pub(crate) fn of(account: &'a AccountId, revision: u64, charge: &'a Charged) -> Self {
        let id = |kind, revision| -> MintedId { Minted::new(account, kind, revision).into() };
        let shortfall: Credits = [charge.debt, charge.absorbed].into_iter().sum();
        Self {
            debit_id: id(MintedKind::Debit, revision),
            hold_id: None,
            account_id: account.clone().into(),
            request_id: charge.request_id.clone().into(),
            model: &charge.model,
            endpoint: &charge.endpoint,
            key_id: charge.key.map(|key| id(MintedKind::Key, key)),
            outcome: charge.outcome.into(),
            provider: charge.provider.as_ref(),
            charged: charge.charged.into(),
            released: None,
            shortfall: shortfall.into(),
            debt: charge.debt.into(),
            absorbed: charge.absorbed.into(),
            lines: &charge.lines,
            lots: LotParts { account, parts: &charge.lots },
            catalog_version: charge.catalog,
            policy_version: charge.policy,
            late: None,
        }
    }

    /// The same, with what the provider said of it, where that is kept apart from the event.
    pub(crate) fn answered(self, provider: &'a event::ProviderAnswer) -> Self {
        Self { provider: Some(provider), ..self }
    }

    /// The same, as a capture of a hold.
    pub(crate) fn captured(self, hold: u64, released: Credits, late: bool) -> Self {
        let hold_id = Minted { account: self.account_id.0.clone(), kind: MintedKind::Hold, revision: hold };
        Self { hold_id: Some(hold_id.into()), released: Some(released.into()), late: Some(late), ..self }
    }
}

/// A charge as a command's answer: `charged` is what the account was charged in the end.
#[derive(Serialize, ToSchema)]
#[schema(as = ChargeDone)]
pub(crate) struct ChargeDone<'a> {
    #[serde(flatten)]
    charge: ChargeAnswer<'a>,
    /// What was charged and went back in the same step, to the debt and the lots that had paid it.
    refunded: Amount,
    position: u64,
    revision: u64,
}

impl<'a> ChargeDone<'a> {
    /// The answer to a command that made a charge.
    pub(crate) fn of(done: &'a Accepted, charge: ChargeAnswer<'a>) -> Self {
        let refunded = done.find(|event| match event {
            Event::UsageRefunded(refunded) => Some(refunded.credits),
            _ => None,
        });
        let (position, revision) = (done.position, done.revision());
        match refunded {
            None => Self { charge, refunded: Credits::ZERO.into(), position, revision },
            Some((_, refunded)) => {
                let charge = ChargeAnswer { charged: Credits::ZERO.into(), ..charge };
                Self { charge, refunded: refunded.into(), position, revision }
            }
        }
    }
}
