//! What Stripe's events say, in the ledger's words. Amounts are in Stripe's own minor units
//! (docs.stripe.com/currencies#minor-units), ids and codes as they come.

use std::collections::BTreeMap;

use scrip_ledger::command::{PaymentChange, TopUp};
use scrip_ledger::event::Payment;
use scrip_ledger::{AccountId, Currency, Minted, MintedKind, Money, Token};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::problem::{Code, Problem};
use crate::values::Value;

/// The provider's name in paths and payments.
pub(super) const PROVIDER: &str = "stripe";

/// An event as it comes: its object is read once its type is known.
#[derive(Deserialize)]
pub(super) struct Event {
    /// The provider's id of it: the same however often it is delivered.
    pub(super) id: String,
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Box<RawValue>,
}

/// What an event means here.
#[derive(Debug)]
pub(super) enum Meaning {
    /// Nothing: it is acknowledged.
    Nothing,
    /// A product was paid for.
    TopUp(AccountId, Box<TopUp>),
    /// A period of a subscription was paid for.
    Period(Minted, Box<Payment>),
    /// Something became of a payment.
    Notice {
        /// The provider's id of the payment.
        payment_id: Token,
        /// What.
        what: PaymentChange,
    },
}

/// An object that is named, or stands there as a whole.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Id(String),
    Whole { id: String },
}

impl Named {
    fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Whole { id } => id,
        }
    }
}

type Metadata = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Session {
    payment_intent: Option<Named>,
    payment_status: Option<String>,
    mode: Option<String>,
    amount_total: Option<u64>,
    currency: Option<String>,
    total_details: Option<TotalDetails>,
    metadata: Option<Metadata>,
    payment_method_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TotalDetails {
    #[serde(default)]
    amount_tax: u64,
}

#[derive(Deserialize)]
struct Intent {
    id: String,
    amount_received: u64,
    currency: String,
    metadata: Option<Metadata>,
    payment_method_types: Option<Vec<String>>,
    amount_details: Option<AmountDetails>,
}

#[derive(Deserialize)]
struct AmountDetails {
    tax: Option<IntentTax>,
}

#[derive(Deserialize)]
struct IntentTax {
    total_tax_amount: Option<u64>,
}

#[derive(Deserialize)]
struct Invoice {
    id: String,
    amount_paid: u64,
    currency: String,
    metadata: Option<Metadata>,
    parent: Option<InvoiceParent>,
    subscription_details: Option<SubscriptionDetails>,
    total_taxes: Option<Vec<InvoiceTax>>,
    tax: Option<u64>,
    payment_intent: Option<Named>,
    payments: Option<InvoicePayments>,
}

#[derive(Deserialize)]
struct InvoiceParent {
    subscription_details: Option<SubscriptionDetails>,
}

#[derive(Deserialize)]
struct SubscriptionDetails {
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct InvoiceTax {
    amount: u64,
}

#[derive(Deserialize)]
struct InvoicePayments {
    data: Vec<InvoicePayment>,
}

#[derive(Deserialize)]
struct InvoicePayment {
    payment: PaidBy,
}

#[derive(Deserialize)]
struct PaidBy {
    payment_intent: Option<Named>,
}

#[derive(Deserialize)]
struct Charge {
    id: String,
    amount_refunded: u64,
    currency: String,
    payment_intent: Option<Named>,
}

#[derive(Deserialize)]
struct Dispute {
    id: String,
    amount: u64,
    currency: String,
    status: String,
    charge: Option<Named>,
    payment_intent: Option<Named>,
}

impl Event {
    /// What it means here. What is of no concern is acknowledged, so that it is not sent again.
    pub(super) fn meaning(&self) -> Result<Meaning, Problem> {
        match self.r#type.as_str() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                session(self.object()?)
            }
            "payment_intent.succeeded" => intent(self.object()?),
            "invoice.paid" => invoice(self.object()?),
            "charge.refunded" => {
                let charge: Charge = self.object()?;
                let total = money(&charge.currency, charge.amount_refunded)?;
                notice(charge.payment_intent.as_ref(), &charge.id, PaymentChange::Refunded { total })
            }
            "charge.dispute.created" => {
                let dispute: Dispute = self.object()?;
                let what = PaymentChange::Disputed { dispute: token(&dispute.id, "id")? };
                notice(dispute.payment_intent.as_ref(), dispute.charge(), what)
            }
            "charge.dispute.closed" => {
                let dispute: Dispute = self.object()?;
                let what = PaymentChange::DisputeClosed {
                    dispute: token(&dispute.id, "id")?,
                    // An inquiry that ends without a dispute, or a dispute that was prevented, takes nothing back.
                    won: dispute.status != "lost",
                    amount: Some(money(&dispute.currency, dispute.amount)?),
                };
                notice(dispute.payment_intent.as_ref(), dispute.charge(), what)
            }
            _ => Ok(Meaning::Nothing),
        }
    }

    fn object<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_str(self.data.object.get()).map_err(|error| {
            Problem::new(Code::MALFORMED, format!("this is no object of a {}: {error}", self.r#type))
        })
    }
}

impl Dispute {
    fn charge(&self) -> &str {
        self.charge.as_ref().map(Named::id).unwrap_or_default()
    }
}

/// A payment is named by its intent; one without, from before there were intents, by its charge.
fn notice(intent: Option<&Named>, charge: &str, what: PaymentChange) -> Result<Meaning, Problem> {
    let payment_id = token(intent.map_or(charge, Named::id), "payment_intent")?;
    Ok(Meaning::Notice { payment_id, what })
}

fn session(session: Session) -> Result<Meaning, Problem> {
    let is_paid = session.payment_status.as_deref() == Some("paid");
    let is_payment = session.mode.as_deref().is_none_or(|mode| mode == "payment");
    let (Some(intent), Some(total), Some(currency)) =
        (&session.payment_intent, session.amount_total, &session.currency)
    else {
        return Ok(Meaning::Nothing);
    };
    if !is_paid || !is_payment {
        return Ok(Meaning::Nothing);
    }
    let tax = session.total_details.map_or(0, |details| details.amount_tax);
    let payment = payment(intent.id(), currency, total, tax, session.payment_method_types.as_deref())?;
    top_up(session.metadata.as_ref(), payment)
}

fn intent(intent: Intent) -> Result<Meaning, Problem> {
    let tax = intent.amount_details.and_then(|details| details.tax).and_then(|tax| tax.total_tax_amount);
    let methods = intent.payment_method_types.as_deref();
    let payment = payment(&intent.id, &intent.currency, intent.amount_received, tax.unwrap_or(0), methods)?;
    top_up(intent.metadata.as_ref(), payment)
}

fn invoice(invoice: Invoice) -> Result<Meaning, Problem> {
    let details = invoice.parent.and_then(|parent| parent.subscription_details);
    let of_subscription = details.or(invoice.subscription_details).and_then(|details| details.metadata);
    let mut metadata = [of_subscription, invoice.metadata].into_iter().flatten();
    let Some(subscription) = metadata.find_map(|metadata| metadata.get("subscription_id").cloned()) else {
        return Ok(Meaning::Nothing);
    };
    let subscription = match Minted::read(&subscription) {
        Ok(id) if id.kind == MintedKind::Subscription => id,
        _ => return Err(Problem::new(Code::SUBSCRIPTION_NOT_FOUND, "there is no such subscription")),
    };
    let taxes =
        invoice.total_taxes.map(|taxes| taxes.iter().fold(0, |sum, tax| tax.amount.saturating_add(sum)));
    let tax = taxes.or(invoice.tax).unwrap_or(0);
    let paid_by = invoice.payments.map(|payments| payments.data).unwrap_or_default();
    let intent = paid_by.into_iter().find_map(|paid| paid.payment.payment_intent).or(invoice.payment_intent);
    let id = intent.as_ref().map_or(invoice.id.as_str(), Named::id);
    let payment = payment(id, &invoice.currency, invoice.amount_paid, tax, None)?;
    Ok(Meaning::Period(subscription, Box::new(payment)))
}

fn payment(
    id: &str,
    currency: &str,
    total: u64,
    tax: u64,
    methods: Option<&[String]>,
) -> Result<Payment, Problem> {
    let price = total.checked_sub(tax).ok_or_else(|| {
        Problem::new(Code::INVALID_AMOUNT, "the tax is more than the whole").with("field", "total_details")
    })?;
    let method = methods.and_then(<[String]>::first).map_or("card", String::as_str);
    Ok(Payment {
        provider: token(PROVIDER, "provider")?,
        payment_id: token(id, "payment_intent")?,
        method: token(method, "payment_method_types")?,
        amount: money(currency, price)?,
        tax: if tax == 0 { None } else { Some(money(currency, tax)?) },
        fee: None,
    })
}

/// A payment whose metadata names an account is for a product; any other is none of ours.
fn top_up(metadata: Option<&Metadata>, payment: Payment) -> Result<Meaning, Problem> {
    let Some((metadata, account)) = metadata.and_then(|data| Some((data, data.get("account_id")?))) else {
        return Ok(Meaning::Nothing);
    };
    let read = |key: &str| {
        let missing = || Problem::new(Code::MALFORMED, "the metadata names no such thing");
        let field = format!("metadata.{key}");
        let text = metadata.get(key).ok_or_else(|| missing().with("field", field.clone()))?;
        token(text, &field)
    };
    let top_up =
        TopUp { order_id: read("order_id")?, product_id: read("product_id")?, payment, notices: Vec::new() };
    Ok(Meaning::TopUp(token(account, "metadata.account_id")?, Box::new(top_up)))
}

fn token(text: &str, field: &str) -> Result<Token, Problem> {
    Token::read(text).map_err(|wrong| wrong.at(field))
}

/// An amount in Stripe's minor units as money of ISO 4217.
fn money(code: &str, minor: u64) -> Result<Money, Problem> {
    let wrong = |detail: String| Problem::new(Code::INVALID_AMOUNT, detail).with("field", "currency");
    let currency: Currency = code
        .to_ascii_uppercase()
        .parse()
        .map_err(|error: scrip_ledger::MoneyError| wrong(error.to_string()))?;
    let places = places(currency.code());
    let digits = format!("{minor:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    // Where ISO 4217 has fewer places, Stripe's further ones are zeros.
    let kept = fraction.trim_end_matches('0');
    let text = if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") };
    Money::parse(currency, &text).map_err(|error| wrong(error.to_string()))
}

/// Decimal places of Stripe's minor unit: two, but for the currencies that it names. The króna and the Ugandan
/// shilling have none in ISO 4217 and two here, the ariary has two in ISO 4217 and none here.
fn places(code: &str) -> usize {
    match code {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_are_stripe_s() {
        for (code, minor, expected) in [
            ("usd", 1999, "19.99"),
            ("usd", 5, "0.05"),
            ("usd", 0, "0.00"),
            ("jpy", 1200, "1200"),
            ("krw", 5, "5"),
            ("kwd", 1230, "1.230"),
            ("isk", 500, "5"),
            ("ugx", 500, "5"),
            ("mga", 500, "500.00"),
        ] {
            assert_eq!(money(code, minor).unwrap().amount(), expected, "{code} {minor}");
        }
        assert!(money("isk", 501).is_err());
        assert!(money("zzz", 1).is_err());
    }

    fn read(text: &str) -> Result<Meaning, Problem> {
        serde_json::from_str::<Event>(text).unwrap().meaning()
    }

    #[test]
    fn what_is_not_ours_is_nothing() {
        let event = |kind: &str, object: &str| {
            format!(r#"{{"id":"evt_1","type":"{kind}","data":{{"object":{object}}}}}"#)
        };
        for (kind, object) in [
            ("customer.created", "{}"),
            ("checkout.session.completed", r#"{"payment_status":"unpaid","mode":"payment"}"#),
            ("payment_intent.succeeded", r#"{"id":"pi_1","amount_received":1,"currency":"usd"}"#),
            ("invoice.paid", r#"{"id":"in_1","amount_paid":1,"currency":"usd"}"#),
        ] {
            assert!(matches!(read(&event(kind, object)), Ok(Meaning::Nothing)), "{kind}");
        }
        let code = |kind: &str, object: &str| read(&event(kind, object)).unwrap_err().code().name;
        assert_eq!(code("charge.refunded", "{}"), "malformed");
        let lacking = r#"{"id":"pi_1","amount_received":1,"currency":"usd","metadata":{"account_id":"a"}}"#;
        assert_eq!(code("payment_intent.succeeded", lacking), "malformed");
    }
}
