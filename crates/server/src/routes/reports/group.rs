//! What a report tells apart: a unit of time, and what else it knows.

use scrip_projections::reports::calendar::Unit;

use crate::problem::{Code, Problem};
use crate::range::UNITS;

/// What to tell apart.
#[derive(Clone, Debug)]
pub(super) struct Group<D> {
    /// The unit of time; nothing for the whole span.
    pub(super) unit: Option<Unit>,
    /// What else, in the order that answers go by.
    pub(super) by: Vec<D>,
    /// As it is said in answers.
    pub(super) names: Vec<&'static str>,
}

/// Reads `day,model`: at most one unit of time, and of `known` what is named, in the order of `known`.
pub(super) fn read<D: Copy>(text: &str, known: &[(&'static str, D)]) -> Result<Group<D>, Problem> {
    let units = UNITS.map(|(name, ..)| name);
    let allowed: Vec<&str> = units.into_iter().chain(known.iter().map(|(name, _)| *name)).collect();
    let refused = |detail: &'static str, name: &str| {
        Problem::new(Code::UNKNOWN_GROUP, detail)
            .with("field", "group")
            .with("group", name)
            .with("allowed", allowed.clone())
    };
    let given: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    for (at, name) in given.iter().enumerate() {
        if !allowed.contains(name) {
            return Err(refused("this cannot be told apart here", name));
        }
        let again = given.get(..at).is_some_and(|before| before.contains(name));
        let other_unit = |other: &&str| units.contains(other) && other != name;
        if again || (units.contains(name) && given.iter().any(other_unit)) {
            return Err(refused("one unit of time, and each of the others once", name));
        }
    }
    let unit = UNITS.into_iter().find(|(name, ..)| given.contains(name));
    let by = known.iter().filter(|(name, _)| given.contains(name));
    let names = unit.iter().map(|(name, ..)| *name).chain(by.clone().map(|(name, _)| *name));
    Ok(Group {
        unit: unit.map(|(_, unit, _)| unit),
        by: by.clone().map(|(_, by)| *by).collect(),
        names: names.collect(),
    })
}
