//! Exports: a list or a report of the API as one CSV file, all its pages one after the other, as they are read.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};

use crate::console::api::{segment, with_query};
use crate::console::frame::{self, Place};
use crate::console::parts::replaced;
use crate::console::trouble::Trouble;
use crate::console::visitor::Visitor;

/// Lines of a page that is asked for.
const PAGE: &str = "1000";

/// A report of a book, with the query of the page that it is shown on.
pub(in crate::console) async fn report(
    Path((book, report)): Path<(String, String)>,
    visitor: Visitor,
) -> Response {
    whole(visitor, "/v1/books", &book, "reports/", &report).await
}

/// A list of an account.
pub(in crate::console) async fn account(
    Path((account, list)): Path<(String, String)>,
    visitor: Visitor,
) -> Response {
    whole(visitor, "/v1/accounts", &account, "", &list).await
}

async fn whole(visitor: Visitor, of: &str, id: &str, folder: &str, name: &str) -> Response {
    let path = match (segment(id), segment(name)) {
        (Ok(id), Ok(name)) => format!("{of}/{id}/{folder}{name}"),
        (Err(trouble), _) | (_, Err(trouble)) => {
            return frame::trouble(&visitor, Place::Nowhere, &trouble, None);
        }
    };
    let query = visitor.here.query().map(|query| format!("{path}?{query}")).unwrap_or(path);
    let first = replaced(&query, "limit", PAGE);
    // The first page is read before the answer begins: what is refused is said on a page, not in a file.
    let begun = match visitor.csv(&first).await {
        Ok(begun) => begun,
        Err(trouble) => return frame::trouble(&visitor, Place::Nowhere, &trouble, None),
    };
    let mut response = Body::from_stream(pages(visitor, first, begun)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let file = format!("attachment; filename=\"{id}-{name}.csv\"");
    if let Ok(file) = HeaderValue::from_str(&file) {
        headers.insert(header::CONTENT_DISPOSITION, file);
    }
    response
}

/// A page of CSV, and the cursor of the next one.
pub(in crate::console) struct CsvPage {
    pub(in crate::console) text: Bytes,
    pub(in crate::console) next: Option<String>,
}

/// Every page after each other, with one line of column names. One that cannot be read breaks the file off: it is never
/// taken for whole.
fn pages(
    visitor: Visitor,
    first: String,
    begun: CsvPage,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let start = (visitor, first, Some(begun), None::<String>);
    try_unfold(start, |(visitor, first, begun, cursor)| async move {
        if let Some(page) = begun {
            return Ok(Some((page.text, (visitor, first, None, page.next))));
        }
        let Some(cursor) = cursor else { return Ok(None) };
        let broken = |trouble: Trouble| std::io::Error::other(trouble.code().to_owned());
        let page = visitor.csv(&replaced(&first, "cursor", &cursor)).await.map_err(broken)?;
        // Column names have no line break in them.
        let lines = page.text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end.saturating_add(1));
        Ok(Some((page.text.slice(lines..), (visitor, first, None, page.next))))
    })
}

/// Where a list of an account is exported.
pub(super) fn of_account(id: &str, list: &str, query: &[(&str, Option<&str>)]) -> String {
    with_query(&format!("/console/export/accounts/{id}/{list}"), query)
}
