//! The postings of events, one by one: what each event family means for the books of a service.

mod facts;
mod granted_and_owed;
mod lots;
mod moves;
mod notices;
pub mod page;
mod refunds;
mod subscriptions;
