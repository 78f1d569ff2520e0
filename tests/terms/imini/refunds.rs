//! Refunds of orders.
