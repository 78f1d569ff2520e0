//! Progress of long work: a bar on a terminal, and plain lines otherwise.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// How often a bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Runs work that counts events, and shows how far it is.
pub fn with_progress<T>(what: &'static str, total: u64, work: impl FnOnce(&AtomicU64) -> T) -> T {
    let count = AtomicU64::new(0);
    let done = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let watcher = scope.spawn({
            let (count, done) = (&count, Arc::clone(&done));
            move || watch(what, total, count, &done)
        });
        let result = work(&count);
        done.store(true, Ordering::Release);
        watcher.thread().unpark();
        result
    })
}

fn watch(what: &str, total: u64, count: &AtomicU64, done: &AtomicBool) {
    let on_terminal = std::io::stderr().is_terminal();
    let target = if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    let style = "{msg} [{bar:40}] {human_pos}/{human_len} events, {per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(what.to_owned());
    let mut printed = Instant::now();
    while !done.load(Ordering::Acquire) {
        std::thread::park_timeout(DRAW_EVERY);
        let at = count.load(Ordering::Relaxed);
        bar.set_position(at);
        if !on_terminal && printed.elapsed() >= LINE_EVERY {
            printed = Instant::now();
            output::remark(format_args!("{what}: {at} of {total} events"));
        }
    }
    bar.finish_and_clear();
}
