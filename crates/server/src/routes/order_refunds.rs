//! Refunds of orders: asked for, supported, decided, paid out. Which account an order is of, its own stream says.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::Evidence;
use scrip_ledger::{AccountId, BookId, Command, MintedKind, Money, Token, command};
use serde::Deserialize;
use utoipa::ToSchema;

use super::refund_answers::{RefundAnswer, answer};
use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::body;
use crate::call::Call;
use crate::command::{Asked, At, Operation, json, minted, render};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::refusals::forbidden_book;
use crate::rights::Right;
use crate::values::{IdIn, MoneyIn, Name, optional};

/// Ask for an order's money back.
pub(crate) struct RequestRefund;
/// Bring more evidence.
pub(crate) struct AddEvidence;
/// Approve a refund.
pub(crate) struct Approve;
/// Deny a refund.
pub(crate) struct Deny;
/// Record that it was paid out.
pub(crate) struct Paid;
/// Record that it could not be paid out.
pub(crate) struct Failed;

#[derive(Deserialize, ToSchema)]
#[schema(as = RequestRefund)]
pub(crate) struct RequestBody {
    /// Why, as a code.
    cause: IdIn,
    /// What supports it.
    #[serde(default)]
    evidence: Vec<EvidenceBody>,
    /// The book, where several have an order of this id.
    book: Option<IdIn>,
    /// The account, where the order's credits have moved to another one.
    account_id: Option<IdIn>,
}

/// Something that supports a request.
#[derive(Deserialize, ToSchema)]
#[schema(as = EvidenceInput)]
pub(crate) struct EvidenceBody {
    /// What it is, as a code.
    kind: IdIn,
    /// Where the service keeps it: opaque.
    #[serde(alias = "reference")]
    r#ref: IdIn,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = AddRefundEvidence)]
pub(crate) struct EvidenceListBody {
    /// What supports it.
    evidence: Vec<EvidenceBody>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ApproveRefund)]
pub(crate) struct ApproveBody {
    /// What was agreed on, before tax and fees: where the amount is negotiated, and nowhere else.
    amount: Option<MoneyBody>,
}

/// An amount of money as given.
#[derive(Deserialize, ToSchema)]
#[schema(as = MoneyInput)]
pub(crate) struct MoneyBody {
    /// ISO 4217.
    #[schema(value_type = String, example = "USD")]
    currency: Name,
    /// With the currency's minor units.
    amount: MoneyIn,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = DenyRefund)]
pub(crate) struct DenyBody {
    /// Why, as a code.
    reason: IdIn,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PayRefund)]
pub(crate) struct PaidBody {
    /// The payment, kept elsewhere.
    #[serde(alias = "reference")]
    r#ref: Option<IdIn>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = FailRefund)]
pub(crate) struct FailedBody {
    /// Why, as a code.
    reason: IdIn,
}

impl EvidenceBody {
    fn read(given: Vec<Self>) -> Result<Vec<Evidence>, Problem> {
        let read = |(at, piece): (usize, Self)| {
            Ok(Evidence {
                kind: piece.kind.get(&format!("evidence[{at}].kind"))?,
                reference: piece.r#ref.get(&format!("evidence[{at}].ref"))?,
            })
        };
        given.into_iter().enumerate().map(read).collect()
    }
}

impl MoneyBody {
    fn read(self, field: &str) -> Result<Money, Problem> {
        let wrong = |error: scrip_ledger::MoneyError| {
            Problem::new(Code::INVALID_AMOUNT, error.to_string()).with("field", field)
        };
        let currency = self.currency.parse().map_err(wrong)?;
        Money::parse(currency, self.amount.get(field)?.as_str()).map_err(wrong)
    }
}

fn refund(at: &At<'_>) -> Result<scrip_ledger::Minted, Problem> {
    minted(at.id, MintedKind::OrderRefund, Code::REFUND_NOT_FOUND)
}

impl Operation for RequestRefund {
    const NAME: &'static str = "request_refund";
    const RIGHT: Right = Right::RefundRequests;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = RequestBody;
    type Answer<'a> = RefundAnswer<'a>;

    /// `id` is the account's, `part` the order's.
    fn ask(at: &At<'_>, body: RequestBody) -> Result<Asked, Problem> {
        let request = command::RequestRefund {
            order_id: IdIn::read(at.part.unwrap_or_default()).get("order_id")?,
            cause: body.cause.get("cause")?,
            evidence: EvidenceBody::read(body.evidence)?,
            by: at.caller.subject.clone(),
        };
        Ok(Asked::of(at.account()?, Command::RequestRefund(request)))
    }

    fn answer(done: &Accepted) -> Option<RefundAnswer<'_>> {
        answer(done)
    }
}

impl Operation for AddEvidence {
    const NAME: &'static str = "add_refund_evidence";
    const RIGHT: Right = Right::RefundRequests;
    type Body = EvidenceListBody;
    type Answer<'a> = RefundAnswer<'a>;

    fn ask(at: &At<'_>, body: EvidenceListBody) -> Result<Asked, Problem> {
        let refund = refund(at)?;
        let add = command::AddRefundEvidence {
            refund: refund.revision,
            evidence: EvidenceBody::read(body.evidence)?,
            by: at.caller.subject.clone(),
        };
        Ok(Asked::of(refund.account, Command::AddRefundEvidence(add)))
    }

    fn answer(done: &Accepted) -> Option<RefundAnswer<'_>> {
        answer(done)
    }
}

impl Operation for Approve {
    const NAME: &'static str = "approve_refund";
    const RIGHT: Right = Right::RefundDecisions;
    type Body = ApproveBody;
    type Answer<'a> = RefundAnswer<'a>;

    fn ask(at: &At<'_>, body: ApproveBody) -> Result<Asked, Problem> {
        let refund = refund(at)?;
        let approve = command::ApproveRefund {
            refund: refund.revision,
            amount: body.amount.map(|amount| amount.read("amount")).transpose()?,
            by: at.caller.subject.clone(),
        };
        Ok(Asked::of(refund.account, Command::ApproveRefund(approve)))
    }

    fn answer(done: &Accepted) -> Option<RefundAnswer<'_>> {
        answer(done)
    }
}

impl Operation for Deny {
    const NAME: &'static str = "deny_refund";
    const RIGHT: Right = Right::RefundDecisions;
    type Body = DenyBody;
    type Answer<'a> = RefundAnswer<'a>;

    fn ask(at: &At<'_>, body: DenyBody) -> Result<Asked, Problem> {
        let refund = refund(at)?;
        let deny = command::DenyRefund {
            refund: refund.revision,
            reason: body.reason.get("reason")?,
            by: at.caller.subject.clone(),
        };
        Ok(Asked::of(refund.account, Command::DenyRefund(deny)))
    }

    fn answer(done: &Accepted) -> Option<RefundAnswer<'_>> {
        answer(done)
    }
}

impl Operation for Paid {
    const NAME: &'static str = "pay_refund";
    const RIGHT: Right = Right::RefundDecisions;
    type Body = PaidBody;
    type Answer<'a> = RefundAnswer<'a>;

    fn ask(at: &At<'_>, body: PaidBody) -> Result<Asked, Problem> {
        let refund = refund(at)?;
        let reference = optional(body.r#ref, "ref")?;
        let by = at.caller.subject.clone();
        Ok(Asked::of(refund.account, Command::PayRefund { refund: refund.revision, reference, by }))
    }

    fn answer(done: &Accepted) -> Option<RefundAnswer<'_>> {
        answer(done)
    }
}

impl Operation for Failed {
    const NAME: &'static str = "fail_refund";
    const RIGHT: Right = Right::RefundDecisions;
    type Body = FailedBody;
    type Answer<'a> = RefundAnswer<'a>;

    fn ask(at: &At<'_>, body: FailedBody) -> Result<Asked, Problem> {
        let refund = refund(at)?;
        let reason = body.reason.get("reason")?;
        let by = at.caller.subject.clone();
        Ok(Asked::of(refund.account, Command::FailRefund { refund: refund.revision, reason, by }))
    }

    fn answer(done: &Accepted) -> Option<RefundAnswer<'_>> {
        answer(done)
    }
}

impl App {
    /// The account that an order is of, among the books that the caller may use.
    async fn account_of_order(
        &self,
        caller: &Principal,
        order_id: Token,
        book: Option<BookId>,
    ) -> Result<AccountId, Problem> {
        if let Some(book) = book.as_ref().filter(|book| !caller.books.allows(book)) {
            return Err(forbidden_book(book));
        }
        let named = |id: &BookId| book.as_ref().is_none_or(|book| book == id) && caller.books.allows(id);
        let books: Vec<BookId> =
            self.engine.books().iter().map(|book| book.id.clone()).filter(named).collect();
        let history = self.engine.history();
        let find = move || -> Result<Vec<AccountId>, _> {
            let found: Result<Vec<_>, _> =
                books.iter().map(|book| history.account_of_order(book, &order_id)).collect();
            found.map(|found| found.into_iter().flatten().collect())
        };
        let mut found = self.blocking(find).await??.into_iter();
        match (found.next(), found.next()) {
            (Some(account), None) => Ok(account),
            (None, _) => Err(Problem::new(Code::ORDER_NOT_FOUND, "there is no such order")),
            (Some(_), Some(_)) => {
                let detail = "several books have an order of this id: name the book or the account_id";
                Err(Problem::new(Code::MALFORMED, detail).with("field", "book"))
            }
        }
    }
}

/// Ask for an order's money back.
#[utoipa::path(post, path = "/v1/orders/{order_id}/refund-requests", tag = "refunds", operation_id = "requestRefund",
    params(("order_id" = String, Path, description = "The order."), KeyHeader), request_body = RequestBody,
    responses((status = 201, body = RefundAnswer<'static>), Problems))]
pub(crate) async fn request(
    State(app): Shared,
    Path(order_id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    call.caller.may(Right::RefundRequests)?;
    let order = IdIn::read(&order_id).get("order_id")?;
    let given: RequestBody = body::parse(&call.body)?;
    let account = match optional(given.account_id, "account_id")? {
        Some(account) => account,
        None => app.account_of_order(&call.caller, order, optional(given.book, "book")?).await?,
    };
    let done = app.submit::<RequestRefund>(account.as_str(), Some(&order_id), None, &call).await?;
    let mut body = Vec::with_capacity(512);
    render::<RequestRefund>(&done, &mut body)?;
    Ok(json(RequestRefund::STATUS, body, done.replayed))
}

/// Bring more evidence for a refund.
#[utoipa::path(post, path = "/v1/refunds/{refund_id}/evidence", tag = "refunds", operation_id = "addRefundEvidence",
    params(("refund_id" = String, Path, description = "The refund."), KeyHeader), request_body = EvidenceListBody,
    responses((status = 200, body = RefundAnswer<'static>), Problems))]
pub(crate) async fn evidence(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<AddEvidence>(&id, call).await
}

/// Approve a refund. Its amount is fixed at once, unless it waits for holds on the order's lots.
#[utoipa::path(post, path = "/v1/refunds/{refund_id}/approve", tag = "refunds", operation_id = "approveRefund",
    params(("refund_id" = String, Path, description = "The refund."), KeyHeader), request_body = ApproveBody,
    responses((status = 200, body = RefundAnswer<'static>), Problems))]
pub(crate) async fn approve(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Approve>(&id, call).await
}

/// Deny a refund.
#[utoipa::path(post, path = "/v1/refunds/{refund_id}/deny", tag = "refunds", operation_id = "denyRefund",
    params(("refund_id" = String, Path, description = "The refund."), KeyHeader), request_body = DenyBody,
    responses((status = 200, body = RefundAnswer<'static>), Problems))]
pub(crate) async fn deny(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Deny>(&id, call).await
}

/// Record that a refund, or a withdrawal, was paid out.
#[utoipa::path(post, path = "/v1/refunds/{refund_id}/paid", tag = "refunds", operation_id = "payRefund",
    params(("refund_id" = String, Path, description = "The refund."), KeyHeader), request_body = PaidBody,
    responses((status = 200, body = RefundAnswer<'static>), Problems))]
pub(crate) async fn paid(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Paid>(&id, call).await
}

/// Record that a refund, or a withdrawal, could not be paid out: the credits are the holder's again.
#[utoipa::path(post, path = "/v1/refunds/{refund_id}/failed", tag = "refunds", operation_id = "failRefund",
    params(("refund_id" = String, Path, description = "The refund."), KeyHeader), request_body = FailedBody,
    responses((status = 200, body = RefundAnswer<'static>), Problems))]
pub(crate) async fn failed(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Failed>(&id, call).await
}
