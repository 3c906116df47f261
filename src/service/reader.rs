//! Tickets and sessions outside of calls, as the commands that work without a server read them.

use bytes::Bytes;

use super::Limits;
use super::decode::{self, Known};
use crate::matching::{Needs, Session, Ticket};

/// Reads tickets and sessions with everything that they hold, within the default bounds of calls.
#[derive(Debug)]
pub struct Reader {
    needs: Needs,
    limits: Limits,
    known: Known,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            needs: Needs::everything(),
            limits: Limits::default(),
            known: Known::default(),
        }
    }
}

impl Reader {
    /// A ticket from its encoded form.
    ///
    /// # Errors
    ///
    /// What is wrong, as text.
    pub fn ticket(&mut self, body: Bytes) -> Result<Ticket, String> {
        let read = decode::ticket(body, &self.needs, &self.limits, &mut self.known);
        read.map_err(|fault| fault.to_string())
    }

    /// A session from its encoded form.
    ///
    /// # Errors
    ///
    /// What is wrong, as text.
    pub fn session(&mut self, body: &Bytes) -> Result<Session, String> {
        let read = decode::session(body, &self.needs, &self.limits, &mut self.known);
        read.map_err(|fault| fault.to_string())
    }
}
