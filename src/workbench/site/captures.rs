//! The recorded ticks of a folder.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{self, State};
use axum::response::Response;
use maud::{Markup, html};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::play::capture;
use super::{Answer, Shared, on_thread};
use crate::capture::{self as file, Capture};
use crate::matching::MatchLogic;
use crate::workbench::captures::{Contents, paths};
use crate::workbench::replay::compare;
use crate::workbench::ruleset::pretty;

/// Captures that are listed at most, the newest first.
const MAX_LISTED: usize = 200;

pub(super) async fn list<L: MatchLogic>(State(shared): State<Arc<Shared<L>>>) -> Response {
    on_thread(move || listed(shared.captures.as_deref())).await
}

pub(super) async fn replay<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    extract::Path(name): extract::Path<String>,
) -> Response {
    on_thread(move || {
        let capture = read(shared.captures.as_deref(), &name)?;
        let compared = compare(&shared.logic, &capture)?;
        Ok(match (compared.difference, compared.is_cut) {
            (Some(difference), _) => html! { span.bad { "differs: " (difference) } },
            (None, true) => html! { span.good { "the same answers, as far as it came" } },
            (None, false) => html! { span.good { "the same answers, byte for byte" } },
        })
    })
    .await
}

/// The ruleset that a tick came with, as people read it.
pub(super) async fn ruleset<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    extract::Path(name): extract::Path<String>,
) -> Response {
    on_thread(move || {
        let capture = read(shared.captures.as_deref(), &name)?;
        Ok(pretty(&Contents::of(&capture)?.rules))
    })
    .await
}

/// The capture of a name in the folder.
fn read(folder: Option<&Path>, name: &str) -> anyhow::Result<Capture> {
    Ok(file::read(&capture(folder, name)?)?)
}

fn listed(folder: Option<&Path>) -> Answer {
    let Some(folder) = folder else {
        return Ok(html! {
            p.note {
                "No folder of captures was given. A server records ticks into "
                code { "RECORD_TICKS_DIR" } "; "
                code { "match-function workbench --captures FOLDER" } " lists them here."
            }
        });
    };
    let mut all = paths(&[folder.to_owned()])?;
    all.reverse();
    let more = all.len().saturating_sub(MAX_LISTED);
    all.truncate(MAX_LISTED);
    let rows: Vec<Markup> = all.iter().map(|path| row(path)).collect();
    Ok(html! {
        div.scroll tabindex="0" role="region" aria-label="Captures" {
            table {
                thead { tr {
                    th scope="col" { "time" }
                    th scope="col" { "pool" }
                    th scope="col" { "kind" }
                    th scope="col" { "tickets" }
                    th scope="col" { "answers" }
                    th scope="col" { "took" }
                    th scope="col" { "do" }
                } }
                tbody { @for row in &rows { (row) } }
            }
        }
        @if more > 0 { p.note { "and " (more) " older ones" } }
    })
}

fn row(path: &Path) -> Markup {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match file::read(path) {
        Ok(capture) => of_capture(&name, &capture),
        Err(error) => html! { tr { th scope="row" { (name) } td colspan="6" { (error) } } },
    }
}

fn of_capture(name: &str, capture: &Capture) -> Markup {
    let header = &capture.header;
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(header.now_ms) * 1_000_000);
    let time = time.ok().and_then(|time| time.format(&Rfc3339).ok());
    html! {
        tr {
            th scope="row" { (time.unwrap_or_else(|| name.to_owned())) }
            td { (header.match_pool) }
            td { (capture.kind.as_str()) }
            td { (header.tickets) }
            td { (capture.answers.len()) }
            td { (format!("{:.1} ms", header.duration_us as f64 / 1e3)) }
            td {
                button type="button" data-open=(name) { "Open in Queue" }
                " " button type="button" data-ruleset=(name) { "Take its ruleset" }
                " " button type="button" data-replay=(name) { "Replay" }
                " " span.replayed role="status" {}
            }
        }
    }
}
