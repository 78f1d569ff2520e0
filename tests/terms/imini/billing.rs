//! Subscriptions, statements, disputes.
