//! Reports of the read side over HTTP: to the instant, in every time zone, from SQLite and PostgreSQL alike.

mod books;
mod projections;
mod queues;
mod usage;
pub mod world;
