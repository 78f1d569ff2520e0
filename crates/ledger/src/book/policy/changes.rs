//! Changes of the terms: how long before they take effect they are announced. Notice is given when a version is
//! recorded, never at a time that somebody states.

use serde::{Deserialize, Serialize};

use super::Clause;

/// How long before they take effect changes are announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Of rates, products and plans (Z4, I7, M2); without it, a version may take effect when it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<NoticeRule>,
    /// Of the policy itself (A9); without it, a version may take effect when it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<NoticeRule>,
}

/// A notice that is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeRule {
    /// Days of 24 hours between the recording and the effect.
    pub days: u64,
    /// To whom it is owed.
    #[serde(default)]
    pub to: NoticeTo,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// To whom notice is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeTo {
    /// To everyone: a version that would take effect sooner is refused.
    #[default]
    Everyone,
    /// To accounts that had a running subscription when it was given: for them alone the version takes effect later,
    /// so that two prices hold at once (I7).
    Subscribed,
}
