//! Streams drawn from a seed: held against the contract, and what always holds.

pub(super) mod drawn;

use std::collections::HashSet;

use proptest::prelude::*;

use super::oracle::{Running, check, created};
use super::*;
use crate::matching::explain::{copy, copy_session};
use drawn::stream;

#[test]
fn every_proposal_is_what_the_contract_says() {
    let mut compared = 0;
    let mut faults = Vec::new();
    for seed in 0..3_000 {
        let (rules, sessions, tickets) = stream(seed);
        match check(&rules, &sessions, &tickets) {
            Ok(joined) => compared += joined,
            Err(fault) => faults.push(format!("seed {seed}: {fault}")),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(compared > 5_000, "{compared}");
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
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// As long as no two were created at the same time.
    #[test]
    fn the_order_of_the_stream_does_not_matter(seed in any::<u64>(), mixed in any::<u64>()) {
        let (rules, sessions, tickets) = stream(seed);
        let mut times = HashSet::new();
        prop_assume!(tickets.iter().all(|ticket| times.insert(created(ticket.created_at_ms))));
        times.clear();
        prop_assume!(sessions.iter().all(|session| times.insert(created(session.created_at_ms))));
        let once = run(&rules, sessions.iter().map(copy_session).collect(),
            tickets.iter().map(copy).collect());
        let mut random = fastrand::Rng::with_seed(mixed);
        let mut out = PlayedBackfill::default();
        let mut tick = Box::new(AllianceBackfill::new(rules.clone(), CONTEXT));
        let mut events: Vec<(Option<Session>, Option<Ticket>)> = sessions.iter()
            .map(|one| (Some(copy_session(one)), None))
            .chain(tickets.iter().map(|one| (None, Some(copy(one)))))
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
        let out = run(&rules, sessions.iter().map(copy_session).collect(),
            tickets.iter().map(copy).collect());
        let mut joined = HashSet::new();
        for made in &out.proposals {
            prop_assert!(!made.added.is_empty());
            let bounds = Running::new(&rules, &made.session).bounds();
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

    #[test]
    fn a_session_keeps_its_attributes(seed in any::<u64>()) {
        let (rules, sessions, tickets) = stream(seed);
        let out = run(&rules, sessions.iter().map(copy_session).collect(),
            tickets.iter().map(copy).collect());
        for made in &out.proposals {
            for (name, value) in made.session.attributes.iter() {
                prop_assert_eq!(made.attributes.get(name), Some(value), "{}", name);
            }
        }
    }

    /// Any part of a proposal can be accepted: in the order of the proposal each of its tickets may
    /// join, where those before it are in the teams that they were proposed for.
    #[test]
    fn any_part_of_a_proposal_may_join(seed in any::<u64>(), parts in prop::collection::vec(any::<u32>(), 8)) {
        let (rules, sessions, tickets) = stream(seed);
        let out = run(&rules, sessions.iter().map(copy_session).collect(),
            tickets.iter().map(copy).collect());
        for made in &out.proposals {
            let before = sessions.iter().find(|one| one.match_session_id == made.session.match_session_id);
            for part in parts.iter().copied().chain([u32::MAX]) {
                let added = made.added.iter().enumerate();
                let accepted = added.filter(|(at, _)| part >> at & 1 == 1);
                let mut running = Running::new(&rules, before.expect("a session of the stream"));
                let places = made.session.teams.len()..made.teams.len();
                running.open(places.len());
                for (_, ticket) in accepted {
                    let has = |team: &Roster| team.user_ids.contains(&ticket.players[0].id);
                    let team = made.teams.iter().position(has).expect("in a team");
                    prop_assert!(running.fits(ticket).is_some(), "{} in {:b}", ticket.id, part);
                    prop_assert!(running.has_room(team, ticket), "{} in {:b}", ticket.id, part);
                    running.join(ticket, team);
                }
            }
        }
    }
}
