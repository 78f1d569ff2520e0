//! How a chart is drawn: plotters makes the SVG, whose colours are then those of the style sheet.

use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Color, DrawingArea, IntoDrawingArea, IntoFont, LineSeries, RGBColor, Rectangle, SVGBackend,
    Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use scrip_ledger::Credits;

use super::{COLOURS, Chart, Style, colour};

/// How large a drawing is, in pixels that grow and shrink with the page.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Names of places that find room.
    names: usize,
}

impl Size {
    pub(super) const WIDE: Self = Self { width: 900, height: 250, names: 7 };
    pub(super) const NARROW: Self = Self { width: 360, height: 220, names: 3 };
}

/// Stand for colours of the style sheet until the drawing is done.
const INK: RGBColor = RGBColor(1, 1, 101);
const LINE: RGBColor = RGBColor(1, 1, 102);

fn stand_in(at: usize) -> RGBColor {
    RGBColor(1, 1, u8::try_from(at.min(COLOURS - 1)).unwrap_or(0))
}

/// The inside of the drawing; nothing if it cannot be drawn.
pub(super) fn draw(chart: &Chart, size: Size) -> Option<String> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        parts(chart, size, &root)?;
        root.present().ok()?;
    }
    let inner = svg.split_once('>')?.1.rsplit_once("</svg>")?.0;
    let hex = |RGBColor(red, green, blue): RGBColor| format!("#{red:02X}{green:02X}{blue:02X}");
    let mut inner = inner
        .replace(&hex(INK), "var(--soft)")
        .replace(&hex(LINE), "var(--line)")
        .replace("sans-serif", "inherit");
    for at in 0..COLOURS {
        inner = inner.replace(&hex(stand_in(at)), &colour(at));
    }
    Some(inner)
}

/// The lowest and the highest value that has to find room, in billionths.
fn bounds(chart: &Chart) -> (i128, i128) {
    let (mut low, mut high) = (0, 0);
    for at in 0..chart.labels.len() {
        let here = chart.series.iter().filter_map(|series| series.values.get(at)).map(|value| value.nanos());
        let (below, above) = match chart.style {
            Style::Bars => here.fold((0i128, 0i128), |(below, above), value| {
                (below.saturating_add(value.min(0)), above.saturating_add(value.max(0)))
            }),
            Style::Steps => here.fold((0, 0), |(below, above), value| (value.min(below), value.max(above))),
        };
        (low, high) = (below.min(low), above.max(high));
    }
    if low == high { (0, 1_000_000_000) } else { (low, high) }
}

fn parts(chart: &Chart, size: Size, root: &DrawingArea<SVGBackend<'_>, Shift>) -> Option<()> {
    let (low, high) = bounds(chart);
    // A little room above, so that the highest point is not at the edge.
    let high = high.saturating_add(high.saturating_sub(low) / 12);
    let places = chart.labels.len().max(1);
    let font = ("sans-serif", 15).into_font().color(&INK);
    let left = if size.names > 3 { 84 } else { 64 };
    let mut plot = ChartBuilder::on(root)
        .margin_top(10)
        .margin_right(14)
        .x_label_area_size(28)
        .y_label_area_size(left)
        .build_cartesian_2d(0.0..places as f64, low..high)
        .ok()?;
    plot.configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .axis_style(LINE.mix(0.0))
        .y_labels(5)
        .light_line_style(LINE.mix(0.0))
        .bold_line_style(LINE)
        .label_style(font.clone())
        .y_label_formatter(&|nanos| Credits::from_nanos(*nanos).to_string())
        .draw()
        .ok()?;
    match chart.style {
        Style::Bars => {
            let mut stacks = vec![(0i128, 0i128); places];
            for (number, series) in chart.series.iter().enumerate() {
                let bars: Vec<_> = series
                    .values
                    .iter()
                    .zip(&mut stacks)
                    .enumerate()
                    .filter(|(_, (value, _))| !value.is_zero())
                    .map(|(at, (value, (below, above)))| {
                        let from = if value.is_negative() { below } else { above };
                        let start = *from;
                        *from = from.saturating_add(value.nanos());
                        let (left, right) = (at as f64 + 0.14, at as f64 + 0.86);
                        Rectangle::new([(left, start), (right, *from)], stand_in(number).filled())
                    })
                    .collect();
                plot.draw_series(bars).ok()?;
            }
        }
        Style::Steps => {
            for (number, series) in chart.series.iter().enumerate() {
                let steps =
                    series.values.iter().enumerate().flat_map(|(at, value)| {
                        [(at as f64, value.nanos()), (at as f64 + 1.0, value.nanos())]
                    });
                plot.draw_series(LineSeries::new(steps, stand_in(number).stroke_width(2))).ok()?;
            }
        }
    }
    names(chart, size, root, &font, |at| plot.backend_coord(&(at as f64 + 0.5, low)))
}

/// The names of as many places as find room, under them.
fn names(
    chart: &Chart,
    size: Size,
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    font: &TextStyle<'_>,
    place: impl Fn(usize) -> (i32, i32),
) -> Option<()> {
    let every = chart.labels.len().div_ceil(size.names).max(1);
    let centred = font.clone().pos(Pos::new(HPos::Center, VPos::Top));
    for (at, label) in chart.labels.iter().enumerate().step_by(every) {
        let (x, y) = place(at);
        root.draw(&Text::new(label.clone(), (x, y.saturating_add(8)), centred.clone())).ok()?;
    }
    Some(())
}
