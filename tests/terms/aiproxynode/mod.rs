//! The terms of aiproxynode, clause by clause.

mod billing;
mod books;
mod measures;
mod moves;
mod people;
mod refunds;
mod retention;
