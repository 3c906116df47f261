//! Sessions under alliance rules: through the real server, and the example of `docs/backfill.md`.

use std::collections::BTreeMap;

use match_function::matching::{
    AgsLogic, MatchLogic, Proposal, Reason, Roster, Session, TickContext, play_backfill,
};
use match_function::proto::backfill_ticket::{PartialMatch, Team};
use match_function::proto::{BackfillTicket, Opaque, Parameters, Rules, Slot, Slots};
use prost::Message;
use prost_types::value::Kind;
use serde_json::{Value as Json, json};

use crate::manual::{self, Block, NOW_MS};
use crate::support::{Player, Ticket, all, raw, start};

/// A session from its short form.
fn session(arrival: usize, short: &Json) -> Session {
    let id = short["id"].as_str().expect("an id");
    let mut session = Session {
        match_session_id: id.into(),
        backfill_ticket_id: format!("backfill-{id}").into(),
        arrival: u32::try_from(arrival).expect("few sessions"),
        created_at_ms: Some(NOW_MS - short["age"].as_i64().expect("an age") * 1000),
        region_preferences: vec![short["region"].as_str().expect("a region").into()],
        ..Session::default()
    };
    for (number, team) in short["teams"].as_array().expect("teams").iter().enumerate() {
        let mut roster = Roster {
            id: format!("{id}-{number}").into(),
            ..Roster::default()
        };
        for short in team.as_array().expect("tickets") {
            let ticket = manual::ticket(0, short);
            roster.add(&ticket);
            session.tickets.push(ticket);
        }
        let guests = short["guests"][number].as_array().into_iter().flatten();
        roster
            .user_ids
            .extend(guests.map(|guest| guest.as_str().expect("an id").into()));
        session.teams.push(roster);
    }
    session
}

fn shown(made: &Proposal) -> Json {
    let added: Vec<_> = made
        .added
        .iter()
        .map(|ticket| ticket.id.to_string())
        .collect();
    let team =
        |team: &Roster| -> Vec<String> { team.user_ids.iter().map(ToString::to_string).collect() };
    let teams: Vec<_> = made.teams.iter().map(team).collect();
    json!({"session": &*made.session.match_session_id, "added": added, "teams": teams})
}

#[test]
fn the_example_of_the_page_gives_the_proposals_that_it_says() {
    let page = std::fs::read_to_string(manual::docs().join("backfill.md")).expect("the page");
    let start = page.find("```json ruleset").expect("an example");
    let end = page.find("\n## Why").expect("the reasons");
    let mut parts: BTreeMap<String, Json> = BTreeMap::new();
    for Block { kind, json, .. } in manual::blocks(&page[start..end]) {
        assert!(parts.insert(kind, json).is_none(), "one example");
    }
    let ruleset = parts["ruleset"].to_string();
    let rules = AgsLogic.rules(&ruleset).expect("a ruleset");
    assert!(rules.warnings.is_empty());
    let context = TickContext {
        now_ms: NOW_MS,
        tick_id: 1,
    };
    let of = |name: &str| parts[name].as_array().expect("a list").iter().enumerate();
    let sessions = of("sessions").map(|(arrival, short)| session(arrival, short));
    let tickets = of("tickets").map(|(arrival, short)| manual::ticket(arrival, short));
    let out = play_backfill(&AgsLogic, &ruleset, context, sessions, tickets).expect("read above");
    let proposals: Json = out.proposals.iter().map(shown).collect();
    assert_eq!(proposals, parts["proposals"]);
    let left = out.why_left().into_iter();
    let left: BTreeMap<_, _> = left.map(|(id, reason)| (id, reason.as_str())).collect();
    assert_eq!(json!(left), parts["left"]);
    assert!(out.kept_open.is_empty());
    for reason in ["backfill_off", "team_sizes", "region", "session_full"] {
        assert!(Reason::ALL.iter().any(|known| known.as_str() == reason));
        assert!(page.contains(&format!("`{reason}`")), "{reason}");
    }
}

fn player(id: &str, mmr: f64) -> Player {
    let kind = Some(Kind::NumberValue(mmr));
    Player {
        player_id: id.into(),
        attributes: Some(prost_types::Struct {
            fields: [("mmr".to_owned(), prost_types::Value { kind })].into(),
        }),
    }
}

fn party(id: &str, players: usize, mmr: f64) -> Ticket {
    let players = (0..players).map(|n| player(&format!("{id}-{n}"), mmr));
    Ticket {
        players: players.collect(),
        party_session_id: format!("party-{id}"),
        ..Ticket::new(id, "pool")
    }
}

fn queued(ticket: &Ticket) -> Opaque {
    let ticket = raw(&ticket.encode_to_vec());
    Slots::BACKFILL
        .write(Slot::Ticket, &ticket)
        .expect("a slot")
}

/// A session that has a team for each ticket.
fn asking(id: &str, seconds: i64, teams: &[Ticket], guest: &str) -> Opaque {
    let team = |ticket: &Ticket| Team {
        user_ids: ticket
            .players
            .iter()
            .map(|one| one.player_id.clone())
            .collect(),
        parties: vec![match_function::proto::Party {
            party_id: ticket.party_session_id.clone(),
            user_ids: ticket
                .players
                .iter()
                .map(|one| one.player_id.clone())
                .collect(),
        }],
        team_id: format!("team-{}", ticket.ticket_id),
    };
    let mut all: Vec<Team> = teams.iter().map(team).collect();
    all[0].user_ids.push(guest.to_owned());
    let session = BackfillTicket {
        ticket_id: format!("backfill-{id}"),
        match_pool: "pool".into(),
        created_at: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        partial_match: Some(PartialMatch {
            tickets: teams.iter().map(|one| raw(&one.encode_to_vec())).collect(),
            teams: all,
            client_version: "7".into(),
            ..PartialMatch::default()
        }),
        match_session_id: id.to_owned(),
    };
    Slots::BACKFILL
        .write(Slot::BackfillTicket, &session)
        .expect("a slot")
}

fn of_version(mut ticket: Ticket, version: &str) -> Ticket {
    let kind = Some(Kind::StringValue(version.to_owned()));
    ticket.ticket_attributes = Some(prost_types::Struct {
        fields: [("client_version".to_owned(), prost_types::Value { kind })].into(),
    });
    ticket
}

#[tokio::test]
async fn sessions_of_teams_are_filled_through_the_server() {
    let rules = r#"{
        "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1,
            "player_max_number": 3},
        "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}],
        "auto_backfill": true}"#;
    let opening = Parameters {
        rules: Some(Rules { json: rules.into() }),
        tick_id: 3,
        ..Parameters::default()
    };
    let ticket = |id: &str, players, mmr| queued(&of_version(party(id, players, mmr), "7"));
    let requests = || {
        vec![
            Slots::BACKFILL.write(Slot::Parameters, &opening).unwrap(),
            ticket("near", 1, 1010.0),
            asking(
                "late",
                200,
                &[party("k", 2, 1500.0), party("l", 2, 1500.0)],
                "guest",
            ),
            ticket("pair", 2, 1020.0),
            queued(&of_version(party("other", 1, 1000.0), "8")),
            asking(
                "early",
                100,
                &[party("m", 1, 1000.0), party("n", 1, 1000.0)],
                "guest",
            ),
            ticket("strong", 1, 1490.0),
            ticket("weak", 1, 500.0),
        ]
    };
    let server = start(&[]);
    let mut client = server.client().await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let stream = client
            .backfill_matches(tokio_stream::iter(requests()))
            .await;
        answers.push(all(stream.unwrap().into_inner()).await.unwrap());
    }
    let made: Vec<_> = answers[0]
        .iter()
        .map(|answer| answer.backfill_proposal.clone().expect("a proposal"))
        .collect();
    let teams: Vec<Vec<_>> = made
        .iter()
        .map(|one| {
            one.proposed_teams
                .iter()
                .map(|team| team.user_ids.clone())
                .collect()
        })
        .collect();
    assert_eq!(made[0].match_session_id, "early");
    assert_eq!(made[0].backfill_ticket_id, "backfill-early");
    // `near` is nearest; after that no team has room for the pair.
    assert_eq!(
        teams[0],
        [vec!["m-0", "guest"], vec!["n-0", "near-0"]],
        "{teams:?}"
    );
    assert_eq!(
        teams[1],
        [vec!["k-0", "k-1", "guest"], vec!["l-0", "l-1", "strong-0"]]
    );
    assert_eq!(made[1].proposed_teams[1].team_id, "team-l");
    let parties = &made[1].proposed_teams[1].parties;
    assert_eq!(parties.len(), 2);
    assert_eq!(parties[1].party_id, "party-strong");
    assert_eq!(made[1].added_tickets.len(), 1);
    // The same stream again gives the same proposals, apart from the time.
    let ids = |at: usize| -> Vec<_> {
        let id = |answer: &match_function::proto::BackfillResponse| {
            answer
                .backfill_proposal
                .as_ref()
                .map(|one| one.proposal_id.clone())
        };
        answers[at].iter().map(id).collect()
    };
    assert_eq!(ids(0), ids(1));
}
