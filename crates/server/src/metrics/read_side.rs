//! How the read models stand, as gauges.

use std::fmt::Write;

use scrip_ledger::Timestamp;
use scrip_projections::Status;

use super::{Seconds, help};

/// Writes the gauges. `end` is the number of events in the log.
pub(crate) fn read_side(page: &mut String, status: &Status, end: u64, now: Timestamp) {
    let alone = [
        ("scrip_read_side_generation", "Which generation of the read models is in use.", status.generation),
        (
            "scrip_read_side_complete",
            "1 once the read models have caught up with the log: before, they are not asked.",
            u64::from(status.complete),
        ),
        (
            "scrip_read_side_troubled",
            "1 while something keeps the read models from going on.",
            u64::from(status.trouble.is_some()),
        ),
    ];
    for (name, what, value) in alone {
        help(page, name, "gauge", what);
        let _infallible = writeln!(page, "{name} {value}");
    }
    let mut each = |name: &str, what: &str, value: &dyn Fn(&scrip_projections::ModelStatus) -> String| {
        help(page, name, "gauge", what);
        for model in &status.models {
            let _infallible = writeln!(page, "{name}{{projection=\"{}\"}} {}", model.name, value(model));
        }
    };
    each("scrip_projection_position", "Events that a read model has taken into account.", &|model| {
        model.position.to_string()
    });
    each("scrip_projection_lag_events", "Events of the log that it has not.", &|model| {
        end.saturating_sub(model.position).to_string()
    });
    let since = status.recorded_at.map_or(0, |at| now.micros().saturating_sub(at.micros()).max(0));
    let since = Seconds(u64::try_from(since).unwrap_or_default());
    each(
        "scrip_projection_lag_seconds",
        "How old the last of those that it has is, while there are more.",
        &|model| {
            if end > model.position { since.to_string() } else { Seconds(0).to_string() }
        },
    );
    each("scrip_projection_stopped", "1 while it stands at an event that it cannot take.", &|model| {
        u64::from(model.fault.is_some()).to_string()
    });
}
