//! What every answer of the console says to browsers: run nothing foreign, show it in no frame, keep no copy.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// Only what this server serves under `/console`: no inline script, no inline style.
const CONTENT: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// `same-origin` and not `no-referrer`: with the latter, browsers send `Origin: null` with our own forms, and the check of
/// where a form comes from would have nothing to look at. Other sites are told nothing either way.
const REFERRER: &str = "same-origin";

/// Adds the headers; what is kept in a cache says so itself.
pub(super) async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, REFERRER),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
