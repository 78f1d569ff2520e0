//! The ledger: credits, lots, holds and accounts, and the rules that move them.
//!
//! This room is **pure**: no clock, no IO, no async, no floats. Time and ids arrive in commands. A command is
//! decided against an [`Account`] and its [`Book`] ([`decide`]); what was decided is a list of [`Event`]s;
//! an account is a fold of its own events and of nothing else.
#![cfg_attr(
    not(test),
    deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm)
)]

mod account;
pub mod accounting;
pub mod book;
mod credits;
mod id;
mod money;
mod rating;
#[cfg(feature = "schema")]
mod schema;
pub mod time;
mod wire;

pub use account::{
    Account, Balance, Bucket, Command, Eligibility, Event, Freeze, FreezeScope, Hold, Inconsistency, Key,
    KeyState, LiabilityCap, Lot, Noun, PastDebit, PastHold, PaymentBehind, Refundable, Refusal, Status,
    Totals, command, decide, event, records,
};
pub use book::{Book, BookError};
pub use credits::{AmountError, Credits};
pub use id::{AccountId, BookId, IdError, Minted, MintedKind, Token};
pub use money::{Currency, Money, MoneyError};
pub use rating::{Exact, Line, Quantity, RatingError, Rounding, Usage};
pub use time::{TimeError, Timestamp};
pub use wire::{DecodeError, VERSION, decode, encode};
