//! Black-box tests: one binary, one module per behaviour.

mod auth;
#[path = "../support/support.rs"]
mod support;
