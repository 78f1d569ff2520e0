//! What is kept of a call, and how long.
