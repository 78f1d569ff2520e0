//! Books: what is sold, at which rates, by which policy.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use scrip_ledger::book::{Book, Campaign, Catalog, Policy, ShutdownNotice, Version};
use scrip_ledger::{Account, BookId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::format::{Answer, Listing, Wanted};
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
    /// The end of the service, if it was announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    shutdown: Option<EndOfService>,
    /// The end of the latest period that was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_until: Option<Time>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EndOfService {
    /// A reason code.
    reason: Id,
    announced_at: Time,
    effective_at: Time,
}

/// A version of a book's catalog or policy: when its notice was given, and since when it is in force.
#[derive(Serialize, ToSchema)]
#[schema(as = Version)]
pub(crate) struct VersionItem {
    version: u32,
    announced_at: Time,
    effective_at: Time,
    /// Since when it is in force for accounts that were subscribed when it was announced, where that is later.
    #[serde(skip_serializing_if = "Option::is_none")]
    for_subscribed_at: Option<Time>,
}

/// A campaign as it was announced at a time.
#[derive(Serialize)]
pub(crate) struct CampaignItem {
    announced_at: Time,
    effective_at: Time,
    #[serde(flatten)]
    campaign: Campaign,
}

/// A campaign as it was announced at a time; what else stands in it, `docs/books.md` says.
#[derive(ToSchema)]
#[schema(as = Campaign)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct CampaignShape {
    id: String,
    announced_at: String,
    effective_at: String,
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

/// What a query about a book's terms asks for.
struct Asked {
    book: Arc<Book>,
    at: Timestamp,
    account: Option<Account>,
}

impl App {
    /// A book that the caller may read.
    pub(super) fn book(&self, caller: &Principal, id: &str) -> Result<Arc<Book>, Problem> {
        caller.may(Right::ReadAll)?;
        let unknown = || Problem::new(Code::BOOK_NOT_FOUND, "there is no such book");
        let id = BookId::new(id).map_err(|_| unknown())?;
        if !caller.books.allows(&id) {
            return Err(forbidden_book(&id));
        }
        self.engine.book(&id).ok_or_else(unknown)
    }

    /// The same, once it knows what the caller's position asks for. Who may not read it does not wait.
    async fn book_since(&self, caller: &Principal, id: &str, since: &Since) -> Result<Arc<Book>, Problem> {
        self.book(caller, id)?;
        since.wait(self).await?;
        self.book(caller, id)
    }

    /// A book that the caller may read, the time that it is asked about, and the account that it is asked for.
    async fn asked(&self, caller: &Principal, id: &str, at: &At) -> Result<Asked, Problem> {
        let book = self.book(caller, id)?;
        let time = time(at.at.as_deref(), "at")?.unwrap_or_else(|| self.engine.clock().now());
        let account = match &at.account_id {
            None => None,
            Some(id) => {
                let stand = self.stand_now(caller, Right::ReadAll, id, &Since::default()).await?;
                if stand.account.book() != Some(&book.id) {
                    return Err(Problem::new(Code::ACCOUNT_NOT_FOUND, "the book has no such account"));
                }
                Some(stand.account)
            }
        };
        Ok(Asked { book, at: time, account })
    }

    /// The history of something of a book.
    async fn history_of<T, U>(
        &self,
        versions: &[Version<T>],
        item: impl Fn(&Version<T>) -> U,
        answer: Answer,
    ) -> Result<List<U>, Problem> {
        let items = versions.iter().map(item).collect();
        Ok(List::new(answer, items, None, self.position().await?))
    }
}

fn item<T>(version: &Version<T>, number: u32) -> VersionItem {
    VersionItem {
        version: number,
        announced_at: version.announced_at.into(),
        effective_at: version.effective_at.into(),
        for_subscribed_at: version.for_subscribed_at.map(Time::from),
    }
}

impl From<&ShutdownNotice> for EndOfService {
    fn from(notice: &ShutdownNotice) -> Self {
        Self {
            reason: notice.reason.clone().into(),
            announced_at: notice.announced_at.into(),
            effective_at: notice.effective_at.into(),
        }
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
    wanted: Wanted,
    Params(since): Params<Since>,
) -> Result<List<BookItem>, Problem> {
    caller.may(Right::ReadAll)?;
    since.wait(&app).await?;
    let now = app.engine.clock().now();
    let books = app.engine.books().into_iter().filter(|book| caller.books.allows(&book.id));
    let items = books.map(|book| BookItem {
        book: book.id.clone().into(),
        catalog_version: book.catalog(now).version,
        policy_version: book.policy(now).version,
        shutdown: book.shutdown().map(EndOfService::from),
        closed_until: book.closed_until().map(Time::from),
    });
    Ok(List::new(Answer::new(wanted, Listing::BOOKS), items.collect(), None, app.position().await?))
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
    let Asked { book, at, account } = app.asked(&caller, &id, &at).await?;
    let found = match &account {
        Some(account) => book.catalog_for_at(account, at),
        None => book.catalog_at(at),
    };
    let version = version(found)?;
    let effective_at = account.map_or(version.effective_at, |account| version.effective_for(&account));
    Ok(Json(InForce {
        book: book.id.clone().into(),
        effective_at: effective_at.into(),
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
    let Asked { book, at, .. } = app.asked(&caller, &id, &at).await?;
    let version = version(book.policy_at(at))?;
    Ok(Json(InForce {
        book: book.id.clone().into(),
        effective_at: version.effective_at.into(),
        terms: version.terms.clone(),
        as_of_position: app.position().await?,
    }))
}

/// Every version of the catalog that was announced, oldest first.
#[utoipa::path(get, path = "/v1/books/{book}/catalogs", tag = "books", operation_id = "listCatalogs",
    params(("book" = String, Path, description = "The book."), Since),
    responses((status = 200, body = inline(ListOf<VersionItem>)), Problems))]
pub(crate) async fn catalogs(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    wanted: Wanted,
    Params(since): Params<Since>,
) -> Result<List<VersionItem>, Problem> {
    let book = app.book_since(&caller, &id, &since).await?;
    app.history_of(
        book.catalogs(),
        |version| item(version, version.terms.version),
        Answer::new(wanted, Listing::CATALOGS),
    )
    .await
}

/// Every version of the policy that was announced, oldest first.
#[utoipa::path(get, path = "/v1/books/{book}/policies", tag = "books", operation_id = "listPolicies",
    params(("book" = String, Path, description = "The book."), Since),
    responses((status = 200, body = inline(ListOf<VersionItem>)), Problems))]
pub(crate) async fn policies(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    wanted: Wanted,
    Params(since): Params<Since>,
) -> Result<List<VersionItem>, Problem> {
    let book = app.book_since(&caller, &id, &since).await?;
    app.history_of(
        book.policies(),
        |version| item(version, version.terms.version),
        Answer::new(wanted, Listing::POLICIES),
    )
    .await
}

/// Every campaign that was announced, and every change of one, oldest first.
#[utoipa::path(get, path = "/v1/books/{book}/campaigns", tag = "books", operation_id = "listCampaigns",
    params(("book" = String, Path, description = "The book."), Since),
    responses((status = 200, body = inline(ListOf<CampaignShape>)), Problems))]
pub(crate) async fn campaigns(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    wanted: Wanted,
    Params(since): Params<Since>,
) -> Result<List<CampaignItem>, Problem> {
    let book = app.book_since(&caller, &id, &since).await?;
    let item = |version: &Version<Campaign>| CampaignItem {
        announced_at: version.announced_at.into(),
        effective_at: version.effective_at.into(),
        campaign: version.terms.clone(),
    };
    app.history_of(book.campaigns(), item, Answer::new(wanted, Listing::CAMPAIGNS)).await
}
