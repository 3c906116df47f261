//! Settings of the whole program.

pub mod parse;
