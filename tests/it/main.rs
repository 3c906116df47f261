//! Black-box tests: the real server on a port of its own, and a gRPC client.

mod alliance;
mod answers;
mod auth;
mod backfill;
mod browser;
mod connections;
mod custom_logic;
mod dashboards;
mod demo;
mod descriptor;
mod manual;
mod memory;
mod program;
mod reported;
mod serving;
mod streams;
mod support;
mod telemetry;
mod tidy;
mod unary;
