//! Why something cannot be shown or done, as a page says it: the code, the clause, what is missing.

use axum::http::StatusCode;
use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::problem::Problem;

/// A problem of the API, read again.
#[derive(Debug)]
pub(super) struct Trouble {
    status: StatusCode,
    members: Map<String, Value>,
}

/// Members that are shown by themselves, or not at all.
const SHOWN: [&str; 6] = ["type", "title", "status", "detail", "code", "clause"];

impl Trouble {
    /// From the body of an answer.
    pub(super) fn read(status: StatusCode, body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(members) => Self { status, members },
            Err(_) => Problem::internal("an answer of the API is not what it should be").into(),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Its code.
    pub(super) fn code(&self) -> &str {
        self.member("code")
    }

    fn member(&self, name: &str) -> &str {
        self.members.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it means, as a title.
    pub(super) fn title(&self) -> &str {
        self.member("title")
    }

    /// What is wrong in this case, as a sentence.
    pub(super) fn sentence(&self) -> String {
        sentence(self.member("detail"))
    }

    /// As a part of a page.
    pub(super) fn show(&self) -> Markup {
        let clause = self.member("clause");
        let more = self.members.iter().filter(|(name, _)| !SHOWN.contains(&name.as_str()));
        html! {
            div.trouble role="alert" {
                h2 { (self.title()) }
                p { (self.sentence()) }
                dl {
                    dt { "code" } dd { code { (self.code()) } " · " (self.status.as_u16()) }
                    @if !clause.is_empty() { dt { "clause" } dd { (clause) } }
                    @for (name, value) in more { dt { (name) } dd { (text(value)) } }
                }
            }
        }
    }
}

/// With a capital letter and a full stop.
fn sentence(detail: &str) -> String {
    let mut letters = detail.chars();
    let Some(first) = letters.next() else { return String::new() };
    let end = if detail.ends_with(['.', '…', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        let status = problem.code().http();
        let members = match serde_json::to_value(&problem) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        Self { status, members }
    }
}
