//! Figures: a median of rounds, how far the rounds were apart, and what was aimed at.

use std::fmt;

use serde::Serialize;

use crate::output;

/// Everything that was measured in one run.
#[derive(Serialize)]
pub struct Report {
    machine: String,
    figures: Vec<Figure>,
}

/// One figure.
#[derive(Serialize)]
struct Figure {
    what: String,
    unit: &'static str,
    median: f64,
    min: f64,
    max: f64,
    rounds: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    aim: Option<Aim>,
}

/// What a figure should reach.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// So much at the least.
    AtLeast(f64),
    /// So much at the most.
    AtMost(f64),
}

impl Report {
    pub fn new(machine: String) -> Self {
        Self { machine, figures: Vec::new() }
    }

    /// Adds a figure of several rounds, and prints it.
    pub fn add(&mut self, what: impl Into<String>, unit: &'static str, rounds: &[f64], aim: Option<Aim>) {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let figure = Figure {
            what: what.into(),
            unit,
            median: at(sorted.len() / 2),
            min: at(0),
            max: at(sorted.len().saturating_sub(1)),
            rounds: sorted.len(),
            aim,
        };
        output::line(&figure);
        self.figures.push(figure);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        write!(f, "{:<66} {:>12} {:>12} {:>12}  {:<9} aim", "", "median", "min", "max", "")
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, min, max] = [self.median, self.min, self.max].map(short);
        write!(f, "{:<66} {median:>12} {min:>12} {max:>12}  {:<9}", self.what, self.unit)?;
        match self.aim {
            None => Ok(()),
            Some(Aim::AtLeast(aim)) => {
                write!(f, " ≥ {} {}", short(aim), if self.median >= aim { "ok" } else { "MISSED" })
            }
            Some(Aim::AtMost(aim)) => {
                write!(f, " ≤ {} {}", short(aim), if self.median <= aim { "ok" } else { "MISSED" })
            }
        }
    }
}

/// Three digits or so of what matters.
fn short(value: f64) -> String {
    if value.abs() >= 1000.0 {
        let whole = format!("{value:.0}");
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    } else {
        format!("{value:.2}")
    }
}
