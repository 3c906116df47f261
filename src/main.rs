//! The `match-function` program.

fn main() {}
