//! A recorded tick, played again without a server.

use bytes::{Bytes, BytesMut};
use prost::Message;
use tonic::Status;

use super::limits::Limits;
use super::metrics::{ServiceMetrics, TickRecord};
use super::outbox::Outbox;
use super::shared::read_rules;
use super::stream::intake;
use super::tick::{Filling, Making, Purpose};
use crate::capture::{Capture, Kind};
use crate::matching::{Flow, MatchLogic};
use crate::proto::Opaque;

/// What a tick answers when it is played again.
#[derive(Debug)]
pub struct Replayed {
    /// The answers, as bytes on the wire.
    pub answers: Vec<Bytes>,
    /// Why the stream would be refused; `None` if it would not.
    pub refused: Option<String>,
}

/// Plays a recorded tick again by this logic: with the clock, the number and the bounds of then, without
/// a limit of time.
pub fn replay<L: MatchLogic>(logic: &L, capture: &Capture) -> Replayed {
    match capture.kind {
        Kind::Match => play::<Making, L>(logic, capture),
        Kind::Backfill => play::<Filling, L>(logic, capture),
    }
}

fn play<P: Purpose, L: MatchLogic>(logic: &L, capture: &Capture) -> Replayed {
    let mut record = ServiceMetrics::default().tick_begins(P::KIND);
    record.now_ms = capture.header.now_ms;
    let mut out = Outbox::new(record);
    let refused = run::<P, L>(logic, capture, &mut out).err();
    let (mut answers, mut buffer) = (Vec::new(), BytesMut::new());
    while let Some(answer) = out.pop() {
        let response = P::encode(&answer, &mut buffer);
        answers.push(response.encode_to_vec().into());
    }
    let refused = refused.map(|status| status.message().to_owned());
    Replayed { answers, refused }
}

fn run<P: Purpose, L: MatchLogic>(
    logic: &L,
    capture: &Capture,
    out: &mut Outbox<P::Answer>,
) -> Result<(), Status> {
    let limits = Limits::of_recorded(&capture.header.bounds);
    let mut requests = capture.requests.iter().cloned().map(Opaque::from);
    let first = requests.next().ok_or_else(intake::ended_early::<P>)?;
    let read = |rules: Option<&crate::proto::Rules>, _: &mut TickRecord| {
        let json = rules.map_or("", |rules| &rules.json);
        read_rules(logic, &limits, json)
    };
    let (mut tick, mut intake) =
        intake::open_with::<P, L>(logic, &limits, first, &mut out.record, read)?;
    for request in requests {
        let taken = intake.take::<P>(request, &limits, &mut out.record);
        let is_full = match taken {
            Ok(is_full) => is_full,
            Err(status) => {
                // What came before leads to matches all the same, as in a stream.
                intake.flush::<P>(&mut tick, out);
                return Err(status);
            }
        };
        if is_full && intake.flush::<P>(&mut tick, out) == Flow::Stop {
            return Ok(());
        }
    }
    if intake.flush::<P>(&mut tick, out) == Flow::Go {
        P::finish(tick, out);
    }
    Ok(())
}
