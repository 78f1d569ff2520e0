//! Payment providers' webhooks: a signature in place of a token, and an event that is applied once, however often, in
//! whatever order and however late it is delivered.

mod signature;
mod stripe;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use compact_str::CompactString;
use scrip_engine::{BookScope, EngineError, IdempotencyKey, Notice, Noticed, fingerprint};
use scrip_ledger::command::PayPeriod;
use scrip_ledger::event::Payment;
use scrip_ledger::{AccountId, BookId, Command, Refusal, Token};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, Shared};
use crate::observe::RequestId;
use crate::problem::{Code, Problem, Problems};
use crate::values::Value;
use crate::{body, limits};
use signature::Rejected;
use stripe::Meaning;

const SIGNATURE: &str = "stripe-signature";

/// What a provider hears of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookAnswer)]
pub(crate) struct WebhookAnswer {
    /// Always true.
    received: bool,
    /// Whether it changed anything: not if it says nothing new, or nothing that is of concern here.
    applied: bool,
    /// It came before its payment: it is kept, and applied when the payment is known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    kept: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<crate::values::Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
}

impl WebhookAnswer {
    const fn nothing() -> Self {
        Self { received: true, applied: false, kept: false, account_id: None, position: None, revision: None }
    }

    fn of(done: &scrip_engine::Accepted) -> Self {
        Self {
            applied: !done.replayed,
            account_id: Some(done.account.clone().into()),
            position: Some(done.position),
            revision: Some(done.revision()),
            ..Self::nothing()
        }
    }
}

/// Where an event came in.
struct Delivery {
    book: BookId,
    /// The actor of the events that it leads to.
    subject: Token,
    /// The provider's id of the event: its idempotency key.
    key: Token,
    correlation: CompactString,
}

/// Take in an event of a payment provider. Signed by the provider; no token.
#[utoipa::path(post, path = "/v1/webhooks/{provider}/{book}", tag = "webhooks", operation_id = "takeWebhook",
    params(("provider" = String, Path, description = "`stripe`."),
        ("book" = String, Path, description = "The book."),
        ("Stripe-Signature" = String, Header, description = "`t=…,v1=…`, of the provider.")),
    request_body(content = String, content_type = "application/json", description = "The provider's event, as it came."),
    responses((status = 200, body = WebhookAnswer), Problems), security(()))]
pub(crate) async fn take(
    State(app): Shared,
    Path((provider, book)): Path<(String, String)>,
    request: Request,
) -> Result<Json<WebhookAnswer>, Problem> {
    let (mut parts, body) = request.into_parts();
    let bytes = body::read(body, limits::BODY).await?;
    let book = Token::read(&book).map_err(|wrong| wrong.at("book"))?;
    if provider != stripe::PROVIDER || app.engine.book(&book).is_none() {
        return Err(Problem::new(Code::NOT_FOUND, "there is no webhook of this provider and book"));
    }
    app.check_signature(&parts.headers, &bytes, &book)?;
    let event: stripe::Event =
        serde_json::from_slice(&bytes).map_err(|error| Problem::new(Code::MALFORMED, error.to_string()))?;
    let delivery = Delivery {
        book,
        subject: Token::read("webhook-stripe").map_err(|wrong| wrong.at("provider"))?,
        key: Token::read(&event.id).map_err(|wrong| wrong.at("id"))?,
        correlation: parts.extensions.remove::<RequestId>().map(|id| id.0).unwrap_or_default(),
    };
    app.apply(delivery, event.meaning()?).await.map(Json)
}

impl App {
    fn check_signature(&self, headers: &HeaderMap, body: &[u8], book: &BookId) -> Result<(), Problem> {
        let header = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let secrets = self.webhook_secrets(stripe::PROVIDER, book);
        match signature::verify(header, body, secrets, self.engine.clock().now()) {
            Ok(()) => Ok(()),
            Err(Rejected::Bad) => {
                self.metrics.bad_signature();
                Err(Problem::new(Code::BAD_SIGNATURE, "no signature is of a secret of this webhook"))
            }
            Err(Rejected::Stale) => {
                self.metrics.stale_signature();
                Err(Problem::new(Code::STALE_SIGNATURE, "the signature's time is more than 5 minutes away"))
            }
        }
    }

    async fn apply(&self, delivery: Delivery, meaning: Meaning) -> Result<WebhookAnswer, Problem> {
        match meaning {
            Meaning::Nothing => Ok(WebhookAnswer::nothing()),
            Meaning::TopUp(account, top_up) => {
                let payment = top_up.payment.clone();
                self.pay(delivery, account, &payment, Command::TopUp(*top_up)).await
            }
            Meaning::Period(subscription, payment) => {
                let pay = PayPeriod {
                    subscription: subscription.revision,
                    payment: (*payment).clone(),
                    notices: Vec::new(),
                };
                self.pay(delivery, subscription.account, &payment, Command::PayPeriod(pay)).await
            }
            Meaning::Notice { payment_id, what } => {
                let Delivery { book, subject, key, correlation } = delivery;
                let provider = Token::read(stripe::PROVIDER).map_err(|wrong| wrong.at("provider"))?;
                let notice = Notice { book, provider, payment_id, what, subject, key, correlation };
                match self.engine.notice(notice).await? {
                    Noticed::Applied(done) => Ok(WebhookAnswer::of(&done)),
                    Noticed::Kept => Ok(WebhookAnswer { kept: true, ..WebhookAnswer::nothing() }),
                    Noticed::Known => Ok(WebhookAnswer::nothing()),
                }
            }
        }
    }

    /// Credits for a payment, unless it brought some before.
    async fn pay(
        &self,
        delivery: Delivery,
        account: AccountId,
        payment: &Payment,
        command: Command,
    ) -> Result<WebhookAnswer, Problem> {
        let (history, book) = (self.engine.history(), delivery.book.clone());
        let (provider, payment_id) = (payment.provider.clone(), payment.payment_id.clone());
        let was_used = move || history.payment_was_used(&book, &provider, &payment_id);
        if self.blocking(was_used).await?? {
            return Ok(WebhookAnswer::nothing());
        }
        let key = IdempotencyKey {
            operation: "webhook",
            key: delivery.key,
            fingerprint: fingerprint(account.as_str(), &command),
        };
        let request = scrip_engine::Request {
            account,
            command,
            subject: delivery.subject,
            books: BookScope::Some([delivery.book].into()),
            key: Some(key),
            correlation: delivery.correlation,
        };
        match self.engine.submit(request).await {
            Ok(done) => Ok(WebhookAnswer::of(&done)),
            Err(EngineError::Refused(Refusal::PaymentAlreadyUsed)) => Ok(WebhookAnswer::nothing()),
            Err(error) => Err(error.into()),
        }
    }
}
