//! The server from outside: one binary, so that it is linked once.

mod dashboards;
mod telemetry;
