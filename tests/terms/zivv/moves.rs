//! Withdrawals and migrations.
