//! What a caller can read: the `Accept` header, with its weights (RFC 9110, 12.5.1).

use axum::http::{HeaderMap, header};

/// A form that an answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `application/json`.
    Json,
    /// `text/csv`.
    Csv,
    /// `text/event-stream`.
    EventStream,
}

impl Kind {
    /// Its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::EventStream => "text/event-stream",
        }
    }

    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Csv => ("text", "csv"),
            Self::EventStream => ("text", "event-stream"),
        }
    }
}

/// A range of media types, and how much it is wanted.
struct Range<'a> {
    main: &'a str,
    sub: &'a str,
    /// Thousandths.
    weight: u16,
}

impl<'a> Range<'a> {
    /// Reads one member of the list; nothing if it is none.
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (main, sub) = parts.next()?.split_once('/')?;
        if main.is_empty() || sub.is_empty() || (main == "*" && sub != "*") {
            return None;
        }
        let weight = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| weight(value.trim()))
        });
        Some(Self { main, sub, weight: weight.unwrap_or(Some(1_000))? })
    }

    /// How exactly it names a form; nothing if it does not.
    fn names(&self, kind: Kind) -> Option<u8> {
        let (main, sub) = kind.parts();
        match (self.main, self.sub) {
            ("*", "*") => Some(0),
            (its, "*") => its.eq_ignore_ascii_case(main).then_some(1),
            (its, of) => (its.eq_ignore_ascii_case(main) && of.eq_ignore_ascii_case(sub)).then_some(2),
        }
    }
}

/// A weight in thousandths: `0` to `1` with at most three places.
fn weight(text: &str) -> Option<u16> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    if places.len() > 3 || !places.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{places:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

/// The form that the caller wants most, of those that are offered; nothing if it wants none of them.
///
/// Of equal weights the one that is named more exactly wins, then the one that is offered first. Without the header,
/// anything will do.
pub(crate) fn choose(headers: &HeaderMap, offered: &[Kind]) -> Option<Kind> {
    let texts: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().map(|value| value.to_str().unwrap_or("")).collect();
    if texts.iter().all(|text| text.trim().is_empty()) {
        return offered.first().copied();
    }
    let ranges: Vec<Range<'_>> =
        texts.iter().flat_map(|text| text.split(',')).filter_map(Range::read).collect();
    let wanted = |kind: &Kind| {
        let named = ranges.iter().filter_map(|range| Some((range.names(*kind)?, range.weight)));
        named.max_by_key(|(exactly, _)| *exactly).map(|(exactly, weight)| (weight, exactly))
    };
    let best = offered.iter().filter_map(|kind| Some((wanted(kind)?, *kind)));
    let best = best.filter(|((weight, _), _)| *weight > 0);
    best.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [Kind; 2] = [Kind::Json, Kind::Csv];

    fn chosen(accept: &str) -> Option<Kind> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        choose(&headers, &OFFERED)
    }

    #[test]
    fn weights_and_ranges_are_honoured() {
        for (accept, kind) in [
            ("", Some(Kind::Json)),
            ("*/*", Some(Kind::Json)),
            ("application/json", Some(Kind::Json)),
            ("text/csv", Some(Kind::Csv)),
            ("TEXT/CSV; charset=utf-8", Some(Kind::Csv)),
            ("text/*", Some(Kind::Csv)),
            ("text/csv, */*", Some(Kind::Csv)),
            ("text/csv;q=0.5, application/json;q=0.8", Some(Kind::Json)),
            ("text/csv;q=0.801,application/json; Q=0.8", Some(Kind::Csv)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Kind::Json)),
            ("application/json;q=0, */*", Some(Kind::Csv)),
            ("*/*;q=0", None),
            ("text/html", None),
            ("application/xml, image/*", None),
            ("text/csv;q=2", None),
            ("text/csv;q=0.0001", None),
            ("*/csv", None),
            ("nonsense", None),
        ] {
            assert_eq!(chosen(accept), kind, "{accept}");
        }
        assert_eq!(choose(&HeaderMap::new(), &OFFERED), Some(Kind::Json));
    }
}
