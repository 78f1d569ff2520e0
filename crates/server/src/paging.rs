//! Lists: pages, and the cursors that lead from one to the next.
//!
//! A cursor names a list and where its next page begins. Callers treat it as opaque; lists are ordered by what never
//! changes (a revision or a position), so a page is the same however much is added meanwhile.

mod key;

use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::format::{Answer, Listing, Wanted};
use crate::limits;
use crate::problem::{Code, Problem};
use crate::read::number;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of the page: 100 without it, 1,000 at the most.
    #[param(value_type = Option<u64>)]
    limit: Option<String>,
}

/// In which order a list comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Oldest first.
    #[default]
    Asc,
    /// Newest first.
    Desc,
}

/// Which page of a list, and in which form: what a query string and `Accept` ask for.
pub(crate) struct Pager {
    pub(crate) params: PageParams,
    pub(crate) wanted: Wanted,
}

/// Which page of a list, read.
pub(crate) struct Page {
    pub(crate) span: Span,
    name: &'static str,
    answer: Answer,
}

/// Where a line stands in the order of a list whose order is not that of a number.
pub(crate) type Key = Vec<String>;

/// Which page of such a list, read.
pub(crate) struct KeyPage {
    /// The line after which it begins; nothing for the list's own beginning.
    pub(crate) after: Option<Key>,
    /// How many items it has at the most.
    pub(crate) limit: usize,
    pub(crate) answer: Answer,
    name: String,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Where it begins; nothing for the list's own beginning.
    pub(crate) from: Option<u64>,
    /// How many items it has at the most.
    pub(crate) limit: usize,
    /// In which order.
    pub(crate) order: Order,
}

impl Pager {
    /// A page of a list, oldest first.
    pub(crate) fn read(self, listing: &'static Listing) -> Result<Page, Problem> {
        self.ordered(listing, Order::Asc)
    }

    /// A page of a list that comes in either order.
    pub(crate) fn ordered(self, listing: &'static Listing, order: Order) -> Result<Page, Problem> {
        let unknown =
            || Problem::new(Code::INVALID_CURSOR, "this is no cursor of this list").with("field", "cursor");
        let read = |cursor: &str| decode(listing.name, order, cursor).ok_or_else(unknown);
        let from = self.params.cursor.as_deref().map(read).transpose()?;
        let limit = limit(self.params.limit.as_deref())?;
        let answer = Answer::new(self.wanted, listing);
        Ok(Page { span: Span { from, limit, order }, name: listing.name, answer })
    }
}

impl Pager {
    /// A page of a list whose lines stand in the order of `parts` texts. `scope` is what else its cursors belong to: what
    /// the order depends on.
    pub(crate) fn keyed(
        self,
        listing: &'static Listing,
        scope: &str,
        parts: usize,
    ) -> Result<KeyPage, Problem> {
        let name = format!("{} {scope}", listing.name);
        let unknown =
            || Problem::new(Code::INVALID_CURSOR, "this is no cursor of this list").with("field", "cursor");
        let read =
            |cursor: &str| key::decode(&name, cursor).filter(|key| key.len() == parts).ok_or_else(unknown);
        let after = self.params.cursor.as_deref().map(read).transpose()?;
        let limit = limit(self.params.limit.as_deref())?;
        Ok(KeyPage { after, limit, answer: Answer::new(self.wanted, listing), name })
    }
}

impl KeyPage {
    /// The cursor that leads to what comes after a line.
    pub(crate) fn cursor(&self, key: &Key) -> String {
        key::encode(&self.name, key)
    }
}

impl Page {
    /// A page whose next one begins at `next`.
    pub(crate) fn list<T>(self, items: Vec<T>, next: Option<u64>, as_of_position: u64) -> List<T> {
        let next = next.map(|next| encode(self.name, self.span.order, next));
        List { items, next, as_of_position, answer: self.answer }
    }

    /// The page of items that are all at hand, each with its place in an order that never changes.
    pub(crate) fn cut<I, T>(
        self,
        all: impl Iterator<Item = (u64, I)>,
        show: impl Fn(u64, I) -> T,
        as_of_position: u64,
    ) -> List<T> {
        let mut left = all.skip_while(|(at, _)| self.span.from.is_some_and(|from| *at < from)).peekable();
        let mut items = Vec::new();
        while items.len() < self.span.limit
            && let Some((at, item)) = left.next()
        {
            items.push(show(at, item));
        }
        let next = left.peek().map(|(at, _)| *at);
        self.list(items, next, as_of_position)
    }
}

/// How many items a page has at the most.
pub(crate) fn limit(text: Option<&str>) -> Result<usize, Problem> {
    match number(text, "limit")? {
        None => Ok(limits::PAGE),
        Some(0) => Err(Problem::new(Code::MALFORMED, "a page has at least one item").with("field", "limit")),
        Some(limit) => Ok(usize::try_from(limit).unwrap_or(usize::MAX).min(limits::MAX_PAGE)),
    }
}

/// A page as it is answered.
#[derive(Serialize)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    as_of_position: u64,
    #[serde(skip)]
    answer: Answer,
}

impl<T> List<T> {
    /// A page with a cursor of its own kind.
    pub(crate) fn new(answer: Answer, items: Vec<T>, next: Option<String>, as_of_position: u64) -> Self {
        Self { items, next, as_of_position, answer }
    }
}

impl<T: Serialize> List<T> {
    /// The answer of which this list is a part, in the form that was asked for.
    pub(crate) fn within(&self, whole: &impl Serialize) -> Response {
        self.answer.of(whole, &self.items, self.next.as_deref(), self.as_of_position)
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        self.within(&self)
    }
}

/// The list's name and the place, obscured just enough that nobody builds one by hand.
fn encode(list: &str, order: Order, at: u64) -> String {
    format!("{at:x}-{:x}", check(list, order, at))
}

/// The cursor of a list, newest first, that leads to a place in it.
pub(crate) fn newest_from(list: &str, at: u64) -> String {
    encode(list, Order::Desc, at)
}

fn decode(list: &str, order: Order, cursor: &str) -> Option<u64> {
    let (at, _) = cursor.split_once('-')?;
    let at = u64::from_str_radix(at, 16).ok()?;
    (encode(list, order, at) == cursor).then_some(at)
}

/// FNV-1a over the list's name, its order and the place: a slip of the pen is seen, a forger gains nothing.
fn check(list: &str, order: Order, at: u64) -> u32 {
    let order = match order {
        Order::Asc => "",
        Order::Desc => "-desc",
    };
    sum(list.bytes().chain(order.bytes()).chain(at.to_be_bytes()))
}

fn sum(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Uri};

    use super::*;
    use crate::format::Kind;

    #[test]
    fn a_cursor_belongs_to_its_list_and_its_order() {
        let cursor = encode("lots", Order::Asc, 17);
        assert_eq!(decode("lots", Order::Asc, &cursor), Some(17));
        assert_eq!(decode("lots", Order::Desc, &cursor), None);
        assert_eq!(decode("holds", Order::Asc, &cursor), None);
        for text in ["", "17", "-", "zz-1", "11", &format!("{cursor}0"), &format!("+{cursor}")] {
            assert_eq!(decode("lots", Order::Asc, text), None, "{text}");
        }
    }

    #[test]
    fn pages_join_without_gap_or_repetition() {
        let all: Vec<u64> = (0..25).map(|at| at * 3).collect();
        let (mut seen, mut cursor): (Vec<u64>, _) = (Vec::new(), None);
        loop {
            let params = PageParams { cursor, limit: Some("7".to_owned()) };
            let wanted = Wanted::of(&HeaderMap::new(), &Uri::from_static("/"), &[Kind::Json]).unwrap();
            let page = Pager { params, wanted }.read(Listing::LOTS).unwrap();
            let list = page.cut(all.iter().map(|at| (*at, *at)), |_, at| at, 0);
            seen.extend(&list.items);
            cursor = list.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }
}
