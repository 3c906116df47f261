//! A match-function server for AccelByte Gaming Services (AGS) matchmaking.

#![forbid(unsafe_code)]

pub mod auth;
pub mod config;
pub mod layers;
