//! The console: a stub of what comes.

use std::fmt::Write;

use axum::extract::State;
use axum::response::Html;

use crate::app::Shared;
use crate::problem::Problem;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Scrip</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 42rem; margin: 4rem auto; padding: 0 1.5rem; }
  h1 { margin: 0; letter-spacing: -0.02em; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; }
  dt { opacity: .65; } dd { margin: 0; font-variant-numeric: tabular-nums; }
  footer { margin-top: 3rem; opacity: .65; font-size: .875rem; }
</style>
<h1>Scrip</h1>
<p>A prepaid-credit ledger for AI calls.</p>
"#;

const FOOT: &str = r#"<p><a href="/healthz">health</a> · <a href="/readyz">ready</a> · <a href="/metrics">metrics</a></p>
<footer>This page is a stub: accounts, statements and the work of support and finance come later. Everything that
it will show is in the API already.</footer>
"#;

/// A first page for the eye.
#[utoipa::path(get, path = "/console", tag = "operation", operation_id = "getConsole",
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn show(State(app): Shared) -> Result<Html<String>, Problem> {
    let position = app.position().await?;
    let state = if app.engine.is_healthy() { "takes commands" } else { "the store has failed: restart" };
    let mut page = String::with_capacity(2_048);
    page.push_str(HEAD);
    let _infallible = write!(page, "<dl><dt>state</dt><dd>{state}</dd><dt>position</dt><dd>{position}</dd>");
    // Ids of books are plain words: there is nothing to escape.
    let now = app.engine.clock().now();
    for book in app.engine.books() {
        let _infallible = write!(
            page,
            "<dt>book</dt><dd>{} (catalog {}, policy {})</dd>",
            book.id,
            book.catalog(now).version,
            book.policy(now).version
        );
    }
    page.push_str("</dl>\n");
    page.push_str(FOOT);
    Ok(Html(page))
}
