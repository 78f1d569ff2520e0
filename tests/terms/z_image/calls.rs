//! Calls: what is charged, what returns, what counts as a violation.
