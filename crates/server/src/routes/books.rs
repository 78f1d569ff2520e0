//! Books: what is sold, at which rates, by which policy.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use scrip_ledger::book::{Book, Catalog, Policy, Version};
use scrip_ledger::{BookId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::openapi::ListOf;
use crate::paging::List;
use crate::problem::{Code, Problem, Problems};
use crate::read::{Params, Since, time};
use crate::refusals::forbidden_book;
use crate::rights::Right;
use crate::values::{Id, Time};

#[derive(Serialize, ToSchema)]
#[schema(as = Book)]
pub(crate) struct BookItem {
    book: Id,
    catalog_version: u32,
    policy_version: u32,
}

/// Terms of a book, and since when they are in force.
#[derive(Serialize)]
pub(crate) struct InForce<T> {
    book: Id,
    effective_at: Time,
    #[serde(flatten)]
    terms: T,
    as_of_position: u64,
}

/// A version of a book's catalog or policy; what else stands in it, `docs/books.md` says.
#[derive(ToSchema)]
#[schema(as = Terms)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct TermsShape {
    book: String,
    version: u32,
    effective_at: String,
    as_of_position: u64,
}

/// Which version of a book's terms.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct At {
    /// In force at this time; now without it.
    at: Option<String>,
    /// In force for this account, where notice is owed to some.
    account_id: Option<String>,
}

impl App {
    /// A book that the caller may read, and the time that it is asked about.
    fn book(&self, caller: &Principal, id: &str, at: &At) -> Result<(Arc<Book>, Option<Timestamp>), Problem> {
        caller.may(Right::ReadAll)?;
        let unknown = || Problem::new(Code::BOOK_NOT_FOUND, "there is no such book");
        let id = BookId::new(id).map_err(|_| unknown())?;
        if !caller.books.allows(&id) {
            return Err(forbidden_book(&id));
        }
        let asked = time(at.at.as_deref(), "at")?;
        at.account_id.as_deref().map(crate::command::account_id).transpose()?;
        Ok((self.engine.book(&id).ok_or_else(unknown)?, asked))
    }
}

/// The version that was asked for: at a time, or now.
fn version<T>(found: Option<&Version<T>>) -> Result<&Version<T>, Problem> {
    found.ok_or_else(|| {
        Problem::new(Code::INVALID_TIME, "the book's first version came into force after this time")
    })
}

/// The books that the token is for.
#[utoipa::path(get, path = "/v1/books", tag = "books", operation_id = "listBooks", params(Since),
    responses((status = 200, body = inline(ListOf<BookItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    caller: Principal,
    Params(since): Params<Since>,
) -> Result<Json<List<BookItem>>, Problem> {
    caller.may(Right::ReadAll)?;
    since.wait(&app).await?;
    let now = app.engine.clock().now();
    let books = app.engine.books().into_iter().filter(|book| caller.books.allows(&book.id));
    let items = books.map(|book| BookItem {
        book: book.id.clone().into(),
        catalog_version: book.catalog(now).version,
        policy_version: book.policy(now).version,
    });
    Ok(Json(List { items: items.collect(), next: None, as_of_position: app.position().await? }))
}

/// The catalog in force: products and rates.
#[utoipa::path(get, path = "/v1/books/{book}/catalog", tag = "books", operation_id = "getCatalog",
    params(("book" = String, Path, description = "The book."), At),
    responses((status = 200, body = TermsShape), Problems))]
pub(crate) async fn catalog(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Params(at): Params<At>,
) -> Result<Json<InForce<Catalog>>, Problem> {
    let (book, asked) = app.book(&caller, &id, &at)?;
    let version = version(book.catalog_at(asked.unwrap_or_else(|| app.engine.clock().now())))?;
    Ok(Json(InForce {
        book: book.id.clone().into(),
        effective_at: version.effective_at.into(),
        terms: version.terms.clone(),
        as_of_position: app.position().await?,
    }))
}

/// The policy in force: how the book's terms decide.
#[utoipa::path(get, path = "/v1/books/{book}/policy", tag = "books", operation_id = "getPolicy",
    params(("book" = String, Path, description = "The book."), At),
    responses((status = 200, body = TermsShape), Problems))]
pub(crate) async fn policy(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Params(at): Params<At>,
) -> Result<Json<InForce<Policy>>, Problem> {
    let (book, asked) = app.book(&caller, &id, &at)?;
    let version = version(book.policy_at(asked.unwrap_or_else(|| app.engine.clock().now())))?;
    Ok(Json(InForce {
        book: book.id.clone().into(),
        effective_at: version.effective_at.into(),
        terms: version.terms.clone(),
        as_of_position: app.position().await?,
    }))
}
