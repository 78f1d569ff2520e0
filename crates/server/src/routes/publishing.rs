//! Changes of a book: versions of its catalog and policy, campaigns, the end of the service, closed periods. Notice is given when they
//! are recorded, never at a time that a caller states.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::{BookAccepted, BookRequest, IdempotencyKey, fingerprint};
use scrip_ledger::book::event::BookEvent;
use scrip_ledger::book::{BookCommand, Draft};
use scrip_ledger::{BookId, Timestamp, Token};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::app::{App, Shared};
use crate::body;
use crate::call::Call;
use crate::command::{json, write};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{Id, IdIn, Time, TimeIn, Value, optional};

/// A whole version of a book's catalog or policy, or a campaign; what else stands in it, `docs/books.md` says.
#[derive(ToSchema)]
#[schema(as = Draft)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct DraftShape {
    /// The number of the version: the latest and one more, and that without it. A campaign has none.
    version: Option<u32>,
    /// When it takes effect; now without it.
    effective_at: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = Shutdown)]
pub(crate) struct ShutdownBody {
    /// A reason code.
    reason: IdIn,
    /// When the service ends; now without it.
    effective_at: Option<TimeIn>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ClosePeriod)]
pub(crate) struct ClosePeriodBody {
    /// When the period ended: not in the future, and later than the end of the last one. That instant is in the next period.
    until: TimeIn,
}

/// What was announced.
#[derive(Serialize, ToSchema)]
#[schema(as = Announced)]
pub(crate) struct AnnouncedAnswer {
    book: Id,
    /// Of a catalog or a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// Of a campaign: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<Id>,
    /// Of the end of a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    /// Of a closed period: when it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    /// When it was recorded: when its notice was given.
    announced_at: Time,
    /// When it takes effect.
    effective_at: Time,
    /// When it takes effect for accounts that were subscribed when it was announced, where that is later.
    #[serde(skip_serializing_if = "Option::is_none")]
    for_subscribed_at: Option<Time>,
    position: u64,
    /// Of the book's stream.
    revision: u64,
}

impl AnnouncedAnswer {
    fn of(done: BookAccepted) -> Self {
        let (mut version, mut campaign, mut reason, mut until, mut later) = Default::default();
        match done.event {
            BookEvent::CatalogPublished(it) => (version, later) = (Some(it.version), it.for_subscribed_at),
            BookEvent::PolicyPublished(it) => (version, later) = (Some(it.version), it.for_subscribed_at),
            BookEvent::CampaignPublished(it) => campaign = Some(it.document.id),
            BookEvent::ShutdownAnnounced(it) => reason = Some(it.reason),
            BookEvent::PeriodClosed(it) => until = Some(it.until),
        }
        Self {
            book: done.book.into(),
            version,
            campaign: campaign.map(Id::from),
            reason: reason.map(Id::from),
            until: until.map(Time::from),
            announced_at: done.announced_at.into(),
            effective_at: done.effective_at.into(),
            for_subscribed_at: later.map(Time::from),
            position: done.position,
            revision: done.revision,
        }
    }
}

impl App {
    /// Carries out one command to a book.
    async fn change_book(
        &self,
        book: &str,
        call: &Call,
        operation: &'static str,
        right: Right,
        command: impl FnOnce(&[u8]) -> Result<BookCommand, Problem>,
    ) -> Result<Response, Problem> {
        call.caller.may(right)?;
        let book =
            BookId::new(book).map_err(|_| Problem::new(Code::BOOK_NOT_FOUND, "there is no such book"))?;
        let key: Token = call.key()?;
        let command = command(&call.body)?;
        let fingerprint = fingerprint(book.as_str(), &command);
        let request = BookRequest {
            book,
            command,
            subject: call.caller.subject.clone(),
            books: call.caller.books.clone(),
            key: IdempotencyKey { operation, key, fingerprint },
            correlation: call.correlation.clone(),
        };
        let done = self.engine.publish(request).await?;
        let replayed = done.replayed;
        let mut body = Vec::with_capacity(512);
        write(&AnnouncedAnswer::of(done), &mut body)?;
        Ok(json(StatusCode::CREATED, body, replayed))
    }
}

/// Takes a document apart from when it takes effect.
fn draft(bytes: &[u8]) -> Result<Draft, Problem> {
    let mut document: Json = body::parse(bytes)?;
    let Some(members) = document.as_object_mut() else {
        return Err(Problem::new(Code::MALFORMED, "a document is a JSON object"));
    };
    let effective_at = match members.remove("effective_at") {
        None => None,
        Some(Json::String(time)) => Some(Timestamp::read(&time).map_err(|wrong| wrong.at("effective_at"))?),
        Some(_) => {
            return Err(Problem::new(Code::MALFORMED, "a time is a string").with("field", "effective_at"));
        }
    };
    Ok(Draft { document, effective_at })
}

/// Publish a whole version of the catalog.
#[utoipa::path(post, path = "/v1/books/{book}/catalogs", tag = "books", operation_id = "publishCatalog",
    params(("book" = String, Path, description = "The book."), KeyHeader), request_body = DraftShape,
    responses((status = 201, body = AnnouncedAnswer), Problems))]
pub(crate) async fn catalog(
    State(app): Shared,
    Path(book): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    let command = |body: &[u8]| Ok(BookCommand::PublishCatalog(draft(body)?));
    app.change_book(&book, &call, "publish_catalog", Right::Terms, command).await
}

/// Publish a whole version of the policy.
#[utoipa::path(post, path = "/v1/books/{book}/policies", tag = "books", operation_id = "publishPolicy",
    params(("book" = String, Path, description = "The book."), KeyHeader), request_body = DraftShape,
    responses((status = 201, body = AnnouncedAnswer), Problems))]
pub(crate) async fn policy(
    State(app): Shared,
    Path(book): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    let command = |body: &[u8]| Ok(BookCommand::PublishPolicy(draft(body)?));
    app.change_book(&book, &call, "publish_policy", Right::Terms, command).await
}

/// Publish a campaign, or change one.
#[utoipa::path(post, path = "/v1/books/{book}/campaigns", tag = "books", operation_id = "publishCampaign",
    params(("book" = String, Path, description = "The book."), KeyHeader), request_body = DraftShape,
    responses((status = 201, body = AnnouncedAnswer), Problems))]
pub(crate) async fn campaign(
    State(app): Shared,
    Path(book): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    let command = |body: &[u8]| Ok(BookCommand::PublishCampaign(draft(body)?));
    app.change_book(&book, &call, "publish_campaign", Right::Campaigns, command).await
}

/// Announce the end of the service: nothing can be bought from now on, and every account closes then.
#[utoipa::path(post, path = "/v1/books/{book}/shutdown", tag = "books", operation_id = "shutDown",
    params(("book" = String, Path, description = "The book."), KeyHeader), request_body = ShutdownBody,
    responses((status = 201, body = AnnouncedAnswer), Problems))]
pub(crate) async fn shutdown(
    State(app): Shared,
    Path(book): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    let command = |bytes: &[u8]| {
        let ShutdownBody { reason, effective_at } = body::parse(bytes)?;
        let effective_at = optional(effective_at, "effective_at")?;
        Ok(BookCommand::Shutdown { reason: reason.get("reason")?, effective_at })
    };
    app.change_book(&book, &call, "shutdown", Right::Terms, command).await
}

/// Close the period up to a time: its entries stand, and what is recorded of it later is booked in the open period.
#[utoipa::path(post, path = "/v1/books/{book}/periods/close", tag = "books", operation_id = "closePeriod",
    params(("book" = String, Path, description = "The book."), KeyHeader), request_body = ClosePeriodBody,
    responses((status = 201, body = AnnouncedAnswer), Problems))]
pub(crate) async fn close_period(
    State(app): Shared,
    Path(book): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    let command = |bytes: &[u8]| {
        let ClosePeriodBody { until } = body::parse(bytes)?;
        Ok(BookCommand::ClosePeriod { until: until.get("until")? })
    };
    app.change_book(&book, &call, "close_period", Right::Periods, command).await
}
