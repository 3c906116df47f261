//! A tick that is played, and one ticket of it explained.

mod explained;
mod shown;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow, ensure};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::{Answer, Refusal, Shared, in_turn};
use crate::matching::MatchLogic;
use crate::matching::explain::Scene;
use crate::workbench::explain;
use crate::workbench::tickets::Queue;

/// Tickets that are made up, at most.
const MAX_MADE_UP: u32 = 20_000;

/// A tick that is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Tick {
    rules: String,
    queue: From,
    /// The ticket to explain.
    #[serde(default)]
    ticket: String,
}

/// Where a queue comes from.
#[derive(Debug, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
enum From {
    /// Drawn, as `explain --random` does.
    MadeUp { count: u32, seed: u64 },
    /// What stands in a file of tickets.
    Text { text: String },
    /// A capture of the folder.
    Capture { name: String },
}

pub(super) async fn answer<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    Json(tick): Json<Tick>,
) -> Response {
    in_turn(shared, move |all| tick.played(all)).await
}

pub(super) async fn explain<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    Json(tick): Json<Tick>,
) -> Response {
    in_turn(shared, move |all| tick.explained(all)).await
}

impl Tick {
    fn scene<L: MatchLogic>(&self, shared: &Shared<L>) -> Result<Scene, Refusal> {
        let ruleset = super::typed("the ruleset", &self.rules)?;
        let mut queue = Queue::default();
        let mut made_up = None;
        match &self.queue {
            From::MadeUp { count, seed } => {
                if !(1..=MAX_MADE_UP).contains(count) {
                    let why = format!("{count} tickets: allowed are 1 to {MAX_MADE_UP}");
                    return Err(Refusal(why));
                }
                made_up = Some((*count, *seed));
            }
            From::Text { text } => queue.read_text(text)?,
            From::Capture { name } => {
                let path = capture(shared.captures.as_deref(), name)?;
                queue.read_capture(&path.to_string_lossy())?;
            }
        }
        Ok(explain::scene(
            &shared.logic,
            &ruleset,
            &queue,
            made_up,
            None,
        )?)
    }

    fn played<L: MatchLogic>(&self, shared: &Shared<L>) -> Answer {
        let scene = self.scene(shared)?;
        let started = Instant::now();
        if scene.sessions.is_empty() {
            let played = explain::played(&shared.logic, &scene);
            let took = started.elapsed();
            return Ok(shown::with_time(&shown::matches(&scene, &played), took));
        }
        let played = explain::played_backfill(&shared.logic, &scene);
        let took = started.elapsed();
        Ok(shown::with_time(&shown::proposals(&scene, &played), took))
    }

    fn explained<L: MatchLogic>(&self, shared: &Shared<L>) -> Answer {
        let scene = self.scene(shared)?;
        let place = scene
            .tickets
            .iter()
            .position(|ticket| *ticket.id == *self.ticket);
        let place =
            place.ok_or_else(|| anyhow!("there is no such ticket in the queue any more"))?;
        let explanation = explain::explained(&shared.logic, &scene, place);
        Ok(explained::ticket(&scene, place, &explanation))
    }
}

/// The file of a capture: one that stands in the folder itself.
///
/// # Errors
///
/// If there is no folder, or the name is no name of a file in it.
pub(super) fn capture(folder: Option<&Path>, name: &str) -> anyhow::Result<PathBuf> {
    let folder = folder.context("no folder of captures was given with --captures")?;
    let is_plain = Path::new(name).file_name().is_some_and(|file| file == name);
    ensure!(is_plain, "{name:?} is no capture of the folder");
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_a_file_of_the_folder_only() {
        let folder = Some(Path::new("/captures"));
        let path = capture(folder, "a.capture.zst").unwrap();
        assert_eq!(path, Path::new("/captures/a.capture.zst"));
        for name in ["", ".", "..", "../a", "/etc/passwd", "a/b", "a/"] {
            assert!(capture(folder, name).is_err(), "{name}");
        }
        assert!(capture(None, "a").is_err());
    }
}
