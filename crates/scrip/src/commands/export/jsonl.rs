//! JSON lines: an object a posting.

use std::io::Write;

use scrip_engine::Entry;
use scrip_ledger::Timestamp;

use super::out::Writer;
use super::row::Row;
use super::{Balances, Journal};

pub(super) struct Jsonl(Writer);

impl Jsonl {
    pub(super) const fn new(out: Writer) -> Self {
        Self(out)
    }

    fn rows<'a>(&mut self, rows: impl Iterator<Item = Row<'a>>) -> anyhow::Result<()> {
        for row in rows {
            let mut line = serde_json::to_vec(&row)?;
            line.push(b'\n');
            self.0.write_all(&line)?;
        }
        Ok(())
    }
}

impl Journal for Jsonl {
    fn opening(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()> {
        self.rows(Row::opening(at, balances))
    }

    fn entry(&mut self, entry: &Entry) -> anyhow::Result<()> {
        self.rows(Row::of(entry))
    }

    fn closing(&mut self, _: Timestamp, _: &Balances) -> anyhow::Result<()> {
        Ok(())
    }
}
