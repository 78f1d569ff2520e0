//! `scrip verify`: the history, without trusting whoever wrote it.

use std::str::FromStr;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use scrip_engine::{Expectation, verify};
use scrip_store::StoreError;

use super::{Data, hex, read_models, threads};
use crate::progress::with_progress;
use crate::{Ending, output};

/// Verify every hash and fold every stream; exit 1 with the first damage if there is any.
#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    data: Data,
    /// A head that was kept: the log must still begin with what it had then.
    #[arg(long, value_name = "POSITION:HASH")]
    expect: Option<Expected>,
    /// Compute the read models anew as well, and compare them with those that are there, row by row.
    #[arg(long)]
    projections: bool,
    /// The database of PostgreSQL that the read models are in; without it, they are in the data directory.
    #[arg(long, value_name = "URL", requires = "projections")]
    read_models: Option<String>,
}

/// `POSITION:HASH` as `scrip head` prints it.
#[derive(Clone, Copy)]
struct Expected(Expectation);

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "a head is POSITION:HASH as scrip head prints it, the hash in 64 hex digits".to_owned();
        let (position, hash) = text.split_once(':').ok_or_else(wrong)?;
        let hash: scrip_ledger::event::SecretHash = hash.parse().map_err(|_| wrong())?;
        Ok(Self(Expectation { position: position.parse().map_err(|_| wrong())?, hash: hash.0 }))
    }
}

impl Verify {
    pub fn run(self) -> anyhow::Result<Ending> {
        let started = Instant::now();
        let (store, report) = match self.data.dir().open_log() {
            Ok(opened) => opened,
            Err(error) => return damage_or(error),
        };
        if let Some(cut) = &report.cut {
            output::line(format_args!(
                "cut: the log's tail was not whole and was cut off: {}",
                output::cut(cut)
            ));
        }
        let total = store.head()?.next_position;
        let verified = match with_progress("verifying", total, |count| {
            verify(store.as_ref(), threads(), count, self.expect.map(|expected| expected.0))
        }) {
            Ok(verified) => verified,
            Err(error) => return damage_or(error.into()),
        };
        let events = verified.head.next_position;
        let seconds = started.elapsed().as_secs_f64();
        output::line(format_args!(
            "{events} events of {} streams: positions, revisions, times, hash chains and the running hash were checked",
            verified.streams
        ));
        output::line(format_args!(
            "{} accounts were folded from their first event: every fact against the ones before it, every stated balance \
             against the folded one",
            verified.accounts
        ));
        if let Some(Expected(expected)) = self.expect {
            output::line(format_args!(
                "the head at position {} was compared with the one given",
                expected.position
            ));
        }
        for finding in &verified.findings {
            output::line(format_args!(
                "FINDING at position {}: {} revision {}: {}",
                finding.position, finding.stream, finding.revision, finding.what
            ));
        }
        output::line(format_args!("head {events}:{}", hex(&verified.head.running_hash)));
        output::line(format_args!("{seconds:.1} s, {:.0} events/s", events as f64 / seconds.max(1e-9)));
        let mut findings = verified.finding_count;
        if self.projections {
            let source = self.data.dir().read_side_source(self.read_models.as_deref())?;
            findings = findings.saturating_add(read_models::verify(store, &source)?);
        }
        if findings == 0 {
            output::line("verified: nothing is wrong");
            Ok(Ending::Done)
        } else {
            output::line(format_args!("NOT verified: {findings} findings"));
            Ok(Ending::Finding)
        }
    }
}

/// Damage is what this command is there to find; anything else is a failure.
fn damage_or(error: anyhow::Error) -> anyhow::Result<Ending> {
    match error.downcast_ref::<StoreError>() {
        Some(damage @ (StoreError::Damaged { .. } | StoreError::MissingSegment { .. })) => {
            output::line(format_args!("FINDING: {damage}"));
            output::line("NOT verified: the log cannot be read beyond this");
            Ok(Ending::Finding)
        }
        _ => Err(error).context("cannot verify"),
    }
}
