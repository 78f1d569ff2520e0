//! The terms of z-image-ai, clause by clause.

mod billing;
mod calls;
mod measures;
mod people;
mod refunds;
