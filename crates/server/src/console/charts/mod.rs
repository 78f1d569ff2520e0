//! Charts, drawn here as SVG: with a title, a caption that names unit and time zone, and the same numbers in a table.
//!
//! Where a point is drawn may be rounded; the numbers that are shown are the exact ones.

mod draw;

use maud::{Markup, PreEscaped, html};
use scrip_ledger::Credits;

use self::draw::Size;
use super::parts::{credits, table};

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// A bar for each place, series on top of each other.
    Bars,
    /// What holds from one place to the next, as steps.
    Steps,
}

/// What a chart shows.
pub(super) struct Chart {
    pub(super) title: String,
    /// What the numbers count: credits, USD, calls.
    pub(super) unit: String,
    /// What the places are, with their time zone.
    pub(super) places: String,
    pub(super) style: Style,
    /// The names of the places along the chart.
    pub(super) labels: Vec<String>,
    pub(super) series: Vec<Series>,
}

/// Numbers of one kind, one for each place.
pub(super) struct Series {
    pub(super) name: String,
    /// Exact, whatever the unit is.
    pub(super) values: Vec<Credits>,
}

/// Colours that series may have; one more series has the last one too.
const COLOURS: usize = 6;

impl Chart {
    /// As a part of a page, wide and narrow: the one that has no room is not shown.
    pub(super) fn show(&self) -> Markup {
        let caption = format!("{} in {}, by {}", self.title, self.unit, self.places);
        let several = self.series.len() > 1;
        html! {
            figure {
                @if several {
                    div.legend aria-hidden="true" {
                        @for (at, series) in self.series.iter().enumerate() {
                            span {
                                svg viewBox="0 0 10 10" { rect width="10" height="10" rx="2.5" fill=(colour(at)) {} }
                                (series.name)
                            }
                        }
                    }
                }
                (self.drawing(Size::WIDE, "wide", &caption))
                (self.drawing(Size::NARROW, "narrow", &caption))
                figcaption { (caption) "." }
                details {
                    summary { "The numbers" }
                    (self.numbers(&caption))
                }
            }
        }
    }

    fn drawing(&self, size: Size, class: &str, caption: &str) -> Markup {
        let inner = draw::draw(self, size).unwrap_or_default();
        html! {
            svg.chart.(class) viewBox={ "0 0 " (size.width) " " (size.height) } role="img" aria-label=(caption) {
                title { (caption) }
                (PreEscaped(inner))
            }
        }
    }

    fn numbers(&self, caption: &str) -> Markup {
        let mut head = vec![self.places.clone()];
        head.extend(self.series.iter().map(|series| format!("#{}", series.name)));
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let rows = html! {
            @for (at, label) in self.labels.iter().enumerate() {
                tr {
                    th scope="row" { (label) }
                    @for series in &self.series {
                        td.num { @if let Some(value) = series.values.get(at) { (credits(&value.to_string())) } }
                    }
                }
            }
        };
        table(caption, &head, &rows)
    }
}

/// The colour of a series, as the style sheet has it in light and in dark.
fn colour(at: usize) -> String {
    format!("var(--chart-{})", at.min(COLOURS - 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(style: Style) -> Chart {
        let values = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Chart {
            title: "Charged".to_owned(),
            unit: "credits".to_owned(),
            places: "day (Europe/Berlin)".to_owned(),
            style,
            labels: vec!["<1>".to_owned(), "2".to_owned()],
            series: vec![
                Series { name: "a & b".to_owned(), values: values(&["0.000000001", "-2"]) },
                Series { name: "c".to_owned(), values: values(&["1000000000000000000", "0"]) },
            ],
        }
    }

    #[test]
    fn a_chart_has_a_title_units_zone_and_the_exact_numbers() {
        for style in [Style::Bars, Style::Steps] {
            let shown = chart(style).show().into_string();
            for part in [
                "role=\"img\"",
                "<title>Charged in credits, by day (Europe/Berlin)</title>",
                "0<span class=\"places\">.000000001</span>",
                "1000000000000000000",
                "var(--chart-2)",
                "a &amp; b",
                "&lt;1&gt;",
            ] {
                assert!(shown.contains(part), "{style:?}: {part} in {shown}");
            }
            assert!(!shown.contains("style="), "no inline style gets through the policy of the page");
            assert!(!shown.contains("#0101"), "every colour is the style sheet's: {shown}");
        }
    }

    #[test]
    fn a_chart_of_nothing_is_drawn_too() {
        let empty = Chart { labels: Vec::new(), series: Vec::new(), ..chart(Style::Bars) };
        assert!(empty.show().into_string().contains("<svg"));
    }
}
