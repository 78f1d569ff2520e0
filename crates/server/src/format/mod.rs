//! The form of a list: JSON, or CSV for those who ask for it (`Accept`).
//!
//! A list is answered by one type whatever its form, so no handler knows of forms. What CSV has no place for, the position
//! and the next page, stands in headers.

mod accept;
mod listings;
mod table;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(crate) use accept::Kind;
pub(crate) use listings::Listing;
pub(crate) use listings::all as listings;
pub use table::harmless;

use crate::problem::{Code, Problem};

/// The position that was taken into account, where the body has no place for it.
const AS_OF_POSITION: HeaderName = HeaderName::from_static("scrip-as-of-position");
/// Parameters that say where a page begins.
const CURSORS: [&str; 2] = ["cursor", "after"];

/// How a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    kind: Kind,
    /// What was asked: the next page is the same with another cursor.
    uri: Uri,
}

impl Wanted {
    /// What the caller wants of what is offered.
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri, offered: &[Kind]) -> Result<Self, Problem> {
        let kind = accept::choose(headers, offered).ok_or_else(|| {
            let allowed: Vec<&str> = offered.iter().map(|kind| kind.media_type()).collect();
            Problem::new(Code::NOT_ACCEPTABLE, "this is not answered in any form that Accept names")
                .with("allowed", allowed)
        })?;
        Ok(Self { kind, uri: uri.clone() })
    }

    /// The form.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Where the next page is.
    fn next(&self, cursor: &str) -> Option<HeaderValue> {
        let kept = self.uri.query().unwrap_or("").split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or("");
            !name.is_empty() && !CURSORS.contains(&name)
        });
        let query = kept.chain([format!("cursor={cursor}").as_str()]).collect::<Vec<_>>().join("&");
        HeaderValue::from_str(&format!("<{}?{query}>; rel=\"next\"", self.uri.path())).ok()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.headers, &parts.uri, &[Kind::Json, Kind::Csv])
    }
}

/// How a list is answered: its form, and what its columns are.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    wanted: Wanted,
    listing: &'static Listing,
}

impl Answer {
    pub(crate) fn new(wanted: Wanted, listing: &'static Listing) -> Self {
        Self { wanted, listing }
    }

    /// The whole answer as JSON, or its items as a table.
    pub(crate) fn of<T: Serialize>(
        &self,
        whole: &impl Serialize,
        items: &[T],
        next: Option<&str>,
        as_of_position: u64,
    ) -> Response {
        let (media_type, body) = match self.wanted.kind {
            Kind::Csv => {
                ("text/csv; charset=utf-8; header=present", table::table(self.listing.columns, items))
            }
            Kind::Json | Kind::EventStream => {
                (Kind::Json.media_type(), serde_json::to_vec(whole).map_err(table::Unwritable::from))
            }
        };
        let Ok(body) = body else {
            return Problem::internal("a list could not be written").into_response();
        };
        let mut response = Response::new(Body::from(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        if self.wanted.kind == Kind::Csv {
            headers.insert(AS_OF_POSITION, as_of_position.into());
            if let Some(link) = next.and_then(|next| self.wanted.next(next)) {
                headers.insert(header::LINK, link);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_same_question_with_another_cursor() {
        for (uri, next) in [
            ("/v1/x", "</v1/x?cursor=7>; rel=\"next\""),
            ("/v1/x?limit=2&cursor=3", "</v1/x?limit=2&cursor=7>; rel=\"next\""),
            ("/v1/x?after=3&&limit=2", "</v1/x?limit=2&cursor=7>; rel=\"next\""),
        ] {
            let wanted = Wanted { kind: Kind::Csv, uri: uri.parse().unwrap() };
            assert_eq!(wanted.next("7").unwrap(), next, "{uri}");
        }
    }
}
