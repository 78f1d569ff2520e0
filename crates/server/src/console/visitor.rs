//! Who looks at a page, and who sends a form: a session by its cookie, and for forms its word and where it comes from.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::api::with_query;
use super::session::Session;
use super::trouble::Trouble;
use super::{Desk, frame, sign_in};
use crate::auth::Principal;
use crate::body;
use crate::observe::RequestId;
use crate::problem::{Code, Problem};
use crate::rights::Right;

/// Bytes of a form at the most.
const FORM: usize = 64 << 10;

/// Somebody who is signed in and looks at a page.
pub(super) struct Visitor {
    desk: Arc<Desk>,
    session: Session,
    request_id: Option<RequestId>,
    /// The page that was asked for, with its query.
    pub(super) here: Uri,
}

impl Visitor {
    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(super) fn principal(&self) -> &Arc<Principal> {
        &self.session.principal
    }

    /// The word that this session's forms carry.
    pub(super) fn word(&self) -> &str {
        &self.session.word
    }

    pub(super) fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// Whether the token that signed in may do something.
    pub(super) fn may(&self, right: Right) -> bool {
        self.principal().rights.contain(right)
    }

    /// The page that was asked for.
    pub(super) fn path(&self) -> String {
        self.here.path_and_query().map_or_else(|| "/console".to_owned(), ToString::to_string)
    }
}

impl FromRequestParts<Arc<Desk>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Response> {
        let id = sign_in::session_id(&parts.headers);
        match id.and_then(|id| desk.sessions.find(id, Instant::now())) {
            Some(session) => Ok(Self {
                desk: desk.clone(),
                session,
                request_id: parts.extensions.get::<RequestId>().cloned(),
                here: parts.uri.clone(),
            }),
            None => {
                let next = parts.uri.path_and_query().map(ToString::to_string);
                let next = next.filter(|path| path != "/console" && parts.method == axum::http::Method::GET);
                Err(Redirect::to(&with_query("/console/sign-in", &[("next", next.as_deref())]))
                    .into_response())
            }
        }
    }
}

/// A form's fields.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) async fn read(request: Request) -> Result<Self, Problem> {
        let bytes = body::read(request.into_body(), FORM).await?;
        serde_urlencoded::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| Problem::new(Code::MALFORMED, "this is no form"))
    }

    /// The fields of a query string.
    pub(super) fn of_query(uri: &Uri) -> Self {
        Self(serde_urlencoded::from_str(uri.query().unwrap_or_default()).unwrap_or_default())
    }

    /// A field, also an empty one; something else where there is none.
    pub(super) fn get_any<'a>(&'a self, name: &str, otherwise: &'a str) -> &'a str {
        self.0.iter().find(|(known, _)| known == name).map_or(otherwise, |(_, value)| value.trim())
    }

    /// A field that was filled in, without the blanks around it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

/// A form that came from a page of this session.
pub(super) struct Submitted {
    pub(super) visitor: Visitor,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Desk>> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let own = is_own(&parts.headers);
        let visitor = Visitor::from_request_parts(&mut parts, desk).await?;
        let refused = |trouble: Trouble| frame::trouble(&visitor, frame::Place::Nowhere, &trouble, None);
        let fields = match Fields::read(Request::from_parts(parts, body)).await {
            Ok(fields) => fields,
            Err(problem) => return Err(refused(problem.into())),
        };
        // The word is as long as a secret and new in each session: comparing it tells nobody anything in time.
        let known = fields.get("word").is_some_and(|word| {
            scrip_ledger::event::SecretHash::of(word) == scrip_ledger::event::SecretHash::of(visitor.word())
        });
        if own && known { Ok(Self { visitor, fields }) } else { Err(refused(foreign().into())) }
    }
}

/// What is said of a form that no page of this session has sent.
pub(super) fn foreign() -> Problem {
    Problem::new(
        Code::FORBIDDEN_SCOPE,
        "the form was not sent by a page of this session: open the page again, and send it from there",
    )
}

/// Whether a form comes from a page of this server, as browsers say it; one that says neither is none.
pub(super) fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site").map(|site| site == "same-origin");
    let origin = text("origin").map(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some() && authority == text(header::HOST.as_str())
    });
    site.or(origin).is_some() && site.unwrap_or(true) && origin.unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_our_own_only_if_the_browser_says_so() {
        let said = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, axum::http::HeaderValue::from_static(value));
            }
            is_own(&headers)
        };
        let host = ("host", "scrip.example:8080");
        assert!(said(&[host, ("origin", "https://scrip.example:8080")]));
        assert!(said(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(said(&[host, ("origin", "http://scrip.example:8080"), ("sec-fetch-site", "same-origin")]));
        for foreign in [
            &[host][..],
            &[host, ("origin", "null")],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "https://scrip.example")],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("origin", "https://scrip.example:8080"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://")],
        ] {
            assert!(!said(foreign), "{foreign:?}");
        }
    }
}
