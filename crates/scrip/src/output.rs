//! What a command prints: results on standard output, everything else on standard error.

use std::io::{IsTerminal, Write};

use scrip_store::Cut;
use tracing_subscriber::EnvFilter;

/// Prints a line of a result. A reader that has gone is no error: `scrip events | head` must end quietly.
pub fn line(text: impl std::fmt::Display) {
    let _gone = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line of a result; says whether anybody still reads.
pub fn line_while_read(out: &mut impl Write, text: &str) -> bool {
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).is_ok()
}

/// Prints a remark.
pub fn remark(text: impl std::fmt::Display) {
    let _gone = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints why a command failed, causes included.
pub fn error(error: &anyhow::Error) {
    remark(format_args!("scrip: {error:#}"));
}

/// What was cut off the end of a log.
pub fn cut(cut: &Cut) -> String {
    let Cut { segment, offset, bytes, records } = cut;
    format!(
        "segment {segment} from offset {offset} on: {bytes} bytes, beginning with {records} whole records"
    )
}

/// Sends what the process says of itself to standard error; `RUST_LOG` says how much.
pub fn start_tracing(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // A second start in one process keeps the first.
    let _started = subscriber.try_init();
}
