//! The console: pages for the people of finance and support, under `/console`.
//!
//! It is a client of the API in this same process: what a page shows are the answers of the API's own endpoints, and what a
//! form does is one of its commands, with the rights of the token that signed in. So nothing can be seen or done here that
//! the API would not show or do, and every amount is the very string that it answers.
//!
//! - **Invariant**: a token is never kept; a session is known by the hash of its id, in memory only.
//! - **Invariant**: a form does nothing without its session's word, and nothing twice.

mod actions;
mod api;
mod assets;
mod charts;
mod frame;
mod headers;
mod pages;
mod parts;
mod session;
mod sign_in;
mod trouble;
mod visitor;
mod watch;
mod zone;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// What the pages work with.
pub(crate) struct Desk {
    app: Arc<App>,
    /// Every endpoint of the API, as it answers in this process.
    api: Router,
    sessions: session::Sessions,
    watch: watch::Watch,
}

/// As handlers get it.
type Console = axum::extract::State<Arc<Desk>>;

/// The paths of the pages, for who counts requests by path.
pub(crate) fn paths<'a>() -> impl Iterator<Item = &'a str> {
    ROUTES.iter().map(|(path, _)| *path)
}

/// A path and who answers it.
type Route = (&'static str, fn() -> axum::routing::MethodRouter<Arc<Desk>>);

const ROUTES: &[Route] = &[
    ("/console", || get(pages::home)),
    ("/console/", || get(pages::home)),
    ("/console/{*rest}", || get(pages::missing)),
    ("/console/sign-in", || get(sign_in::show).post(sign_in::enter)),
    ("/console/sign-out", || post(sign_in::leave)),
    ("/console/assets/{name}", || get(assets::show)),
    ("/console/actions/{action}", || post(actions::act)),
    ("/console/accounts/{id}", || get(pages::account::show)),
    ("/console/audit", || get(pages::audit::show)),
    ("/console/audit/verify", || post(pages::audit::begin)),
    ("/console/books", || get(pages::books::list)),
    ("/console/books/{id}", || get(pages::books::show)),
    ("/console/export/accounts/{id}/{list}", || get(pages::export::account)),
    ("/console/export/{book}/{report}", || get(pages::export::report)),
    ("/console/accounts", || get(pages::accounts::list)),
    ("/console/approvals", || get(pages::approvals::list)),
    ("/console/disputes", || get(pages::disputes::list)),
    ("/console/refunds", || get(pages::refunds::list)),
    ("/console/overview", || get(pages::overview::show)),
    ("/console/projections", || get(pages::projections::show)),
    ("/console/reports", || get(pages::reports::show)),
    ("/console/statements/{id}", || get(pages::statement::show)),
    ("/console/usage", || get(pages::usage::show)),
    ("/console/refunds/{id}", || get(pages::refunds::show)),
];

/// The pages, over the API as it answers in this process.
pub(crate) fn router(app: Arc<App>, api: Router) -> Router {
    let desk =
        Arc::new(Desk { app, api, sessions: session::Sessions::default(), watch: watch::Watch::default() });
    let routes = ROUTES.iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods()));
    routes.layer(axum::middleware::map_response(headers::protect)).with_state(desk)
}
