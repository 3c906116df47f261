//! Loads a server for a long time with everything that clients do, also badly, and watches whether it
//! grows: `make soak`.
//!
//! One server is watched, and never restarted. Another may be behind the same proxy and come and go, so
//! that the calls through the proxy see restarts.

mod clients;
mod load;
mod samples;
#[path = "../../tests/support/trend.rs"]
mod trend;
#[path = "../../tests/support/wire.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod wire;

use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use load::{Load, Target};
use samples::Watched;

/// Loads servers, and watches one of them.
#[derive(Debug, Parser)]
struct Options {
    /// The watched server
    #[arg(long, value_name = "IP:PORT")]
    server: SocketAddr,
    /// Its metrics
    #[arg(long, value_name = "URL")]
    metrics: String,
    /// Its process
    #[arg(long, value_name = "PID")]
    pid: u32,
    /// A proxy before it and others; without one, all calls go to the server itself
    #[arg(long, value_name = "IP:PORT")]
    proxy: Option<SocketAddr>,
    /// How long
    #[arg(long, default_value_t = 10.0, value_name = "MINUTES")]
    minutes: f64,
    /// Seconds between two lines
    #[arg(long, default_value_t = 10, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let options = Options::parse();
    let load = Arc::new(Load::default());
    let server = Target::at(options.server)?;
    let through = Target::at(options.proxy.unwrap_or(options.server))?;
    let mut clients = JoinSet::new();
    clients.spawn(clients::unary(through.clone(), Arc::clone(&load)));
    clients.spawn(clients::pairs(through, Arc::clone(&load)));
    clients.spawn(clients::teams(server.clone(), Arc::clone(&load)));
    clients.spawn(clients::cancel(server.clone(), Arc::clone(&load)));
    clients.spawn(clients::garbage(server.clone(), Arc::clone(&load)));
    clients.spawn(clients::gzip_bursts(server.clone(), Arc::clone(&load)));
    clients.spawn(clients::read_nothing(server, Arc::clone(&load)));

    let mut watched = Watched::new(options.pid, options.metrics);
    let begun = Instant::now();
    let end = begun + Duration::from_secs_f64(options.minutes * 60.0);
    let every = Duration::from_secs(options.every);
    let mut ticks = interval_at(begun + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    say(samples::HEAD)?;
    loop {
        ticks.tick().await;
        let sample = watched.sample(begun.elapsed()).await?;
        say(&format!("{sample} {}", load.line()))?;
        if Instant::now() >= end {
            break;
        }
        if let Some(ended) = clients.try_join_next() {
            ended?;
        }
    }
    clients.shutdown().await;
    say(&format!("in all: {}", load.line()))?;
    let (trends, grew) = watched.verdict();
    let failures = load.failures();
    for line in &trends {
        say(line)?;
    }
    for failure in &failures {
        say(&format!("FAILED: {failure}"))?;
    }
    for growth in &grew {
        say(&format!("GREW: {growth}"))?;
    }
    if failures.is_empty() && grew.is_empty() {
        say("good: nothing failed, nothing grew")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// A line, at once.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
