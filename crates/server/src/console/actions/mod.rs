//! What forms do: each is one command of the API, with the rights, the refusals and the idempotency of the API.
//!
//! A form carries a key that was made when it was shown: sent twice, it does nothing twice.

mod form;
mod table;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::Value;

use super::api::segment;
use super::frame::{self, Place};
use super::parts::replaced;
use super::sign_in::is_local;
use super::trouble::Trouble;
use super::visitor::{Fields, Submitted, Visitor};
use crate::problem::{Code, Problem};
use crate::rights::Right;

pub(super) use form::form;
pub(super) use table::*;

/// Something that a form does.
pub(super) struct Action {
    /// Its name in paths.
    name: &'static str,
    /// What its button says.
    label: &'static str,
    /// What is said when it is done.
    done: &'static str,
    /// Who may.
    right: Right,
    /// The endpoint, with `{id}` where the id goes.
    path: &'static str,
    /// What it asks for.
    fields: &'static [Field],
}

impl Action {
    /// Whether it is what a page is opened for.
    fn is_main(&self) -> bool {
        self.path.ends_with("/approve")
    }
}

/// A field of a form, and where its value goes in the command.
pub(super) struct Field {
    /// The place in the command's JSON: `reason`, `amount/currency`, `evidence/0/kind`.
    place: &'static str,
    label: &'static str,
    kind: Kind,
    required: bool,
}

/// What goes into a field.
pub(super) enum Kind {
    /// A code or an opaque reference: `[A-Za-z0-9_-]{1,64}`.
    Code,
    /// An exact decimal.
    Amount,
    /// An instant, UTC.
    Time,
    /// One of these: as the API has it, and as it is shown.
    Choice(&'static [(&'static str, &'static str)]),
    /// What the page knows: not shown.
    Known,
    /// A number that the page knows: not shown.
    KnownNumber,
}

/// Carries out an action.
pub(super) async fn act(Path(name): Path<String>, Submitted { visitor, fields }: Submitted) -> Response {
    match carry_out(&visitor, &name, &fields).await {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(trouble) => frame::trouble(&visitor, Place::Nowhere, &trouble, fields.get("back")),
    }
}

/// Answers where to go on.
async fn carry_out(visitor: &Visitor, name: &str, fields: &Fields) -> Result<String, Trouble> {
    let unknown = || Problem::new(Code::NOT_FOUND, "there is no such action");
    let action = ALL.iter().find(|action| action.name == name).ok_or_else(unknown)?;
    visitor.principal().may(action.right)?;
    let path = action.path.replace("{id}", segment(fields.get("id").unwrap_or_default())?);
    let mut body = Value::Object(serde_json::Map::new());
    for field in action.fields {
        let Some(text) = fields.get(field.place) else { continue };
        let value = match field.kind {
            // What is no number stays a text, which the API refuses.
            Kind::KnownNumber => text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from),
            Kind::Code | Kind::Amount | Kind::Time | Kind::Choice(_) | Kind::Known => Value::from(text),
        };
        put(&mut body, field.place, value);
    }
    let answer = visitor.command(&path, fields.get("key").unwrap_or_default(), &body).await?;
    let mut to = fields.get("back").filter(|path| is_local(path)).unwrap_or("/console").to_owned();
    to = replaced(&to, "done", action.name);
    if answer.get("pending") == Some(&Value::Bool(true)) {
        to = replaced(&to, "waits", "1");
    }
    if let Some(position) = answer.get("position").and_then(Value::as_u64) {
        to = replaced(&to, "min_position", &position.to_string());
    }
    Ok(to)
}

/// Puts a value into a JSON object, at a place whose parts are names, or `0` for the first of an array.
fn put(to: &mut Value, place: &str, value: Value) {
    let Some((first, rest)) = place.split_once('/') else {
        if let Value::Object(members) = to {
            members.insert(place.to_owned(), value);
        }
        return;
    };
    let Value::Object(members) = to else { return };
    let inner = members.entry(first).or_insert(Value::Null);
    if let Some(rest) = rest.strip_prefix("0/") {
        if inner.is_null() {
            *inner = Value::Array(vec![Value::Object(serde_json::Map::new())]);
        }
        if let Some(first) = inner.as_array_mut().and_then(|items| items.first_mut()) {
            put(first, rest, value);
        }
    } else {
        if inner.is_null() {
            *inner = Value::Object(serde_json::Map::new());
        }
        put(inner, rest, value);
    }
}

/// What was just done, where a page is shown after an action.
pub(super) fn notice(visitor: &Visitor) -> Markup {
    let query = Fields::of_query(&visitor.here);
    let done = query.get("done").and_then(|name| ALL.iter().find(|action| action.name == name));
    let position = query.get("min_position").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    html! {
        @if let Some(action) = done {
            p.notice role="status" {
                @if query.get("waits").is_some() { "Asked for: it waits for a second person." }
                @else { (action.done) }
                @if let Some(position) = position { " " span.hint { "Recorded by position " (position) "." } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_goes_to_its_place() {
        let mut body = serde_json::json!({});
        for (place, text) in
            [("reason", "a"), ("amount/currency", "USD"), ("amount/amount", "1"), ("evidence/0/kind", "b")]
        {
            put(&mut body, place, Value::from(text));
        }
        put(&mut body, "evidence/0/ref", Value::from("c"));
        let money = serde_json::json!({ "currency": "USD", "amount": "1" });
        let evidence = serde_json::json!([{ "kind": "b", "ref": "c" }]);
        assert_eq!(body, serde_json::json!({ "reason": "a", "amount": money, "evidence": evidence }));
    }

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let mut names: Vec<&str> = ALL.iter().map(|action| action.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
