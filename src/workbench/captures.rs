//! Captures as arguments, and what they hold.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use bytes::Bytes;

use crate::capture::{Capture, EXTENSION};
use crate::matching::{TickContext, Ticket};
use crate::proto::{Opaque, Parameters, Slot};
use crate::service::Reader;
use crate::simulation::RecordedTick;
use prost::Message;

/// The captures that arguments name: files, and folders for all captures in them, by their names.
///
/// # Errors
///
/// If a folder cannot be read, or has no capture.
pub(super) fn paths(arguments: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for argument in arguments {
        if !argument.is_dir() {
            all.push(argument.clone());
            continue;
        }
        let found = in_folder(argument).with_context(|| argument.display().to_string())?;
        if found.is_empty() {
            bail!(
                "{}: there is no capture (*{EXTENSION}) in it",
                argument.display()
            );
        }
        all.extend(found);
    }
    Ok(all)
}

fn in_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(EXTENSION) {
            found.push(path);
        }
    }
    // Their names sort by time.
    found.sort_unstable();
    Ok(found)
}

/// What a capture holds: the ruleset, and the queue.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) rules: String,
    pub(super) tickets: Vec<Bytes>,
    pub(super) sessions: Vec<Bytes>,
}

impl Contents {
    /// Reads the requests.
    ///
    /// # Errors
    ///
    /// If one of them is not a message.
    pub(super) fn of(capture: &Capture) -> anyhow::Result<Self> {
        let slots = capture.kind.slots();
        let mut contents = Self::default();
        for request in &capture.requests {
            let read = slots.read(Opaque::from(request.clone()));
            match read.map_err(|_| anyhow::anyhow!("a request in it is not a message"))? {
                Some((Slot::Parameters, body)) => {
                    let parameters = Parameters::decode(body).context("its parameters")?;
                    contents.rules = parameters.rules.map(|rules| rules.json).unwrap_or_default();
                }
                Some((Slot::Ticket, body)) => contents.tickets.push(body),
                Some((Slot::BackfillTicket, body)) => contents.sessions.push(body),
                None => {}
            }
        }
        Ok(contents)
    }

    /// The tickets, each id once, with everything that they hold; those beyond a bound are left out.
    pub(super) fn tickets(&self) -> Vec<Ticket> {
        let mut reader = Reader::default();
        let mut known = std::collections::HashSet::new();
        let read = self
            .tickets
            .iter()
            .filter_map(|body| reader.ticket(body.clone()).ok());
        let tickets = read.filter(|ticket| ticket.id.is_empty() || known.insert(ticket.id.clone()));
        let numbered = (0..).zip(tickets);
        numbered
            .map(|(arrival, ticket)| Ticket { arrival, ..ticket })
            .collect()
    }
}

/// A capture as a tick to be played by any rules.
pub(super) fn tick(capture: &Capture) -> anyhow::Result<RecordedTick> {
    let contents = Contents::of(capture)?;
    let bounds = &capture.header.bounds;
    Ok(RecordedTick {
        context: TickContext {
            now_ms: capture.header.now_ms,
            tick_id: capture.header.tick_id,
            max_answer_bytes: bounds.get("MAX_ANSWER_BYTES").copied().unwrap_or(4 << 20),
        },
        tickets: contents.tickets(),
        rules: contents.rules,
    })
}
