//! `matching::answer` says how large an answer can become: never less than it is.

use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::matching::answer::{FIXED_BYTES, session_bytes, ticket_bytes};
use crate::matching::{AgsLogic, Player, Session, TickContext, play, play_backfill};

const CONTEXT: TickContext = TickContext {
    now_ms: 1_000_000,
    tick_id: 7,
    max_answer_bytes: u64::MAX,
};

/// Every option and every attribute that a match repeats; any tickets may meet, and each may be a
/// match by itself.
const ALLIANCE: &str = r#"{
    "alliance": {"min_number": 1, "max_number": 4, "player_min_number": 1, "player_max_number": 3},
    "match_options": {"options": [
        {"name": "maps", "type": "any"}, {"name": "mode", "type": "all"}, {"name": "hero", "type": "unique"},
        {"name": "cross_platform", "type": "any"}]},
    "region_latency_initial_range_ms": 1000000,
    "blocked_player_option": "blockedPlayerCanMatch",
    "auto_backfill": true
}"#;

const PAIRS: &str = r#"{"shipCountMin": 1, "shipCountMax": 5, "auto_backfill": true}"#;

fn text() -> impl Strategy<Value = Text> {
    prop_oneof!["\\PC{0,12}", "a{120,140}"].prop_map(Text::from)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-9.0..9.0).prop_map(Value::Number),
        text().prop_map(Value::Text),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let fields = vec((text(), inner.clone()), 0..4);
        prop_oneof![
            vec(inner, 0..6).prop_map(Value::List),
            fields.prop_map(|fields| Value::Struct(fields.into_iter().collect())),
        ]
    })
}

/// Attributes that the ruleset repeats in different ways, each present or not.
fn attributes() -> impl Strategy<Value = Attributes> {
    let shared = |value: &'static str| prop::option::of(Just(Value::from(value)));
    let values = || prop::option::of(value());
    let list = || prop::option::of(vec(value(), 0..20).prop_map(Value::List));
    let fields = (
        (list(), shared("mode"), values(), list()),
        (shared("1.2"), values(), list(), values()),
    );
    fields.prop_map(
        |((maps, mode, hero, blocked), (version, server, own, platforms))| {
            let named = [
                ("maps", maps),
                ("mode", mode),
                ("hero", hero),
                ("blocked_players", blocked),
                ("client_version", version),
                ("server_name", server),
                ("own", own),
                ("cross_platform", platforms),
            ];
            let present = named.into_iter();
            present
                .filter_map(|(name, value)| Some((Text::from(name), value?)))
                .collect()
        },
    )
}

fn ticket() -> impl Strategy<Value = Ticket> {
    let regions = prop::collection::btree_map("[a-d]|e{130}", 0..90_i64, 0..4);
    let parts = (0..200_usize, 1..4_usize, text(), regions, attributes());
    parts.prop_map(
        |(body, players, party_session_id, latencies, attributes)| Ticket {
            body: std::vec![0; body].into(),
            players: std::vec![Player::default(); players],
            party_session_id,
            latencies: latencies
                .into_iter()
                .map(|(region, ms)| (region.into(), ms))
                .collect(),
            attributes,
            ..Ticket::default()
        },
    )
}

/// With ids of their own, so that no player is in two tickets.
fn tickets(max: usize, name: &'static str) -> impl Strategy<Value = Vec<Ticket>> {
    (vec(ticket(), 1..max), text()).prop_map(move |(mut tickets, ending)| {
        for (at, ticket) in tickets.iter_mut().enumerate() {
            ticket.id = format!("{name}-{at}").into();
            for (number, player) in ticket.players.iter_mut().enumerate() {
                player.id = format!("{name}-{at}-{number}-{ending}").into();
            }
        }
        tickets
    })
}

proptest! {
    #[test]
    fn a_match_is_never_larger_than_its_tickets_say(tickets in tickets(9, "t"), pairs: bool) {
        let rules = if pairs { PAIRS } else { ALLIANCE };
        let out = play(&AgsLogic, rules, CONTEXT, tickets).unwrap();
        prop_assert!(!out.matches.is_empty());
        for made in &out.matches {
            let most = FIXED_BYTES + made.tickets().map(ticket_bytes).sum::<u64>();
            let len = match_response(made, &mut BytesMut::new()).encoded_len() as u64;
            prop_assert!(len <= most, "{len} > {most}: {made:?}");
        }
    }

    #[test]
    fn nor_is_a_proposal(
        mut playing in tickets(3, "s"),
        mut waiting in tickets(6, "t"),
        own in attributes(),
        plain: bool,
        ids in (text(), text(), text()),
        teams in 0..3_usize,
        pairs: bool,
    ) {
        // With attributes few tickets may join.
        if plain {
            let all = playing.iter_mut().chain(&mut waiting);
            all.for_each(|ticket| ticket.attributes = Attributes::new());
        }
        // A session that names its server takes no other ticket.
        let own: Attributes = own
            .iter()
            .filter(|(name, _)| !["server_name", "client_version"].contains(&&***name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut session = Session {
            backfill_ticket_id: ids.0,
            match_session_id: ids.1,
            pool: ids.2.clone(),
            attributes: own,
            ..Session::default()
        };
        session.teams.resize(teams, Roster::default());
        for (team, ticket) in session.teams.iter_mut().zip(&playing) {
            team.id = ids.2.clone();
            team.add(ticket);
        }
        session.tickets = playing;
        let own = session_bytes(&session);
        let rules = if pairs { PAIRS } else { ALLIANCE };
        let out = play_backfill(&AgsLogic, rules, CONTEXT, [session], waiting).unwrap();
        let joined = !out.proposals.is_empty();
        prop_assert!(joined || !(plain && pairs), "a proposal to a free session");
        for made in &out.proposals {
            let added = made.added.iter().map(ticket_bytes);
            let most = FIXED_BYTES + own + added.sum::<u64>();
            let len = backfill_response(made).encoded_len() as u64;
            prop_assert!(len <= most, "{len} > {most}: {made:?}");
        }
    }
}
