//! The description of the API, generated from the handlers: their routes come from the same macro, so the two cannot
//! differ. It is built once, at the start, and costs a request nothing.

use serde::Serialize;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, OpenApi, OpenApiBuilder, RefOr, SecurityRequirement,
};
use utoipa::{IntoParams, ToSchema};

use crate::format::{self, Kind, Listing};
use crate::problem::ProblemShape;
use crate::routes;

/// The header that makes a command safe to send again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct KeyHeader {
    /// An accepted command's key gives its first answer again, within the book, the subject and the operation.
    #[param(rename = "Idempotency-Key", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    key: String,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListOf<T> {
    items: Vec<T>,
    /// Where the next page begins, if there is one. Opaque.
    next: Option<String>,
    /// The last position that was taken into account.
    as_of_position: u64,
}

const TABLE: &str = "RFC 4180, with the header line that the example shows. `Scrip-As-Of-Position` has the position, `Link` the \
    next page. What has parts of its own stands as JSON in its cell; a text that a spreadsheet would run as a formula has an \
    apostrophe before it.";
const NOT_ACCEPTABLE: &str = "`not_acceptable`, with the forms that there are.";
const STREAM: &str =
    "Server-sent events without an end: `id` is the position, `event` the type, `data` an item of the list.";

const DESCRIPTION: &str = "An event-sourced prepaid-credit ledger for AI calls. Amounts are JSON strings holding exact \
    decimals. Every command takes an Idempotency-Key and answers with its position and revision; every query answers with \
    as_of_position. Refusals are RFC 9457 problems with a stable code.";

/// What the description begins with.
pub(crate) fn base() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token, or the sk-… secret of an account's key for that account's own reads."))
        .build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Scrip")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new()
                .schema_from::<ProblemShape>()
                .security_scheme("bearer", SecurityScheme::Http(bearer))
                .build(),
        ))
        .security(Some([SecurityRequirement::new("bearer", Vec::<String>::new())]))
        .build()
}

/// Says of every list that it comes as CSV too, and with which columns; of the log, that it is also a stream.
fn other_forms(described: &mut OpenApi) {
    let text = |description: &str| {
        let mut content = Content::new(Some(Object::with_type(Type::String)));
        content.description = Some(description.to_owned());
        content
    };
    for listing in format::listings() {
        let operation = described.paths.paths.get_mut(listing.path).and_then(|path| path.get.as_mut());
        let Some(answers) = operation.map(|operation| &mut operation.responses.responses) else { continue };
        if let Some(RefOr::T(refused)) = answers.get("422") {
            let mut refused = refused.clone();
            refused.description = NOT_ACCEPTABLE.to_owned();
            answers.insert("406".to_owned(), refused.into());
        }
        let Some(RefOr::T(answer)) = answers.get_mut("200") else { continue };
        let mut table = text(TABLE);
        table.example = Some(listing.columns.join(",").into());
        answer.content.insert(Kind::Csv.media_type().to_owned(), table.into());
        if listing.path == Listing::EVENTS.path {
            answer.content.insert(Kind::EventStream.media_type().to_owned(), text(STREAM).into());
        }
    }
}

/// The description of the whole API as JSON, with what only trials have.
pub fn openapi() -> String {
    let mut described = base();
    described.merge(routes::all().merge(routes::dev()).into_openapi());
    other_forms(&mut described);
    let mut text = serde_json::to_string_pretty(&described).unwrap_or_default();
    text.push('\n');
    text
}

/// The JSON Schema of every event's payload: a file's name and its text.
#[cfg(feature = "schemas")]
pub fn event_schemas() -> Vec<(String, String)> {
    let file = |(wire, schema): (&str, _)| {
        let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        (format!("{wire}.v1.json"), text + "\n")
    };
    let of_books = scrip_ledger::book::event::BookEvent::schemas();
    scrip_ledger::Event::schemas().into_iter().chain(of_books).map(file).collect()
}
