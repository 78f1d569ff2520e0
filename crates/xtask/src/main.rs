//! scrip
fn main() {}
