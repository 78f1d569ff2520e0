//! Reports: what the read side answers, with the position that it is true of and how far that is behind the log.

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use scrip_projections::{ReadError, Snapshot};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::format::Answer;
use crate::paging::{Key, KeyPage};
use crate::problem::Problem;
use crate::read::last_of;

/// How far behind the log an answer is, where the body has no place for it.
const LAG: HeaderName = HeaderName::from_static("scrip-lag");

/// A report's page as it is answered.
#[derive(Serialize)]
pub(crate) struct Report<T, H> {
    items: Vec<T>,
    /// What stands beside the items: totals, and what was asked.
    #[serde(flatten)]
    about: H,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    as_of_position: u64,
    lag: u64,
    #[serde(skip)]
    answer: Answer,
}

/// A page of a report.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportOf<T> {
    items: Vec<T>,
    /// Where the next page begins, if there is one. Opaque.
    next: Option<String>,
    /// The last position that was taken into account.
    as_of_position: u64,
    /// How many events of the log are not taken into account yet.
    lag: u64,
}

/// The read models at one position, and how far the log is.
pub(crate) struct Reading<S = Snapshot> {
    pub(crate) snapshot: S,
    /// Events of the log that the models have not taken into account yet.
    lag: u64,
}

impl App {
    /// The read models, once they know what the caller's position asks for.
    ///
    /// A position of the past that is asked for is waited for too: an answer that names it knows it.
    pub(crate) async fn reading(
        &self,
        min_position: Option<u64>,
        as_of_position: Option<u64>,
    ) -> Result<Reading, Problem> {
        let store = self.engine.store().clone();
        // Before a connection is taken: who reads the past takes a place first, and a connection then.
        let end = self.blocking(move || store.head()).await??.next_position;
        if let Some(position) = as_of_position.filter(|position| *position >= end) {
            return Err(ReadError::BeyondEnd(position).into());
        }
        self.reached(min_position.max(as_of_position)).await?;
        let snapshot = self.read_side.snapshot().await?;
        let lag = end.saturating_sub(snapshot.position());
        Ok(Reading { snapshot, lag })
    }
}

impl Reading {
    /// Without the view of the models, for a report that takes views of its own.
    pub(crate) fn released(self) -> Reading<()> {
        Reading { snapshot: (), lag: self.lag }
    }
}

impl<S> Reading<S> {
    /// A page that is true of so many events.
    pub(crate) fn report<T, H>(
        &self,
        count: u64,
        page: KeyPage,
        (items, next): (Vec<T>, Option<Key>),
        about: H,
    ) -> Report<T, H> {
        let next = next.map(|key| page.cursor(&key));
        Report { items, about, next, as_of_position: last_of(count), lag: self.lag, answer: page.answer }
    }
}

impl<T: Serialize, H: Serialize> IntoResponse for Report<T, H> {
    fn into_response(self) -> Response {
        let mut response = self.answer.of(&self, &self.items, self.next.as_deref(), self.as_of_position);
        response.headers_mut().insert(LAG, HeaderValue::from(self.lag));
        response
    }
}
