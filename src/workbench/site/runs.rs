//! Work that takes long: one at a time, with its progress, until it is done or stopped.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use maud::Markup;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{FAILED, Refusal, Shared};
use crate::clock::since_1970;
use crate::matching::{Flow, MatchLogic};

/// The run that works, or was the last one.
#[derive(Debug, Default)]
pub(super) struct Runs {
    last: Mutex<Option<Arc<Run>>>,
    last_id: AtomicU64,
}

/// A run.
#[derive(Debug)]
pub(super) struct Run {
    id: u64,
    is_stopped: AtomicBool,
    done: AtomicU64,
    state: watch::Sender<Progress>,
}

/// How far it is.
#[derive(Debug, Clone)]
enum Progress {
    Working { done: u64, all: u64 },
    Done(Arc<str>),
    Failed(String),
    Stopped,
}

impl Runs {
    /// Starts a run on a thread of its own, and stops the one that works.
    pub(super) fn start(
        &self,
        work: impl FnOnce(&Run) -> Result<Markup, Refusal> + Send + 'static,
    ) -> Json<Value> {
        // A page may still know the number of a run of a workbench before this one.
        let since_ms = u64::try_from(since_1970().as_millis()).unwrap_or(0);
        self.last_id.fetch_max(since_ms, Ordering::Relaxed);
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let run = Arc::new(Run {
            id,
            is_stopped: AtomicBool::new(false),
            done: AtomicU64::new(0),
            state: watch::Sender::new(Progress::Working { done: 0, all: 0 }),
        });
        let before = self.lock().replace(Arc::clone(&run));
        if let Some(before) = before {
            before.stop();
        }
        tokio::task::spawn_blocking(move || {
            let ended = Ended(&run);
            let result = work(&run);
            ended
                .0
                .end(match (run.is_stopped.load(Ordering::Relaxed), result) {
                    (true, _) => Progress::Stopped,
                    (false, Ok(report)) => Progress::Done(report.into_string().into()),
                    (false, Err(refusal)) => Progress::Failed(refusal.0),
                });
        });
        Json(json!({"run": id}))
    }

    fn get(&self, id: u64) -> Option<Arc<Run>> {
        self.lock().clone().filter(|run| run.id == id)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Run>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a run has failed if its work panics: nobody waits for ever.
struct Ended<'r>(&'r Run);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.end(Progress::Failed(FAILED.to_owned()));
    }
}

impl Run {
    /// Counts what is done; says whether to go on.
    pub(super) fn add(&self, more: u64, all: u64) -> Flow {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        self.at(done, all)
    }

    /// Tells how much is done; says whether to go on.
    pub(super) fn at(&self, done: u64, all: u64) -> Flow {
        self.state.send_replace(Progress::Working { done, all });
        match self.is_stopped.load(Ordering::Relaxed) {
            true => Flow::Stop,
            false => Flow::Go,
        }
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// The first end counts.
    fn end(&self, how: Progress) {
        self.state.send_if_modified(|state| {
            let works = matches!(state, Progress::Working { .. });
            if works {
                *state = how;
            }
            works
        });
    }
}

/// The progress of a run as server-sent events.
pub(super) async fn events<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    Path(id): Path<u64>,
) -> Response {
    let Some(run) = shared.runs.get(id) else {
        return gone();
    };
    let mut state = run.state.subscribe();
    state.mark_changed();
    Sse::new(told(state))
        .keep_alive(KeepAlive::default())
        .into_response()
}

fn told(state: watch::Receiver<Progress>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(state), |state| async {
        let mut state = state?;
        state.changed().await.ok()?;
        let now = state.borrow_and_update().clone();
        let event = Event::default();
        Some(match now {
            Progress::Working { done, all } => {
                let data = json!({"done": done, "all": all}).to_string();
                (Ok(event.event("working").data(data)), Some(state))
            }
            // Browsers leave out events without data.
            Progress::Done(_) => (Ok(event.event("done").data("{}")), None),
            Progress::Failed(why) => {
                let data = json!({"why": why}).to_string();
                (Ok(event.event("failed").data(data)), None)
            }
            Progress::Stopped => (Ok(event.event("stopped").data("{}")), None),
        })
    })
}

/// What came of a run.
pub(super) async fn report<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    Path(id): Path<u64>,
) -> Response {
    let state = shared.runs.get(id).map(|run| run.state.borrow().clone());
    match state {
        Some(Progress::Done(report)) => maud::PreEscaped(report.to_string()).into_response(),
        _ => gone(),
    }
}

/// Stops a run.
pub(super) async fn stop<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    Path(id): Path<u64>,
) -> Response {
    match shared.runs.get(id) {
        Some(run) => {
            run.stop();
            StatusCode::NO_CONTENT.into_response()
        }
        None => gone(),
    }
}

fn gone() -> Response {
    (StatusCode::NOT_FOUND, "there is no such run any more\n").into_response()
}
