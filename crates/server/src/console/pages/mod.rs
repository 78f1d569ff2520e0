//! The pages, a file a page. What they show they ask the API for, as whoever is signed in.

pub(super) mod account;
mod home;
pub(super) mod refunds;

pub(super) use home::show as home;
