//! BackfillMatches under pair rules: which tickets join which session.

use match_function::proto::backfill_ticket::{PartialMatch, Team};
use match_function::proto::{BackfillTicket, Opaque, Parameters, Slot, Slots};
use prost::Message;

use crate::support::{Ticket, all, raw, start};

fn session(n: u32, seats_taken: usize) -> Opaque {
    let tickets = (0..seats_taken).map(|t| Ticket::new(&format!("s{n}-{t}"), "pool"));
    let tickets: Vec<_> = tickets.map(|ticket| raw(&ticket.encode_to_vec())).collect();
    let user_ids = (0..seats_taken)
        .map(|t| format!("s{n}-{t}-player"))
        .collect();
    let session = BackfillTicket {
        ticket_id: format!("b{n}"),
        match_pool: "pool".into(),
        created_at: Some(prost_types::Timestamp {
            seconds: 100 - i64::from(n),
            nanos: 0,
        }),
        partial_match: Some(PartialMatch {
            tickets,
            teams: vec![Team {
                user_ids,
                parties: vec![],
                team_id: format!("team-{n}"),
            }],
            ..PartialMatch::default()
        }),
        match_session_id: format!("session-{n}"),
    };
    Slots::BACKFILL
        .write(Slot::BackfillTicket, &session)
        .expect("a slot")
}

fn backfill_ticket(id: &str) -> Opaque {
    let ticket = raw(&Ticket::new(id, "pool").encode_to_vec());
    Slots::BACKFILL
        .write(Slot::Ticket, &ticket)
        .expect("a slot")
}

#[tokio::test]
async fn sessions_are_filled_oldest_first_up_to_the_maximum() {
    let server = start(&[]);
    let rules = r#"{"shipCountMin": 2, "shipCountMax": 3}"#.to_owned();
    let rules = Some(match_function::proto::Rules { json: rules });
    let opening = Parameters {
        rules,
        tick_id: 3,
        ..Parameters::default()
    };
    let mut requests = vec![Slots::BACKFILL.write(Slot::Parameters, &opening).unwrap()];
    requests.extend([
        backfill_ticket("a"),
        session(1, 1),
        session(2, 2),
        session(3, 3),
    ]);
    requests.extend([
        backfill_ticket("b"),
        backfill_ticket("c"),
        backfill_ticket("d"),
    ]);
    let mut client = server.client().await;
    let answers = client
        .backfill_matches(tokio_stream::iter(requests))
        .await
        .unwrap();
    let proposals = all(answers.into_inner()).await.unwrap();
    let seen: Vec<_> = proposals
        .iter()
        .map(|answer| {
            let proposal = answer.backfill_proposal.as_ref().unwrap();
            let added = proposal.added_tickets.len();
            assert_eq!(proposal.proposal_id.len(), 32);
            let team = &proposal.proposed_teams[0];
            (
                proposal.match_session_id.as_str(),
                added,
                team.team_id.as_str(),
                team.user_ids.len(),
            )
        })
        .collect();
    // Number 2 is older than number 1; number 3 is full.
    assert_eq!(
        seen,
        [("session-2", 1, "team-2", 3), ("session-1", 2, "team-1", 3)]
    );
}
