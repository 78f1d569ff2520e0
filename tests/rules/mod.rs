//! The rules of the ledger, one by one: a book's files, what each command leads to, what is refused and why.

pub mod accounting;
mod amounts;
mod books;
mod burn;
mod calendar;
mod commands;
mod conduct;
mod contradictions;
mod control;
mod credits_in;
mod due;
mod holds;
mod invariants;
mod publishing;
mod refunds;
mod render;
mod script;
mod shortfall;
mod wire;
