//! What differs between the two kinds of streams: making matches, and filling sessions.

use std::fmt;

use bytes::BytesMut;
use prost::Message;

use super::encode;
use super::metrics::TickKind;
use super::outbox::Outbox;
use super::recording::Recording;
use crate::matching::{
    BackfillTick, Flow, Match, MatchLogic, Needs, Proposal, Session, Tick, TickContext, Ticket,
};
use crate::proto::{BackfillResponse, MatchResponse, Opaque, Slots};

/// What a stream does with tickets.
pub(super) trait Purpose: 'static {
    /// What the core makes.
    type Answer: Send + 'static;
    /// The answer on the wire.
    type Response: Message;
    /// The core's state.
    type Tick: fmt::Debug + Send + 'static;

    const KIND: TickKind;
    const SLOTS: Slots;
    /// The name of the request message.
    const REQUEST: &'static str;

    fn needs<L: MatchLogic>(logic: &L, rules: &L::Rules) -> Needs;
    fn open<L: MatchLogic>(logic: &L, rules: L::Rules, context: TickContext) -> Self::Tick;
    fn ticket(tick: &mut Self::Tick, ticket: Ticket, out: &mut Outbox<Self::Answer>) -> Flow;
    fn session(tick: &mut Self::Tick, session: Session, out: &mut Outbox<Self::Answer>) -> Flow;
    fn is_heavy(tick: &Self::Tick) -> bool;
    fn finish(tick: Self::Tick, out: &mut Outbox<Self::Answer>);
    /// The answer on the wire; `buffer` is for its bytes.
    fn encode(answer: &Self::Answer, buffer: &mut BytesMut) -> Self::Response;
    /// Keeps an answer for a capture; `response` is its encoded form.
    fn record(answer: &Self::Answer, response: &Self::Response, recording: &mut Recording);
    /// The tickets of an answer that has been encoded: their memory is used again.
    fn tickets(answer: Self::Answer) -> impl Iterator<Item = Ticket>;
}

/// `MakeMatches`.
#[derive(Debug)]
pub(super) struct Making;

impl Purpose for Making {
    type Answer = Match;
    type Response = MatchResponse;
    type Tick = Box<dyn Tick>;

    const KIND: TickKind = TickKind::Match;
    const SLOTS: Slots = Slots::MAKE_MATCHES;
    const REQUEST: &'static str = "MakeMatchesRequest";

    fn needs<L: MatchLogic>(logic: &L, rules: &L::Rules) -> Needs {
        logic.needs(rules)
    }

    fn open<L: MatchLogic>(logic: &L, rules: L::Rules, context: TickContext) -> Box<dyn Tick> {
        logic.open(rules, context)
    }

    fn ticket(tick: &mut Box<dyn Tick>, ticket: Ticket, out: &mut Outbox<Match>) -> Flow {
        tick.push(ticket, out)
    }

    fn session(_: &mut Box<dyn Tick>, _: Session, _: &mut Outbox<Match>) -> Flow {
        // Never reached: SLOTS has no slot for a session, so none is read.
        Flow::Go
    }

    fn is_heavy(tick: &Box<dyn Tick>) -> bool {
        tick.finish_is_heavy()
    }

    fn finish(tick: Box<dyn Tick>, out: &mut Outbox<Match>) {
        tick.finish(out);
    }

    fn encode(answer: &Match, buffer: &mut BytesMut) -> MatchResponse {
        encode::match_response(answer, buffer)
    }

    fn record(answer: &Match, response: &MatchResponse, recording: &mut Recording) {
        let made = response.r#match.as_ref().map(Opaque::fields);
        let of_tickets = encode::tickets_len(answer);
        let places: Vec<u32> = answer.tickets().map(|ticket| ticket.arrival).collect();
        recording.answer(made.map_or(&[], |made| made), of_tickets, &places);
    }

    fn tickets(answer: Match) -> impl Iterator<Item = Ticket> {
        answer.teams.into_iter().flat_map(|team| team.tickets)
    }
}

/// `BackfillMatches`.
#[derive(Debug)]
pub(super) struct Filling;

impl Purpose for Filling {
    type Answer = Proposal;
    type Response = BackfillResponse;
    type Tick = Box<dyn BackfillTick>;

    const KIND: TickKind = TickKind::Backfill;
    const SLOTS: Slots = Slots::BACKFILL;
    const REQUEST: &'static str = "BackfillMakeMatchesRequest";

    fn needs<L: MatchLogic>(logic: &L, rules: &L::Rules) -> Needs {
        logic.backfill_needs(rules)
    }

    fn open<L: MatchLogic>(
        logic: &L,
        rules: L::Rules,
        context: TickContext,
    ) -> Box<dyn BackfillTick> {
        logic.open_backfill(rules, context)
    }

    fn ticket(
        tick: &mut Box<dyn BackfillTick>,
        ticket: Ticket,
        out: &mut Outbox<Proposal>,
    ) -> Flow {
        tick.push(ticket, out)
    }

    fn session(
        tick: &mut Box<dyn BackfillTick>,
        session: Session,
        out: &mut Outbox<Proposal>,
    ) -> Flow {
        tick.push_session(session, out)
    }

    fn is_heavy(_: &Box<dyn BackfillTick>) -> bool {
        true
    }

    fn finish(tick: Box<dyn BackfillTick>, out: &mut Outbox<Proposal>) {
        tick.finish(out);
    }

    fn encode(answer: &Proposal, _: &mut BytesMut) -> BackfillResponse {
        encode::backfill_response(answer)
    }

    fn record(_: &Proposal, response: &BackfillResponse, recording: &mut Recording) {
        recording.proposal(response);
    }

    fn tickets(answer: Proposal) -> impl Iterator<Item = Ticket> {
        answer.added.into_iter()
    }
}
