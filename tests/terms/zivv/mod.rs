//! The terms of zivv, clause by clause.

mod books;
mod measures;
mod moves;
mod people;
mod refunds;
