//! A workbook: a line a posting, sheet after sheet where one is full.
//!
//! A spreadsheet computes with doubles. An amount that a double holds exactly, digit by digit, is a number; any other is a
//! text, so that what is shown is always what the log says.

use anyhow::Context;
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use scrip_engine::Entry;
use scrip_ledger::Timestamp;

use super::out::Writer;
use super::row::{COLUMNS, Row};
use super::{Balances, Journal};

/// Rows that a sheet may have.
const MAX_ROWS: u32 = 1_048_576;
/// Digits that a double always holds (IEEE 754: DBL_DIG).
const EXACT_DIGITS: usize = 15;
/// The columns of numbers: the position, the revision, the amount.
const NUMBERS: [usize; 3] = [0, 3, COLUMNS.len() - 1];
/// Columns wide enough for what stands in them, in characters.
const WIDTHS: [u16; COLUMNS.len()] = [10, 22, 20, 9, 14, 28, 6, 28, 28, 38, 11, 20];

pub(super) struct Xlsx {
    workbook: Workbook,
    out: Writer,
    /// The next row of the last sheet.
    row: u32,
    /// How a number is shown, by its decimal places.
    formats: Vec<Format>,
}

impl Xlsx {
    pub(super) fn new(out: Writer) -> anyhow::Result<Self> {
        let zeros = |places: usize| format!("0.{}", "0".repeat(places));
        let formats = (0..=EXACT_DIGITS).map(|places| match places {
            0 => Format::new().set_num_format("0"),
            places => Format::new().set_num_format(zeros(places)),
        });
        let mut written = Self { workbook: Workbook::new(), out, row: MAX_ROWS, formats: formats.collect() };
        written.sheet()?;
        Ok(written)
    }

    /// The next row, and the sheet that has room for it.
    fn sheet(&mut self) -> anyhow::Result<(u32, &mut Worksheet)> {
        if self.row < MAX_ROWS {
            let last = self.workbook.worksheets().len().saturating_sub(1);
            return Ok((self.row, self.workbook.worksheet_from_index(last)?));
        }
        self.row = 1;
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        for ((column, name), width) in (0..).zip(COLUMNS).zip(WIDTHS) {
            sheet.set_column_width(column, width)?;
            sheet.write_string(0, column, name)?;
        }
        Ok((self.row, sheet))
    }

    fn rows<'a>(&mut self, mut rows: impl Iterator<Item = Row<'a>>) -> anyhow::Result<()> {
        rows.try_for_each(|row| {
            let cells = row.cells();
            let formats = std::mem::take(&mut self.formats);
            let (at, sheet) = self.sheet()?;
            for (column, cell) in (0..).zip(&cells) {
                match number(usize::from(column), cell) {
                    _ if cell.is_empty() => {}
                    Some((number, places)) => {
                        let shown = formats.get(places).context("a number has more places than digits")?;
                        sheet.write_number_with_format(at, column, number, shown)?;
                    }
                    None => drop(sheet.write_string(at, column, cell.as_str())?),
                }
            }
            self.formats = formats;
            self.row = at.saturating_add(1);
            Ok(())
        })
    }
}

/// A number that a double holds as it is written, and its decimal places.
fn number(column: usize, cell: &str) -> Option<(f64, usize)> {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let places = cell.split_once('.').map_or(0, |(_, places)| places.len());
    let exact = NUMBERS.contains(&column) && digits <= EXACT_DIGITS;
    exact.then(|| cell.parse().ok()).flatten().map(|number| (number, places))
}

impl Journal for Xlsx {
    fn opening(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()> {
        self.rows(Row::opening(at, balances))
    }

    fn entry(&mut self, entry: &Entry) -> anyhow::Result<()> {
        self.rows(Row::of(entry))
    }

    fn closing(&mut self, _: Timestamp, _: &Balances) -> anyhow::Result<()> {
        Ok(self.workbook.save_to_writer(self.out.clone())?)
    }
}
