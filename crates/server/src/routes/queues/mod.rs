//! What waits in a book, over all its accounts, oldest first: a file a queue.

pub(super) mod accounts;
pub(super) mod cases;
pub(super) mod disputes;
pub(super) mod holds;
pub(super) mod refunds;

use scrip_ledger::{BookId, Timestamp};
use scrip_projections::reports::queues::{Place, Queue};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::{Key, KeyPage, Pager};
use crate::problem::{Code, Problem};
use crate::read::number;
use crate::report::Reading;
use crate::values::{Id, Time};

/// What of a queue.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QueueParams {
    /// Only what stands so; everything without it.
    status: Option<String>,
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

/// Of which book.
#[derive(Serialize, ToSchema)]
#[schema(as = QueueAbout)]
pub(crate) struct OfBook {
    pub(super) book: Id,
}

/// A queue that is about to be read.
struct Asked {
    book: BookId,
    queue: Queue,
    page: KeyPage,
    reading: Reading,
}

impl App {
    /// What a caller who may read the book asks of a queue. `statuses` are the words that it may be narrowed to, each with
    /// what the read models call it.
    async fn queue(
        &self,
        (caller, id): (&Principal, &str),
        (pager, params): (Pager, QueueParams),
        listing: &'static Listing,
        statuses: &[(&'static str, &'static str)],
    ) -> Result<Asked, Problem> {
        let book = self.book(caller, id)?.id.clone();
        let known = |status: &String| {
            let found = statuses.iter().find(|(name, _)| name == status);
            found.map(|(_, status)| (*status).into()).ok_or_else(|| unknown(statuses))
        };
        let status = params.status.as_ref().map(known).transpose()?;
        let scope = params.status.as_deref().unwrap_or_default();
        let page = pager.keyed(listing, scope, 3)?;
        let after = page.after.as_ref().and_then(place);
        let limit = page.limit;
        let reading = self.reading(number(params.min_position.as_deref(), "min_position")?, None).await?;
        Ok(Asked { queue: Queue { book: book.clone(), status, after, limit }, book, page, reading })
    }
}

fn unknown(statuses: &[(&'static str, &'static str)]) -> Problem {
    let allowed: Vec<&str> = statuses.iter().map(|(name, _)| *name).collect();
    Problem::new(Code::MALFORMED, "nothing here stands so").with("field", "status").with("allowed", allowed)
}

fn place(key: &Key) -> Option<Place> {
    match key.as_slice() {
        [time, account, id] => Some((time.parse().ok()?, account.into(), id.into())),
        _ => None,
    }
}

/// A place as its cursor has it.
fn key((time, account, id): Place) -> Key {
    vec![time.to_string(), account.into(), id.into()]
}

/// A time that is stored.
fn time(micros: i64) -> Time {
    Timestamp::from_micros(micros).into()
}
