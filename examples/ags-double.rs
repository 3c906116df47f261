//! A mock of AGS on this machine: the endpoints that `demo.sh` and the server call, and matchmaking
//! that calls the registered match function. `make demo-local` starts it.

#[path = "../tests/support/ags.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod ags;
#[path = "../tests/support/tokens.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod tokens;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;

use ags::operations::Failure;
use ags::{Ags, World};

/// A mock of AGS on this machine. SIGTERM or Ctrl-C ends it: it then lists what was created and not
/// removed, and its exit code is 1 if the list is not empty.
#[derive(Debug, Parser)]
struct Options {
    /// Port on 127.0.0.1; 0: any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The game namespace
    #[arg(long, env = "AB_NAMESPACE")]
    namespace: String,
    /// The OAuth client that may log in
    #[arg(long, env = "AB_CLIENT_ID")]
    client_id: String,
    /// Its secret
    #[arg(long, env = "AB_CLIENT_SECRET", hide_env_values = true)]
    client_secret: String,
    /// Milliseconds between two ticks
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    tick_ms: u64,
    /// An Extend app and its address, as my-app=127.0.0.1:6565
    #[arg(long, value_parser = app)]
    app: Vec<(String, String)>,
    /// Which requests fail: create-pool=403, or create-player@3=500 from the third request on
    #[arg(long)]
    fail: Vec<Failure>,
}

fn app(text: &str) -> Result<(String, String), String> {
    let (name, address) = text.split_once('=').ok_or("the form is NAME=HOST:PORT")?;
    Ok((name.to_owned(), address.to_owned()))
}

#[tokio::main]
async fn main() -> Result<ExitCode, std::io::Error> {
    let options = Options::parse();
    let world = World {
        client_id: options.client_id,
        client_secret: options.client_secret,
        ..World::default()
    };
    let address = SocketAddr::from(([127, 0, 0, 1], options.port));
    let mut ags = Ags::start_at(address, world).await;
    let (diary, mut lines) = unbounded_channel();
    ags.tell(diary);
    ags.game(|game| {
        game.apps = options.app.into_iter().collect();
        game.fail(options.fail);
    });
    ags.make_matches(&options.namespace, Duration::from_millis(options.tick_ms));

    let (mut terminated, mut interrupted) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let mut out = std::io::stdout();
    writeln!(out, "AGS double at {}", ags.url())?;
    loop {
        tokio::select! {
            Some(line) = lines.recv() => writeln!(out, "{line}")?,
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
        }
    }
    let left_over = ags.game(|game| game.left_over());
    for thing in &left_over {
        writeln!(out, "left over: {thing}")?;
    }
    Ok(if left_over.is_empty() {
        writeln!(out, "left over: nothing")?;
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
