//! The style sheet and the script, named by their contents: a browser keeps them as long as it likes.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use scrip_ledger::event::SecretHash;

/// A file that pages need.
pub(super) struct Asset {
    name: String,
    kind: &'static str,
    text: &'static str,
}

/// How pages look.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("css", "text/css; charset=utf-8", include_str!("style.css")));

/// A little comfort; every page works without it.
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("js", "text/javascript; charset=utf-8", include_str!("script.js")));

/// The mark of the product, for tabs.
const MARK: &str = include_str!("mark.svg");

impl Asset {
    fn new(extension: &str, kind: &'static str, text: &'static str) -> Self {
        let hash: String = SecretHash::of(text).to_string().chars().take(16).collect();
        Self { name: format!("{hash}.{extension}"), kind, text }
    }

    /// Where it is.
    pub(super) fn path(&self) -> String {
        format!("/console/assets/{}", self.name)
    }
}

/// Answers with one of them.
pub(super) async fn show(Path(name): Path<String>) -> Response {
    match [&*STYLE, &*SCRIPT].into_iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.text).into_response()
        }
        None if name == "mark.svg" => ([(header::CONTENT_TYPE, "image/svg+xml")], MARK).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
