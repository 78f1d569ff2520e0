//! The time, injected. It never runs backwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use scrip_ledger::Timestamp;

/// Where the engine gets its time from.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    /// The system's time; the latest that was ever told.
    System(AtomicI64),
    /// A time that only tests and trials move.
    Manual(AtomicI64),
}

impl Clock {
    /// The system's clock. When it is set back, time stands still until it has caught up.
    pub fn system() -> Self {
        Self(Arc::new(Source::System(AtomicI64::new(0))))
    }

    /// A clock that stands still until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        Self(Arc::new(Source::Manual(AtomicI64::new(start.micros()))))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(match &*self.0 {
            Source::Manual(now) => now.load(Ordering::Acquire),
            Source::System(latest) => {
                let now = system_micros();
                latest.fetch_max(now, Ordering::AcqRel).max(now)
            }
        })
    }

    /// Whether it is moved by hand.
    pub fn is_manual(&self) -> bool {
        matches!(*self.0, Source::Manual(_))
    }

    /// Moves a manual clock forward to a time; says whether it could: not back, and not the system's clock.
    pub fn set(&self, time: Timestamp) -> bool {
        match &*self.0 {
            Source::Manual(now) => now.fetch_max(time.micros(), Ordering::AcqRel) <= time.micros(),
            Source::System(_) => false,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the room that owns the time")]
fn system_micros() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(0))
}
