//! `scrip events`: the log as JSON lines.

use std::io::{BufWriter, Write};
use std::ops::ControlFlow;

use clap::Args;
use scrip_ledger::Timestamp;
use scrip_store::{RecordedRef, StreamName};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Data, hex};
use crate::{Ending, output};

/// Print events as JSON lines.
#[derive(Args)]
pub struct Events {
    /// Only this stream, such as `account-alice`.
    #[arg(long, value_parser = StreamName::new)]
    stream: Option<StreamName>,
    /// From this position, or revision of the stream, on.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// At most so many.
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    limit: u64,
    #[command(flatten)]
    data: Data,
}

/// An event as it is printed.
#[derive(Serialize)]
struct Printed<'a> {
    position: u64,
    stream: &'a str,
    revision: u64,
    id: String,
    r#type: &'a str,
    version: u16,
    recorded_at: Timestamp,
    effective_at: Timestamp,
    actor: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    correlation: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    causation: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    fingerprint: String,
    hash: String,
    payload: &'a RawValue,
}

impl Events {
    pub fn run(self) -> anyhow::Result<Ending> {
        let (store, _) = self.data.dir().open_log()?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut left = self.limit;
        let mut failed = None;
        let mut print = |event: RecordedRef<'_>| {
            if left == 0 {
                return ControlFlow::Break(());
            }
            left -= 1;
            match render(&event) {
                Ok(text) if output::line_while_read(&mut out, &text) => ControlFlow::Continue(()),
                Ok(_) => ControlFlow::Break(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        match &self.stream {
            Some(stream) => store.scan_stream(stream, self.from, &mut print)?,
            None => store.scan_all(self.from, &mut print)?,
        }
        let _gone = out.flush();
        failed.map_or(Ok(Ending::Done), |error| Err(error.into()))
    }
}

fn render(event: &RecordedRef<'_>) -> serde_json::Result<String> {
    let fingerprint = if event.key.is_empty() { String::new() } else { hex(&event.fingerprint) };
    serde_json::to_string(&Printed {
        position: event.position,
        stream: event.stream,
        revision: event.revision,
        id: event.id.to_string(),
        r#type: event.event_type,
        version: event.version,
        recorded_at: Timestamp::from_micros(event.recorded_at),
        effective_at: Timestamp::from_micros(event.effective_at),
        actor: event.actor,
        correlation: event.correlation,
        causation: event.causation,
        key: event.key,
        fingerprint,
        hash: hex(&event.hash),
        payload: serde_json::from_slice(event.payload)?,
    })
}
