//! The tower layers around the services, one file per layer.

pub mod auth;
