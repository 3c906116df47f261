//! What sessions and used tickets hold.

use super::linear::{ROOM, field, name, repeated, wide};
use super::*;
use crate::service::decode::budget::{MEMORY_PER_BYTE, SPARE_OF_SESSION};

#[test]
fn a_session_holds_at_most_four_times_its_bytes_and_what_is_spare() {
    let count = 100_000;
    let team = |content: Vec<u8>| field(2, &content);
    let pairs = repeated(4000, |at| field(1, &field(1, &name(at))));
    let one_each = repeated(200, |at| team(field(1, &name(at))));
    let bombs = [
        ("empty tickets", repeated(256, |_| field(1, b""))),
        (
            "tickets of empty players",
            repeated(256, |_| field(1, &repeated(200, |_| field(4, b"")))),
        ),
        ("empty teams", repeated(4000, |_| team(Vec::new()))),
        ("teams of one player", one_each),
        (
            "players of a team",
            team(repeated(count, |_| field(1, b""))),
        ),
        ("parties", team(repeated(4000, |_| field(2, b"")))),
        (
            "players of a party",
            team(field(2, &repeated(count, |_| field(2, b"")))),
        ),
        ("regions", repeated(4000, |_| field(3, b""))),
        (
            "attributes in pieces",
            repeated(4000, |at| field(4, &field(1, &field(1, &name(at))))),
        ),
        ("attributes", field(4, &pairs)),
    ];
    let mut refused = 0;
    for (what, content) in bombs {
        let body = Bytes::from(field(4, &content));
        let bytes = body.len();
        let read = session(&body, &Needs::everything(), &wide(), &mut Known::default());
        match read {
            Ok(session) => {
                let most =
                    MEMORY_PER_BYTE * bytes + SPARE_OF_SESSION + size_of::<Session>() + 256 * ROOM;
                let held = session.held_bytes();
                assert!(held <= most, "{what}: {held} bytes for {bytes}");
            }
            Err(fault) => {
                assert_eq!(fault.bound(), Some(Bound::Memory), "{what}: {fault}");
                refused += 1;
            }
        }
    }
    assert!(refused >= 6, "{refused}");
}

#[test]
fn attributes_of_a_session_count_over_all_of_its_pieces() {
    let piece = |_| field(4, &field(4, &field(1, &field(1, b"a"))));
    let read = |pieces| {
        let limits = Limits {
            max_attributes_per_ticket: 10,
            ..Limits::default()
        };
        let body = Bytes::from(repeated(pieces, piece));
        session(&body, &Needs::everything(), &limits, &mut Known::default())
    };
    assert_eq!(read(10).unwrap().attributes.len(), 1);
    assert_eq!(read(11).unwrap_err().bound(), Some(Bound::Attributes));
}

#[test]
fn what_a_used_ticket_keeps_is_given_back_where_it_is_too_much() {
    let (needs, limits, mut known) = (Needs::everything(), Limits::default(), Known::default());
    let mut ticket = Ticket::default();
    let many = [
        repeated(16, |at| field(4, &field(1, &name(at)))),
        repeated(32, |at| field(6, &field(1, &name(at)))),
    ];
    refill(
        &mut ticket,
        many.concat().into(),
        &needs,
        &limits,
        &mut known,
    )
    .unwrap();
    ticket.players.clear();
    refill(&mut ticket, Bytes::new(), &needs, &limits, &mut known).unwrap();
    assert!(ticket.held_bytes() <= size_of::<Ticket>() + ROOM);
}

#[test]
fn texts_that_are_not_remembered_are_not_copied() {
    let mut known = Known::default();
    let regions = repeated(60, |at| field(6, &field(1, &name(at))));
    let body = Bytes::from(regions);
    let ticket = ticket(
        body.clone(),
        &Needs::everything(),
        &Limits::default(),
        &mut known,
    )
    .unwrap();
    let inside = body.as_ptr_range();
    let slices = ticket
        .latencies
        .iter()
        .filter(|(name, _)| inside.contains(&name.as_ptr()));
    assert_eq!(slices.count(), 60 - 32);
    // Such a ticket is not kept for the next one: it would keep the message alive.
    let mut batch = Batch::default();
    batch.keep(ticket, &known);
    assert!(body.is_unique());
}
