//! Signing in with a token, and out. The token is looked at once and never kept.
//!
//! Tokens of people sign in. The `sk-…` key of an account does not: it is for programs, and what it may see of its own
//! account is in the API.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::visitor::{Fields, Submitted, is_own};
use super::{Console, frame};
use crate::auth::{KEY_PREFIX, Principal, holder_of};
use crate::problem::{Code, Problem};
use crate::rights::Right;

/// The cookie that holds a session's id.
const COOKIE: &str = "scrip_session";

/// The id of the session that these headers name.
pub(super) fn session_id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, id)| id)
}

/// The page that asks for a token.
pub(super) async fn show(request: Request) -> Response {
    let fields = Fields::of_query(request.uri());
    let said = fields.get("out").map(|_| "You are signed out.");
    frame::bare("Sign in", &form(fields.get("next"), None, said)).into_response()
}

fn form(next: Option<&str>, wrong: Option<&str>, said: Option<&str>) -> Markup {
    html! {
        h1 { "Sign in" }
        @if let Some(said) = said { p.notice role="status" { (said) } }
        @if let Some(wrong) = wrong { p.wrong #wrong role="alert" { (wrong) } }
        form method="post" action="/console/sign-in" {
            @if let Some(next) = next { input type="hidden" name="next" value=(next); }
            label for="token" { "Access token" }
            input #token type="password" name="token" required autofocus autocomplete="current-password"
                spellcheck="false" autocapitalize="none"
                aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
            button.primary type="submit" { "Sign in" }
        }
        p.hint { "Use your own token: what you do is recorded under its name. It is not kept, and you are signed out "
            "after 30 minutes without use." }
    }
}

/// Takes a token and begins a session.
pub(super) async fn enter(State(desk): Console, request: Request) -> Response {
    let headers = request.headers().clone();
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(problem) => return again(problem.code().http(), None, "This form could not be read."),
    };
    let next = fields.get("next").filter(|next| is_local(next));
    if !is_own(&headers) {
        return again(StatusCode::FORBIDDEN, next, "The form was not sent by this page. Please try again.");
    }
    let token = fields.get("token").unwrap_or_default();
    let principal = match person(&desk.app, token) {
        Ok(principal) => principal,
        Err(problem) => {
            return again(problem.code().http(), next, &super::trouble::Trouble::from(problem).sentence());
        }
    };
    if let Some(old) = session_id(&headers) {
        desk.sessions.end(old);
    }
    let Some(id) = desk.sessions.begin(principal, Instant::now()) else {
        return again(StatusCode::SERVICE_UNAVAILABLE, next, "No session could be made. Please try again.");
    };
    with_cookie(Redirect::to(next.unwrap_or("/console")).into_response(), &id, &headers)
}

/// Who may sign in with this.
fn person(app: &crate::app::App, token: &str) -> Result<Arc<Principal>, Problem> {
    if token.starts_with(KEY_PREFIX) {
        let detail = "this is the key of an account, for programs: sign in with the token of a person";
        return Err(Problem::new(Code::UNAUTHENTICATED, detail));
    }
    let unknown = |_| Problem::new(Code::UNAUTHENTICATED, "this token is not known here");
    let principal = holder_of(app, token).map_err(unknown)?;
    let works = [Right::ReadAll, Right::Accounts, Right::RefundRequests, Right::Appeals];
    if works.iter().any(|right| principal.rights.contain(*right)) {
        Ok(principal)
    } else {
        let detail = "this token is for calls only: there is nothing in the console that it may see";
        Err(Problem::new(Code::FORBIDDEN_SCOPE, detail))
    }
}

fn again(status: StatusCode, next: Option<&str>, wrong: &str) -> Response {
    (status, frame::bare("Sign in", &form(next, Some(wrong), None))).into_response()
}

/// Ends the session.
pub(super) async fn leave(State(desk): Console, headers: HeaderMap, submitted: Submitted) -> Response {
    drop(submitted);
    if let Some(id) = session_id(&headers) {
        desk.sessions.end(id);
    }
    with_cookie(Redirect::to("/console/sign-in?out=1").into_response(), "", &headers)
}

/// A page of the console, and of nowhere else.
pub(super) fn is_local(path: &str) -> bool {
    path.strip_prefix("/console").is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// Sets the cookie, or takes it away. Over TLS, which the browser's `Origin` tells, it is never sent without.
fn with_cookie(mut response: Response, id: &str, headers: &HeaderMap) -> Response {
    let is = |name: &str, begin: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with(begin))
    };
    let secure = is("origin", "https://") || is("x-forwarded-proto", "https");
    let secure = if secure { "; Secure" } else { "" };
    let end = if id.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!("{COOKIE}={id}; HttpOnly; SameSite=Strict; Path=/console{secure}{end}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_one_is_led_to_the_console_and_nowhere_else() {
        for path in ["/console", "/console/accounts?q=a", "/console?book=pixapi"] {
            assert!(is_local(path), "{path}");
        }
        for path in
            ["", "/", "/v1/books", "/consoles", "//evil.example", "https://evil.example", "/console\\x"]
        {
            assert!(!is_local(path), "{path}");
        }
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; scrip_session=abc; xscrip_session=no"));
        assert_eq!(session_id(&headers), Some("abc"));
        headers.insert(header::COOKIE, HeaderValue::from_static("xscrip_session=no"));
        assert_eq!(session_id(&headers), None);
    }
}
