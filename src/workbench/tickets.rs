//! Tickets and sessions as arguments: NDJSON in protobuf's JSON names, a queue as AGS lists it, or a
//! capture.

use anyhow::Context;
use bytes::Bytes;

use super::Unreadable;
use super::captures::Contents;
use crate::capture::{self, EXTENSION};
use crate::files;
use crate::matching::{Session, Ticket};
use crate::messages::Messages;
use crate::proto::Slot;
use crate::service::Reader;

/// Tickets and sessions of a file, in their encoded form: each time that a tick is played they are read
/// again.
#[derive(Debug, Default)]
pub(super) struct Queue {
    tickets: Vec<Bytes>,
    sessions: Vec<Bytes>,
    /// The time of the tick, in Unix ms, if a capture tells it.
    pub(super) now_ms: Option<i64>,
}

impl Queue {
    /// Reads a file of tickets, `-` for standard input; what it holds comes after what is there.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or a value of it is no ticket or session: which, and in which line.
    pub(super) fn read(&mut self, file: &str) -> Result<(), Unreadable> {
        self.read_as(Slot::Ticket, file)
    }

    /// The same of a file of sessions.
    ///
    /// # Errors
    ///
    /// As [`Queue::read`].
    pub(super) fn read_sessions(&mut self, file: &str) -> Result<(), Unreadable> {
        self.read_as(Slot::BackfillTicket, file)
    }

    /// `plain` is what an object is that does not say it.
    fn read_as(&mut self, plain: Slot, file: &str) -> Result<(), Unreadable> {
        if file.ends_with(EXTENSION) {
            return self.read_capture(file);
        }
        self.take(files::messages(file)?, plain)
    }

    /// Reads tickets that are given as a text.
    ///
    /// # Errors
    ///
    /// As [`Queue::read`].
    pub(super) fn read_text(&mut self, text: &str) -> Result<(), Unreadable> {
        let found = files::messages_in("the queue", files::without_mark(text))?;
        self.take(found, Slot::Ticket)
    }

    fn take(&mut self, messages_of: Vec<files::Found>, plain: Slot) -> Result<(), Unreadable> {
        let (messages, mut reader) = (Messages::new()?, Reader::default());
        for found in messages_of {
            let at = |error: String| Unreadable(format!("{}: {error}", found.place));
            let encode = |name| {
                let encoded = messages.encode(name, &found.json);
                encoded.map_err(|error| at(format!("{error:#}")))
            };
            let is_plain = found.slot == Slot::Ticket && !found.is_named;
            match if is_plain { plain } else { found.slot } {
                Slot::Ticket => {
                    let body = encode("Ticket")?.into_fields();
                    reader.ticket(body.clone()).map_err(at)?;
                    self.tickets.push(body);
                }
                Slot::BackfillTicket => {
                    let body = encode("BackfillTicket")?.into_fields();
                    reader.session(&body).map_err(at)?;
                    self.sessions.push(body);
                }
                Slot::Parameters => {}
            }
        }
        Ok(())
    }

    /// Reads the queue of a recorded tick, and its sessions.
    pub(super) fn read_capture(&mut self, file: &str) -> Result<(), Unreadable> {
        let capture = capture::read(file.as_ref()).map_err(anyhow::Error::from)?;
        let contents = Contents::of(&capture).with_context(|| file.to_owned())?;
        let mut reader = Reader::default();
        // What the server left out for a bound is no part of the queue.
        let sound = |body: &Bytes| reader.ticket(body.clone()).is_ok();
        self.tickets
            .extend(contents.tickets.into_iter().filter(sound));
        let mut reader = Reader::default();
        let sound = |body: &Bytes| reader.session(body).is_ok();
        self.sessions
            .extend(contents.sessions.into_iter().filter(sound));
        self.now_ms = Some(capture.header.now_ms);
        Ok(())
    }

    /// The tickets, in the order of the file.
    pub(super) fn tickets(&self) -> Vec<Ticket> {
        let mut reader = Reader::default();
        let numbered = (0..).zip(&self.tickets);
        let read = numbered.map(|(arrival, body)| Ticket {
            arrival,
            ..reader.ticket(body.clone()).expect("read before")
        });
        read.collect()
    }

    /// The sessions, in the order of the file.
    pub(super) fn sessions(&self) -> Vec<Session> {
        let mut reader = Reader::default();
        let numbered = (0..).zip(&self.sessions);
        let read = numbered.map(|(arrival, body)| Session {
            arrival,
            ..reader.session(body).expect("read before")
        });
        read.collect()
    }
}
