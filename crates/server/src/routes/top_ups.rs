//! Credits for a payment: an order and its lot.

use std::fmt;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::{Payment, ToppedUp};
use scrip_ledger::{Command, Credits, Currency, Event, MintedKind, Money, MoneyError, command};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::answers::id;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{Amount, Id, IdIn, MintedId, MoneyIn, Name, Time};

/// Top up.
pub(crate) struct TopUp;

#[derive(Deserialize, ToSchema)]
#[schema(as = TopUp)]
pub(crate) struct TopUpBody {
    /// The order; used once.
    order_id: IdIn,
    /// The product of the catalog that was bought.
    product_id: IdIn,
    payment: PaymentBody,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody {
    /// The payment provider.
    provider: IdIn,
    /// The provider's id of the payment; used once for ever.
    payment_id: IdIn,
    /// How it was paid, as a code.
    method: IdIn,
    /// ISO 4217.
    #[schema(value_type = String, example = "USD")]
    currency: Name,
    /// The price of the credits, with the currency's minor units.
    amount: MoneyIn,
    /// Tax on top of it, in the same currency.
    #[schema(value_type = Option<String>)]
    tax: Option<OnTop>,
    /// Fees on top of it, in the same currency.
    #[schema(value_type = Option<String>)]
    fee: Option<OnTop>,
}

/// What comes on top: an amount in the payment's currency, or money with its own.
struct OnTop {
    currency: Option<Name>,
    amount: MoneyIn,
}

impl<'de> Deserialize<'de> for OnTop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct WithCurrency {
            currency: Name,
            amount: MoneyIn,
        }

        struct Reader;
        impl<'de> de::Visitor<'de> for Reader {
            type Value = OnTop;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or an object of a currency and an amount")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OnTop, E> {
                Ok(OnTop { currency: None, amount: MoneyIn::read(text) })
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<OnTop, E> {
                Ok(OnTop { currency: None, amount: MoneyIn::deserialize(number.into_deserializer())? })
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<OnTop, E> {
                Ok(OnTop { currency: None, amount: MoneyIn::deserialize(number.into_deserializer())? })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<OnTop, A::Error> {
                let money = WithCurrency::deserialize(MapAccessDeserializer::new(map))?;
                Ok(OnTop { currency: Some(money.currency), amount: money.amount })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl PaymentBody {
    pub(super) fn read(self) -> Result<Payment, Problem> {
        let currency = currency(&self.currency, "payment.currency")?;
        let on_top = |extra: Option<OnTop>, field: &str| {
            extra
                .map(|extra| {
                    money(
                        extra.currency.map_or(Ok(currency), |own| self::currency(&own, field))?,
                        extra.amount,
                        field,
                    )
                })
                .transpose()
        };
        Ok(Payment {
            provider: self.provider.get("payment.provider")?,
            payment_id: self.payment_id.get("payment.payment_id")?,
            method: self.method.get("payment.method")?,
            amount: money(currency, self.amount, "payment.amount")?,
            tax: on_top(self.tax, "payment.tax")?,
            fee: on_top(self.fee, "payment.fee")?,
        })
    }
}

/// The currency that a code names.
pub(super) fn currency(code: &str, field: &str) -> Result<Currency, Problem> {
    code.parse().map_err(|error| not_money(error, field))
}

/// An amount of a currency.
pub(super) fn money(currency: Currency, amount: MoneyIn, field: &str) -> Result<Money, Problem> {
    Money::parse(currency, amount.get(field)?.as_str()).map_err(|error| not_money(error, field))
}

fn not_money(error: MoneyError, field: &str) -> Problem {
    Problem::new(Code::INVALID_AMOUNT, error.to_string()).with("field", field)
}

#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderAnswer<'a> {
    account_id: Id,
    order_id: Id,
    lot_id: MintedId,
    product_id: Id,
    /// The version of the catalog that it was bought from.
    catalog_version: u32,
    #[schema(value_type = PaymentBody)]
    payment: PaymentAnswer<'a>,
    credits: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    priority: u16,
    /// What of the credits repaid debt at once.
    debt_repaid: Amount,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

/// A payment as it came in.
#[derive(Serialize)]
pub(crate) struct PaymentAnswer<'a> {
    provider: &'a str,
    payment_id: &'a str,
    method: &'a str,
    currency: &'static str,
    amount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<String>,
}

impl<'a> From<&'a Payment> for PaymentAnswer<'a> {
    fn from(payment: &'a Payment) -> Self {
        Self {
            provider: payment.provider.as_str(),
            payment_id: payment.payment_id.as_str(),
            method: payment.method.as_str(),
            currency: payment.amount.currency().code(),
            amount: payment.amount.amount(),
            tax: payment.tax.map(|tax| tax.amount()),
            fee: payment.fee.map(|fee| fee.amount()),
        }
    }
}

impl Operation for TopUp {
    const NAME: &'static str = "top_up";
    const RIGHT: Right = Right::Credits;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = TopUpBody;
    type Answer<'a> = OrderAnswer<'a>;

    fn ask(at: &At<'_>, body: TopUpBody) -> Result<Asked, Problem> {
        let top_up = command::TopUp {
            order_id: body.order_id.get("order_id")?,
            product_id: body.product_id.get("product_id")?,
            payment: body.payment.read()?,
            notices: Vec::new(),
        };
        Ok(Asked::of(at.account()?, Command::TopUp(top_up)))
    }

    fn answer(done: &Accepted) -> Option<OrderAnswer<'_>> {
        let (lot, topped_up) = done.find(|event| match event {
            Event::ToppedUp(topped_up) => Some(topped_up),
            _ => None,
        })?;
        let repaid = done.find(|event| match event {
            Event::DebtRepaid(repaid) => Some(repaid.lots.iter().map(|part| part.amount).sum::<Credits>()),
            _ => None,
        });
        let ToppedUp { order_id, product_id, catalog, payment, credits, expires_at, priority } = topped_up;
        Some(OrderAnswer {
            account_id: done.account.clone().into(),
            order_id: order_id.clone().into(),
            lot_id: id(done, MintedKind::Lot, lot),
            product_id: product_id.clone().into(),
            catalog_version: *catalog,
            payment: payment.into(),
            credits: (*credits).into(),
            expires_at: expires_at.map(Time::from),
            priority: *priority,
            debt_repaid: repaid.map_or(Credits::ZERO, |(_, repaid)| repaid).into(),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Credits for a payment, at the catalog's price.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/top-ups", tag = "credits", operation_id = "topUp",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = TopUpBody,
    responses((status = 201, body = OrderAnswer), Problems))]
pub(crate) async fn top_up(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<TopUp>(&id, call).await
}
