//! The terms of imini, clause by clause.

mod billing;
mod books;
mod calls;
mod measures;
mod people;
mod refunds;
mod retention;
