//! Who may open an account and use it: regions, ages, attestations.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::Clause;
use crate::Token;

/// Who may open an account and use it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The version of the terms that an account accepts that does not name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_version: Option<Token>,
    /// Regions that may not open, top up or call (Z12); with it, an account must say where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Regions>,
    /// How old a holder must attest to be (Z13, I9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_age: Option<MinimumAge>,
    /// What else a holder must attest.
    #[serde(default)]
    pub attestations: RequiredAttestations,
}

/// Regions that are barred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regions {
    /// ISO 3166-1 alpha-2 codes.
    pub barred: Vec<CompactString>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// How old a holder must attest to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumAge {
    /// In years, where the table has no entry for the region.
    pub default: u8,
    /// In years, by region: ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_region: BTreeMap<CompactString, u8>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

impl MinimumAge {
    /// The age that a holder in a region must attest.
    pub fn in_region(&self, region: Option<&str>) -> u8 {
        region.and_then(|region| self.by_region.get(region)).copied().unwrap_or(self.default)
    }
}

/// What else a holder must attest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredAttestations {
    /// What was given is accurate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accurate_information: Option<Required>,
    /// The holder is under no sanctions: one who denies it is refused for good (`party_barred`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_sanctioned: Option<Required>,
}

/// Something that is required, and by which clause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Required {
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}
