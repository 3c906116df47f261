//! Black-box tests: the real server on a port of its own, and a gRPC client.

mod auth;
mod descriptor;
mod program;
mod serving;
mod streams;
mod support;
mod tidy;
mod unary;
