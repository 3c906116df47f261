//! Streams drawn from a seed: held against the contract, and what always holds.

use std::collections::HashSet;

use proptest::prelude::*;

use super::oracle::{age_ms, check};
use super::*;

pub(super) fn copied(ticket: &Ticket) -> Ticket {
    Ticket {
        id: ticket.id.clone(),
        created_at_ms: ticket.created_at_ms,
        players: ticket.players.clone(),
        party_session_id: ticket.party_session_id.clone(),
        latencies: ticket.latencies.clone(),
        excluded_sessions: ticket.excluded_sessions.clone(),
        attributes: ticket.attributes.clone(),
        ..Ticket::default()
    }
}

pub(super) fn copy(session: &Session) -> Session {
    Session {
        backfill_ticket_id: session.backfill_ticket_id.clone(),
        match_session_id: session.match_session_id.clone(),
        created_at_ms: session.created_at_ms,
        tickets: session.tickets.iter().map(copied).collect(),
        teams: session.teams.clone(),
        region_preferences: session.region_preferences.clone(),
        attributes: session.attributes.clone(),
        server_name: session.server_name.clone(),
        client_version: session.client_version.clone(),
        ..Session::default()
    }
}

/// A stream drawn from a seed: rules, sessions, tickets. Few values, so that much is equal.
fn stream(seed: u64) -> (AllianceRules, Vec<Session>, Vec<Ticket>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let min = random.u32(1..=3);
    let max = min + random.u32(0..=3);
    let mut parts = vec![format!(
        r#""alliance": {{"min_number": 1, "max_number": {}, "player_min_number": {min},
            "player_max_number": {max}}}, "auto_backfill": true"#,
        random.u32(1..=3)
    )];
    let flags = random.u32(..);
    let on = |bit: u32| flags >> bit & 1 == 1;
    if on(0) {
        parts.push(
            r#""matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 20,
                "isForBalancing": true}], "flexing_rule": [{"attribute": "mmr",
                "criteria": "distance", "reference": 40, "duration": 3}]"#
                .to_owned(),
        );
    }
    let mut options = vec![];
    for (bit, name, kind) in [
        (1, "mode", "any"),
        (2, "role", "unique"),
        (3, "tier", "all"),
        (4, "cross_platform", "any"),
    ] {
        if on(bit) {
            options.push(format!(r#"{{"name": "{name}", "type": "{kind}"}}"#));
        }
    }
    parts.push(format!(
        r#""match_options": {{"options": [{}]}}"#,
        options.join(",")
    ));
    if on(5) {
        parts.push(
            r#""region_expansion_rate_ms": 1000, "region_expansion_range_ms": 20,
                "region_latency_initial_range_ms": 10, "region_latency_max_ms": 100"#
                .to_owned(),
        );
    }
    if on(6) {
        let policy = [
            "blockedPlayerCanMatchOnDifferentTeam",
            "blockedPlayerCanMatch",
        ];
        parts.push(format!(
            r#""blocked_player_option": "{}""#,
            policy[usize::from(on(7))]
        ));
    }
    if on(8) && on(9) {
        parts.push(r#""match_options_referred_for_backfill": true"#.to_owned());
    }
    let rules = rules(&format!("{{{}}}", parts.join(",")));
    let mut ticket = |id: String, pool: bool| {
        let size = random.u32(1..=max.min(3));
        let mut one = party(
            &id,
            random.i64(0..6_000),
            size,
            f64::from(random.u32(0..6)) * 10.0,
        );
        if size > 1 {
            one.party_session_id = format!("party-{id}").into();
        }
        let mut set = |name: &'static str, value: Value| one.attributes.set(name.into(), value);
        let shared = if pool { random.usize(..2) } else { 0 };
        if on(1) {
            set(
                "mode",
                texts([&["a", "b"][..], &["b"], &["a", "b", "c"]][random.usize(..3)]),
            );
        }
        if on(2) && random.bool() {
            set("role", ["tank", "heal", "dps"][random.usize(..3)].into());
        }
        if on(3) {
            set("tier", ["gold", "iron"][shared].into());
        }
        if on(10) {
            set("map", ["dust", "lake"][shared].into());
        }
        if on(4) {
            let own = ["pc", "ps"][random.usize(..2)];
            set("current_platform", texts(&[own]));
            set(
                "cross_platform",
                texts([&["pc", "ps"][..], &[own]][random.usize(..2)]),
            );
        }
        if random.u8(..4) == 0 {
            let blocked = format!(
                "{}{}1",
                if random.bool() { "t" } else { "s0-0-" },
                random.u8(..9)
            );
            set("blocked_players", texts(&[&blocked, "s1-0-01"]));
        }
        if random.u8(..4) == 0 {
            one.excluded_sessions = vec![format!("s{}", random.u8(..4)).into()];
        }
        if random.u8(..5) > 0 {
            let regions = ["ap", "eu", "us"];
            let mut ms = || random.i64(1..=12) * 10;
            one.latencies = regions.map(|region| (region.into(), ms())).to_vec();
            one.latencies.remove(random.usize(..3));
        }
        if on(11) {
            one.attributes
                .set("server_name".into(), ["x", ""][random.usize(..2)].into());
        }
        one
    };
    let mut sessions = vec![];
    for n in 0..4 {
        let mut teams = vec![];
        for team in 0..=(n % 2) {
            let tickets = if n == 3 {
                vec![]
            } else {
                vec![ticket(format!("s{n}-{team}-0"), false)]
            };
            teams.push(tickets);
        }
        sessions.push(session(&format!("s{n}"), 0, teams));
    }
    let tickets: Vec<Ticket> = (0..14).map(|n| ticket(format!("t{n}"), true)).collect();
    for (n, session) in sessions.iter_mut().enumerate() {
        session.created_at_ms = Some(CONTEXT.now_ms - random.i64(0..6_000) * 4 - n as i64);
        if random.bool() {
            session.region_preferences = vec![["ap", "eu", "us", "mars"][random.usize(..4)].into()];
        }
        if random.u8(..3) == 0 {
            session.teams[0].user_ids.push(format!("guest{n}").into());
        }
        if n == 3 {
            let mut set = |name: &'static str, value| session.attributes.set(name.into(), value);
            if on(1) {
                set("mode", texts(&["a", "b"]));
            }
            if on(3) {
                set("tier", "gold".into());
            }
        }
        if on(11) {
            session.server_name = ["x", ""][random.usize(..2)].into();
        }
    }
    (rules, sessions, tickets)
}

#[test]
fn every_proposal_is_what_the_contract_says() {
    let mut compared = 0;
    for seed in 0..3_000 {
        let (rules, sessions, tickets) = stream(seed);
        match check(&rules, &sessions, &tickets) {
            Ok(joined) => compared += joined,
            Err(fault) => panic!("seed {seed}: {fault}"),
        }
    }
    assert!(compared > 10_000, "{compared}");
}

fn described(out: &PlayedBackfill) -> String {
    let one = |made: &Proposal| {
        let added: Vec<_> = made.added.iter().map(|ticket| &ticket.id).collect();
        format!(
            "{} {} {added:?} {:?} {:?}",
            made.id, made.session.match_session_id, made.teams, made.attributes
        )
    };
    let proposals: Vec<_> = out.proposals.iter().map(one).collect();
    format!("{proposals:?} {:?} {:?}", out.why_left(), out.why_open())
}

proptest! {
    /// As long as no two were created at the same time.
    #[test]
    fn the_order_of_the_stream_does_not_matter(seed in any::<u64>(), mixed in any::<u64>()) {
        let (rules, sessions, tickets) = stream(seed);
        let mut times = HashSet::new();
        prop_assume!(tickets.iter().all(|ticket| times.insert(ticket.created_at_ms)));
        let once = run(&rules, sessions.iter().map(copy).collect(),
            tickets.iter().map(copied).collect());
        let mut random = fastrand::Rng::with_seed(mixed);
        let mut out = PlayedBackfill::default();
        let mut tick = Box::new(AllianceBackfill::new(rules.clone(), CONTEXT));
        let mut events: Vec<(Option<Session>, Option<Ticket>)> = sessions.iter()
            .map(|one| (Some(copy(one)), None))
            .chain(tickets.iter().map(|one| (None, Some(copied(one)))))
            .collect();
        random.shuffle(&mut events);
        for (arrival, (session, ticket)) in (0..).zip(events) {
            if let Some(session) = session {
                let _ = tick.push_session(Session { arrival, ..session }, &mut out);
            }
            if let Some(ticket) = ticket {
                let _ = tick.push(Ticket { arrival, ..ticket }, &mut out);
            }
        }
        tick.finish(&mut out);
        prop_assert_eq!(described(&once), described(&out));
    }

    #[test]
    fn no_player_is_lost_moved_or_seated_twice(seed in any::<u64>()) {
        let (rules, sessions, tickets) = stream(seed);
        let out = run(&rules, sessions.iter().map(copy).collect(),
            tickets.iter().map(copied).collect());
        let mut joined = HashSet::new();
        for made in &out.proposals {
            prop_assert!(!made.added.is_empty());
            let bounds = rules.teams_at(age_ms(made.session.created_at_ms));
            for one in &made.added {
                prop_assert!(joined.insert(one.id.to_string()));
                prop_assert!(!one.excluded_sessions.contains(&made.session.match_session_id));
            }
            prop_assert!(made.teams.len() <= (bounds.teams_max as usize).max(made.session.teams.len()));
            for (n, team) in made.teams.iter().enumerate() {
                let old = made.session.teams.get(n).cloned().unwrap_or_default();
                prop_assert!(team.user_ids.starts_with(&old.user_ids));
                let new = team.user_ids.len() > old.user_ids.len();
                prop_assert!(!new || team.user_ids.len() <= bounds.players_max as usize);
                prop_assert!(!old.id.is_empty() || team.user_ids.len() >= bounds.players_min as usize);
            }
        }
        prop_assert_eq!(joined.len() + out.left.len(), tickets.len());
        prop_assert_eq!(out.proposals.len() + out.kept_open.len(), sessions.len());
    }
}
