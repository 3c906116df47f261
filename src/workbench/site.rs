//! `match-function workbench`: rulesets in the browser (docs/workbench.md).
//!
//! One page whose parts are made here, of what `lint`, `explain`, `simulate`, `tune` and `replay` tell; the
//! script sends what is typed and puts what comes into its place. Nothing is kept here but running work.

mod captures;
mod findings;
mod guard;
mod play;
mod runs;
mod simulation;
mod view;

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clap::Parser;
use maud::{Markup, html};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::ruleset::Ruleset;
use super::{Unreadable, Verdict};
use crate::matching::MatchLogic;
use runs::Runs;

/// The ruleset of the first look.
const SAMPLE: &str = include_str!("../../docs/samples/ruleset-5v5.json");

/// What the sample is called.
const SAMPLE_NAME: &str = "ruleset-5v5.json (sample)";

/// Bytes of a request: a queue that is pasted is its largest part.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// Bytes of a ruleset, as on the server by default.
const MAX_RULES_BYTES: usize = 256 << 10;

/// Ticks that are played at one time.
const MAX_PLAYS: usize = 2;

/// Opens a page in the browser: a ruleset with its findings, its queue, its simulation
///
/// The page is served on this machine only. It plays the engine that serves, without AGS and without a
/// token, and loads nothing from elsewhere.
#[derive(Debug, Parser)]
#[command(
    name = "workbench",
    after_help = "Example: match-function workbench ruleset.json --captures /var/lib/captures"
)]
pub struct Workbench {
    /// The ruleset: a file, `-` for standard input, or JSON that begins with `{` [default: a sample]
    #[arg(value_name = "RULES")]
    rules: Option<String>,

    /// The port; 0 for any that is free
    #[arg(long, default_value_t = 8090, value_name = "PORT")]
    port: u16,

    /// The address to listen at; others than this machine can reach the page if it is not 127.0.0.1
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    addr: IpAddr,

    /// A folder of captures to look at
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,
}

/// What all requests share.
struct Shared<L> {
    logic: L,
    opened: Ruleset,
    captures: Option<PathBuf>,
    /// Ticks that may be played now.
    plays: Arc<Semaphore>,
    runs: Runs,
}

impl Workbench {
    /// Serves the page until a signal, and writes its address to `out`.
    ///
    /// # Errors
    ///
    /// If the ruleset cannot be read, or the port is taken.
    pub fn run(self, logic: impl MatchLogic, out: &mut impl Write) -> anyhow::Result<Verdict> {
        let opened = match &self.rules {
            Some(argument) => Ruleset::read(argument)?,
            None => Ruleset::of(SAMPLE_NAME, SAMPLE.to_owned()),
        };
        let shared = Shared {
            logic,
            opened,
            captures: self.captures,
            plays: Arc::new(Semaphore::new(MAX_PLAYS)),
            runs: Runs::default(),
        };
        let runtime = tokio::runtime::Runtime::new()?;
        let served = runtime.block_on(async {
            let address = SocketAddr::new(self.addr, self.port);
            let listener = TcpListener::bind(address).await;
            let listener = listener.with_context(|| {
                format!("cannot listen at {address}: choose another with --port")
            })?;
            let address = listener.local_addr()?;
            let others = match self.addr.is_loopback() {
                true => "",
                false => "; whoever reaches this address can use it",
            };
            writeln!(
                out,
                "the workbench is at http://{address} (Ctrl-C stops it){others}"
            )?;
            out.flush()?;
            let ended = async {
                // Without a handler the signal ends the process, which is as good.
                let _ = tokio::signal::ctrl_c().await;
            };
            tokio::select! {
                served = axum::serve(listener, routes(shared)) => served?,
                () = ended => {}
            }
            anyhow::Ok(())
        });
        // A simulation that still runs ends with the process.
        runtime.shutdown_background();
        served.map(|()| Verdict::Fine)
    }
}

fn routes<L: MatchLogic>(shared: Shared<L>) -> Router {
    Router::new()
        .route("/", get(page::<L>))
        .route("/workbench.js", get(script))
        .route("/workbench.css", get(style))
        .route("/findings", post(findings::answer::<L>))
        .route("/play", post(play::answer::<L>))
        .route("/explain", post(play::explain::<L>))
        .route("/simulate", post(simulation::simulate::<L>))
        .route("/tune", post(simulation::tune::<L>))
        .route("/runs/{id}/events", get(runs::events::<L>))
        .route("/runs/{id}/report", get(runs::report::<L>))
        .route("/runs/{id}/stop", post(runs::stop::<L>))
        .route("/captures", get(captures::list::<L>))
        .route("/captures/{name}/replay", post(captures::replay::<L>))
        .route("/captures/{name}/ruleset", get(captures::ruleset::<L>))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .layer(axum::middleware::from_fn(guard::guard))
        .with_state(Arc::new(shared))
}

async fn page<L: MatchLogic>(State(shared): State<Arc<Shared<L>>>) -> Markup {
    view::page(&shared.opened, shared.captures.is_some())
}

async fn script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("site/workbench.js").to_owned(),
    )
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", view::style())
}

fn asset(kind: &'static str, text: String) -> Response {
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ]);
    (headers, text).into_response()
}

/// A part of the page, or why there is none, in words.
type Answer<T = Markup> = Result<T, Refusal>;

/// Why a request is not answered as it asks.
#[derive(Debug)]
struct Refusal(String);

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

impl From<Unreadable> for Refusal {
    fn from(error: Unreadable) -> Self {
        Self(error.0)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = html! { p.refusal role="alert" { (self.0) } };
        (StatusCode::UNPROCESSABLE_ENTITY, text).into_response()
    }
}

/// A ruleset that was typed.
fn typed(name: &str, text: &str) -> Result<Ruleset, Refusal> {
    match text.len() > MAX_RULES_BYTES {
        true => Err(Refusal(format!(
            "{name} has {} bytes; a server takes {MAX_RULES_BYTES} unless MAX_RULES_BYTES says otherwise",
            text.len()
        ))),
        false => Ok(Ruleset::of(name, text.to_owned())),
    }
}

/// What is said of work that panics.
const FAILED: &str = "this failed; the terminal says more";

/// Works on a thread when its turn has come. The turn lasts as long as the work, also if nobody waits for the
/// answer any more.
async fn in_turn<L: MatchLogic>(
    shared: Arc<Shared<L>>,
    work: impl FnOnce(&Shared<L>) -> Answer + Send + 'static,
) -> Response {
    let turn = Arc::clone(&shared.plays).acquire_owned().await;
    on_thread(move || {
        let _turn = turn;
        work(&shared)
    })
    .await
}

/// Works on a thread where it may take its time; a work that panics is told as one that failed.
async fn on_thread<T: IntoResponse + Send + 'static>(
    work: impl FnOnce() -> Answer<T> + Send + 'static,
) -> Response {
    let done = tokio::task::spawn_blocking(work).await;
    let failed = |_| Err(Refusal(FAILED.to_owned()));
    done.unwrap_or_else(failed).into_response()
}
