//! The terms of pixapi, clause by clause.

mod books;
mod calls;
mod people;
mod refunds;
