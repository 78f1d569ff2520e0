//! Lists: pages, and the cursors that lead from one to the next.
//!
//! A cursor names a list and where its next page begins. Callers treat it as opaque; lists are ordered by what never
//! changes (a revision or a position), so a page is the same however much is added meanwhile.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

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

/// Which page of a list, read.
pub(crate) struct Page {
    /// Where it begins.
    pub(crate) from: u64,
    /// How many items it has at the most.
    pub(crate) limit: usize,
}

impl PageParams {
    pub(crate) fn read(&self, list: &str) -> Result<Page, Problem> {
        let from = self.cursor.as_deref().map_or(Some(0), |cursor| decode(list, cursor));
        let from =
            from.ok_or_else(|| Problem::new(Code::INVALID_CURSOR, "this is no cursor of this list"))?;
        Ok(Page { from, limit: limit(self.limit.as_deref())? })
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
    pub(crate) next: Option<String>,
    pub(crate) as_of_position: u64,
}

impl<T> List<T> {
    /// A page whose next one begins at `next`.
    pub(crate) fn new(list: &str, items: Vec<T>, next: Option<u64>, as_of_position: u64) -> Self {
        Self { items, next: next.map(|next| encode(list, next)), as_of_position }
    }

    /// The page of items that are all at hand, each with its place in an order that never changes.
    pub(crate) fn cut<I>(
        list: &str,
        page: &Page,
        all: impl Iterator<Item = (u64, I)>,
        show: impl Fn(u64, I) -> T,
        as_of_position: u64,
    ) -> Self {
        let mut left = all.skip_while(|(at, _)| *at < page.from).peekable();
        let mut items = Vec::new();
        while items.len() < page.limit
            && let Some((at, item)) = left.next()
        {
            items.push(show(at, item));
        }
        let next = left.peek().map(|(at, _)| *at);
        Self::new(list, items, next, as_of_position)
    }
}

/// The list's name and the place, obscured just enough that nobody builds one by hand.
fn encode(list: &str, at: u64) -> String {
    format!("{at:x}-{:x}", check(list, at))
}

fn decode(list: &str, cursor: &str) -> Option<u64> {
    let (at, sum) = cursor.split_once('-')?;
    let at = u64::from_str_radix(at, 16).ok()?;
    (encode(list, at) == cursor && u32::from_str_radix(sum, 16).ok()? == check(list, at)).then_some(at)
}

/// FNV-1a over the list's name and the place: a slip of the pen is seen, a forger gains nothing.
fn check(list: &str, at: u64) -> u32 {
    list.bytes()
        .chain(at.to_be_bytes())
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let cursor = encode("lots", 17);
        assert_eq!(decode("lots", &cursor), Some(17));
        assert_eq!(decode("holds", &cursor), None);
        for text in ["", "17", "-", "zz-1", "11", &format!("{cursor}0"), &format!("+{cursor}")] {
            assert_eq!(decode("lots", text), None, "{text}");
        }
    }

    #[test]
    fn pages_join_without_gap_or_repetition() {
        let all: Vec<u64> = (0..25).map(|at| at * 3).collect();
        let (mut seen, mut cursor): (Vec<u64>, _) = (Vec::new(), None);
        loop {
            let page = PageParams { cursor, limit: Some("7".to_owned()) }.read("x").unwrap();
            let list = List::cut("x", &page, all.iter().map(|at| (*at, *at)), |_, at| at, 0);
            seen.extend(&list.items);
            cursor = list.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }
}
