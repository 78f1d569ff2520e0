//! Freezes, closing, breach, appeals.
