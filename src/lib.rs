//! A match-function server for AccelByte Gaming Services (AGS) matchmaking.

pub mod app;
pub mod auth;
mod body;
pub mod capture;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
mod error;
mod files;
pub mod layers;
pub mod matching;
mod messages;
pub mod population;
pub mod proto;
pub mod server;
pub mod service;
pub mod simulation;
pub mod telemetry;
pub mod tuning;
pub mod workbench;
