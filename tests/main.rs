//! What crosses rooms, in one binary: a folder a kind of test.

mod properties;
mod rules;
