//! Which message may come when in a stream.

use bytes::Bytes;
use prost::Message;
use tonic::Status;

use crate::matching::rules::quoted;
use crate::matching::{Flow, MatchLogic, Needs, Reason, Session, Text, TickContext, Ticket};
use crate::proto::{Opaque, Parameters, Rules, Slot};
use crate::service::decode::{Batch, DecodeFault, Known, Named};
use crate::service::memory::Ledger;
use crate::service::metrics::{RULESET_REFUSED, TickRecord};
use crate::service::outbox::Outbox;
use crate::service::seen::Seen;
use crate::service::shared::Shared;
use crate::service::tick::Purpose;
use crate::service::{Limits, decode, status};

/// Maximum length of a ruleset in a log line, in bytes.
const MAX_LOGGED_RULESET: usize = 1024;

/// What has been received in a stream, as far as the next message depends on it.
pub(in crate::service) struct Intake {
    needs: Needs,
    tickets: u32,
    sessions: u32,
    bytes: u64,
    /// The pool of the first ticket or session.
    pool: Option<Text>,
    seen_tickets: Seen,
    seen_sessions: Seen,
    /// Texts that tickets repeat: the pool, regions, names of attributes.
    known: Known,
    /// Tickets that have been read and not yet given to the tick.
    batch: Batch,
    /// A session that has not yet been given to the tick, with the size of its message; it came
    /// after those tickets.
    session: Option<(Session, usize)>,
    /// Which of the tickets or sessions are new to the stream; kept to use its memory again.
    new: Vec<bool>,
}

/// Reads the first message and opens the tick.
pub(super) fn open<P: Purpose, L: MatchLogic>(
    shared: &Shared<L>,
    request: Opaque,
    record: &mut TickRecord,
) -> Result<(P::Tick, Intake), Status> {
    record.now_ms = shared.clock.unix_ms();
    let (logic, limits) = (&shared.logic, &shared.limits);
    open_with::<P, L>(logic, limits, request, record, |rules, record| {
        let (ruleset, read) = shared.rules(rules);
        record.ruleset = ruleset;
        read
    })
}

/// The same at the time of the record, with another reader of rulesets.
pub(in crate::service) fn open_with<P: Purpose, L: MatchLogic>(
    logic: &L,
    limits: &Limits,
    request: Opaque,
    record: &mut TickRecord,
    read_rules: impl FnOnce(Option<&Rules>, &mut TickRecord) -> Result<L::Rules, Status>,
) -> Result<(P::Tick, Intake), Status> {
    let name = P::REQUEST;
    let received = request.fields().len() as u64;
    let read = P::SLOTS
        .read(request)
        .map_err(|why| status::malformed(name, why))?;
    let bytes = match read {
        Some((Slot::Parameters, bytes)) => bytes,
        Some((slot, _)) => {
            let came = slot_name(slot);
            let text =
                format!("the first message of a stream has to be `parameters`; it was `{came}`");
            return Err(status::invalid_field(came, text));
        }
        None => return Err(unset::<P>(1, "parameters")),
    };
    let parameters = Parameters::decode(bytes).map_err(|error| {
        status::invalid_field(
            "parameters",
            format!("`parameters` cannot be read: {error}"),
        )
    })?;
    record.tick_id = parameters.tick_id;
    if let Some(scope) = parameters
        .scope
        .filter(|scope| !scope.ab_trace_id.is_empty())
    {
        record.ab_trace_id = scope.ab_trace_id;
    }
    if tracing::enabled!(tracing::Level::DEBUG) {
        let ruleset = parameters.rules.as_ref().map_or("", |rules| &rules.json);
        tracing::debug!(
            tick_id = parameters.tick_id,
            ruleset = &ruleset[..ruleset.floor_char_boundary(MAX_LOGGED_RULESET)],
            bytes = ruleset.len(),
            "tick begins"
        );
    }
    let read = read_rules(parameters.rules.as_ref(), record);
    let rules = read.inspect_err(|_| record.refused = Some(RULESET_REFUSED))?;
    let context = TickContext {
        now_ms: record.now_ms,
        tick_id: parameters.tick_id,
        max_answer_bytes: limits.max_answer_bytes.into(),
    };
    let intake = Intake {
        needs: P::needs(logic, &rules),
        tickets: 0,
        sessions: 0,
        bytes: received,
        pool: None,
        seen_tickets: Seen::default(),
        seen_sessions: Seen::default(),
        known: Known::default(),
        batch: Batch::default(),
        session: None,
        new: Vec::new(),
    };
    Ok((P::open(logic, rules, context), intake))
}

impl Intake {
    /// Reads a further message. True if it is time for [`Intake::flush`].
    #[inline]
    pub(in crate::service) fn take<P: Purpose>(
        &mut self,
        request: Opaque,
        limits: &Limits,
        record: &mut TickRecord,
    ) -> Result<bool, Status> {
        let number = self.tickets + self.sessions + 2;
        self.bytes += request.fields().len() as u64;
        if self.bytes > limits.max_stream_bytes {
            let maximum = limits.max_stream_bytes;
            return Err(Status::invalid_argument(format!(
                "the stream has more than {maximum} bytes (MAX_STREAM_BYTES)"
            )));
        }
        let read = P::SLOTS.read(request);
        let read = read.map_err(|why| status::malformed(P::REQUEST, why))?;
        let (slot, bytes) = read.ok_or_else(|| unset::<P>(number, "ticket"))?;
        if slot != Slot::Parameters && self.tickets + self.sessions == limits.max_tickets_per_stream
        {
            let maximum = limits.max_tickets_per_stream;
            return Err(Status::invalid_argument(format!(
                "the stream has more than {maximum} tickets and sessions (MAX_TICKETS_PER_STREAM)"
            )));
        }
        match slot {
            Slot::Parameters => Err(status::invalid_field(
                "parameters",
                format!(
                    "message {number} of the stream is `parameters` again; a stream has them once, as \
                     its first message"
                ),
            )),
            Slot::Ticket => {
                self.read(bytes, limits, record)
                    .inspect_err(|_| self.batch.spoil())?;
                Ok(self.batch.is_full())
            }
            Slot::BackfillTicket => {
                let read = decode::session(&bytes, &self.needs, limits, &mut self.known);
                let mut session = match read {
                    Ok(session) => session,
                    Err(fault) => {
                        self.leave_out("backfill_ticket", &bytes, &fault, record)?;
                        self.sessions += 1;
                        return Ok(false);
                    }
                };
                let id = &session.backfill_ticket_id;
                check_pool(&mut self.pool, "backfill_ticket", id, &session.pool, record)?;
                session.arrival = self.sessions;
                self.sessions += 1;
                self.session = Some((session, bytes.len()));
                Ok(true)
            }
        }
    }

    /// Reads a ticket into the batch.
    #[inline]
    fn read(
        &mut self,
        bytes: Bytes,
        limits: &Limits,
        record: &mut TickRecord,
    ) -> Result<(), Status> {
        let ticket = self.batch.blank();
        let read = decode::refill(ticket, bytes, &self.needs, limits, &mut self.known);
        if let Err(fault) = read {
            let body = std::mem::take(&mut ticket.body);
            self.batch.spoil();
            self.leave_out("ticket", &body, &fault, record)?;
            self.tickets += 1;
            record.tickets += 1;
            return Ok(());
        }
        ticket.arrival = self.tickets;
        check_pool(&mut self.pool, "ticket", &ticket.id, &ticket.pool, record)?;
        self.batch.push();
        self.tickets += 1;
        record.tickets += 1;
        Ok(())
    }

    /// Leaves out a ticket or a session that is beyond a bound: the rest of the stream goes on as
    /// if it had not come. Other faults are the stream's.
    #[cold]
    fn leave_out(
        &mut self,
        what: &str,
        body: &Bytes,
        fault: &DecodeFault,
        record: &mut TickRecord,
    ) -> Result<(), Status> {
        let Some(bound) = fault.bound() else {
            return Err(status::undecodable(what, fault));
        };
        let Named { id, pool } =
            decode::named(body).map_err(|fault| status::undecodable(what, &fault))?;
        check_pool(&mut self.pool, what, &id, &pool, record)?;
        record.exceeds(bound, &id);
        Ok(())
    }

    /// Uses the memory of a ticket of an answer again.
    #[inline]
    pub(super) fn keep(&mut self, ticket: Ticket) {
        self.batch.keep(ticket, &self.known);
    }

    /// Whether there are tickets that the tick has not got yet.
    pub(super) fn holds_tickets(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Counts what the next [`Intake::flush`] gives to the tick.
    pub(super) fn charge(&mut self, memory: &mut Ledger) {
        let session = self
            .session
            .as_ref()
            .map(|(session, bytes)| (session, *bytes));
        let ids = self.seen_tickets.held_bytes() + self.seen_sessions.held_bytes();
        memory.take(self.batch.tickets_mut(), session, ids);
    }

    /// Gives the tick what was read since the last time, in the order in which it came. To be
    /// called also when no message is ready, so that no ticket waits for others.
    pub(in crate::service) fn flush<P: Purpose>(
        &mut self,
        tick: &mut P::Tick,
        out: &mut Outbox<P::Answer>,
    ) -> Flow {
        let ids = self.batch.tickets().iter().map(|ticket| &*ticket.id);
        self.seen_tickets.insert(ids, &mut self.new);
        for (ticket, new) in self.batch.drain().zip(&self.new) {
            if !new {
                out.record.left(Reason::DuplicateTicket);
            } else if P::ticket(tick, ticket, out) == Flow::Stop {
                return Flow::Stop;
            }
        }
        let Some((session, _)) = self.session.take() else {
            return Flow::Go;
        };
        let id = [&*session.backfill_ticket_id].into_iter();
        self.seen_sessions.insert(id, &mut self.new);
        if self.new == [true] {
            return P::session(tick, session, out);
        }
        out.record.left(Reason::DuplicateTicket);
        Flow::Go
    }
}

/// Refuses a ticket or a session of another pool than the first one's.
fn check_pool(
    first: &mut Option<Text>,
    what: &str,
    id: &str,
    pool: &Text,
    record: &mut TickRecord,
) -> Result<(), Status> {
    match first {
        None => {
            *first = Some(pool.clone());
            record.match_pool = pool.clone();
        }
        Some(first) if first == pool => {}
        Some(first) => {
            let text = format!(
                "{what} {} is of match pool {}, and the stream began with {}; all tickets of a \
                 stream have to be of one pool",
                quoted(id),
                quoted(pool),
                quoted(first)
            );
            return Err(status::invalid_field(&format!("{what}.match_pool"), text));
        }
    }
    Ok(())
}

/// The client closed its side without a message.
pub(in crate::service) fn ended_early<P: Purpose>() -> Status {
    let text = "the stream ended without a message; the first one has to be `parameters`";
    status::invalid_field("parameters", text)
}

fn unset<P: Purpose>(number: u32, expected: &str) -> Status {
    let text =
        format!("message {number} of the stream has no `request_type`; `{expected}` was expected");
    status::invalid_field("request_type", text)
}

fn slot_name(slot: Slot) -> &'static str {
    match slot {
        Slot::Parameters => "parameters",
        Slot::Ticket => "ticket",
        Slot::BackfillTicket => "backfill_ticket",
    }
}
