//! The oracle by itself: a good match passes, and each rule that is broken once is named.

mod changes;

use serde_json::json;

use super::*;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{Player, Team, Text, team_id};
use changes::{BROKEN, GOOD};

const NOW: i64 = 1_000_000;

struct World {
    rules: AllianceRules,
    made: Match,
}

impl World {
    fn ticket(&mut self, id: &str) -> &mut Ticket {
        let teams = self.made.teams.iter_mut();
        let mut tickets = teams.flat_map(|team| &mut team.tickets);
        tickets.find(|ticket| ticket.id == id).expect("a ticket")
    }

    fn age(&mut self, id: &str, age_ms: i64) {
        self.ticket(id).created_at_ms = Some(NOW - age_ms);
    }

    fn set(&mut self, id: &str, name: &str, value: serde_json::Value) {
        let attributes = &mut self.ticket(id).attributes;
        attributes.set(name.into(), Value::from(&value));
    }

    fn unset(&mut self, id: &str, name: &str) {
        let attributes = &mut self.ticket(id).attributes;
        *attributes = attributes
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
    }

    fn mmr(&mut self, id: &str, mmr: f64) {
        for player in &mut self.ticket(id).players {
            player.attributes.set("mmr".into(), mmr.into());
        }
    }

    fn latencies(&mut self, id: &str, latencies: &[(&'static str, i64)]) {
        let latencies = latencies.iter();
        self.ticket(id).latencies = latencies
            .map(|(region, ms)| (Text::from_static(region), *ms))
            .collect();
    }

    fn carry(&mut self, name: &str, value: serde_json::Value) {
        self.made.attributes.set(name.into(), Value::from(&value));
    }

    fn prefer(&mut self, regions: &[&'static str]) {
        let regions = regions.iter();
        self.made.region_preferences = regions.map(|name| Text::from_static(name)).collect();
    }
}

fn attributes(json: serde_json::Value) -> Attributes {
    match Value::from(&json) {
        Value::Struct(attributes) => attributes,
        other => panic!("no object: {other:?}"),
    }
}

fn ticket(id: &str, age_ms: i64, mmrs: &[f64], own: serde_json::Value) -> Ticket {
    let player = |(at, mmr): (usize, &f64)| Player {
        id: format!("{id}{}", at + 1).into(),
        attributes: attributes(json!({ "mmr": mmr })),
    };
    Ticket {
        id: id.into(),
        pool: "pool".into(),
        created_at_ms: Some(NOW - age_ms),
        players: mmrs.iter().enumerate().map(player).collect(),
        attributes: attributes(own),
        ..Ticket::default()
    }
}

/// A rule of each kind, and a match that keeps all of them: p with two players against q and r.
fn world() -> World {
    let rules = rules(
        r#"{
            "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 2, "player_max_number": 3},
            "alliance_flexing_rule": [
                {"duration": 60, "min_number": 1, "max_number": 3, "player_min_number": 1, "player_max_number": 2}
            ],
            "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}],
            "flexing_rule": [{"duration": 30, "attribute": "mmr", "criteria": "distance", "reference": 200}],
            "match_options": {"options": [
                {"name": "map", "type": "any"},
                {"name": "mode", "type": "all"},
                {"name": "kit", "type": "unique"},
                {"name": "skip", "type": "disable"},
                {"name": "cross_platform", "type": "any"}
            ]},
            "region_latency_max_ms": 200,
            "auto_backfill": true
        }"#,
    );
    let own = |map, mode, kit: &str, platform: &str| {
        json!({
            "map": map, "mode": mode, "kit": kit, "skip": kit, "rank": "gold", "note": "",
            "cross_platform": ["pc", "ps"], "current_platform": platform,
            "server_name": "s", "client_version": "1.2", "role": kit, "match_attempt": kit,
        })
    };
    let mut p = own(json!(["foo", "bar"]), json!("ranked"), "k1", "pc");
    p["blocked_players"] = json!(["x9", "p2"]);
    let q = own(json!(["bar", "baz"]), json!("ranked"), "k2", "ps");
    let r = own(json!("bar"), json!(["ranked", "ranked"]), "k3", "pc");
    let teams = [
        vec![ticket("p", 20_000, &[100.0, 200.0], p)],
        vec![
            ticket("q", 10_000, &[140.0], q),
            ticket("r", 5_000, &[200.0], r),
        ],
    ];
    let team = |(at, tickets)| Team {
        id: team_id(1, at, &tickets),
        tickets,
    };
    let made = Match {
        teams: teams.into_iter().enumerate().map(team).collect(),
        attributes: attributes(json!({
            "map": ["bar"], "mode": ["ranked"], "kit": ["k1", "k2", "k3"],
            "cross_platform": ["ps", "pc"], "server_name": "s", "client_version": "1.2",
            "blocked_players": ["p2", "x9"], "rank": "gold",
        })),
        backfill: true,
        server_name: "s".into(),
        client_version: "1.2".into(),
        ..Match::default()
    };
    let mut world = World { rules, made };
    world.latencies("p", &[("eu", 30), ("us", 100)]);
    world.latencies("q", &[("eu", 50), ("us", 90)]);
    world.prefer(&["eu", "us"]);
    world
}

fn bounds(teams_min: u32, teams_max: u32, players_min: u32, players_max: u32) -> TeamBounds {
    TeamBounds {
        teams_min,
        teams_max,
        players_min,
        players_max,
    }
}

type Change = fn(&mut World);

fn verdict(change: Change) -> Fault {
    let mut world = world();
    change(&mut world);
    check_match(&world.rules, NOW, "p", &world.made)
}

#[test]
fn a_good_match_passes() {
    for (at, change) in GOOD.iter().enumerate() {
        assert_eq!(verdict(*change), Ok(()), "case {at}");
    }
}

#[test]
fn each_broken_rule_is_named() {
    for (at, (rule, change)) in BROKEN.iter().enumerate() {
        let fault = verdict(*change).expect_err(rule);
        assert!(fault.starts_with(rule), "case {at}, {rule}: {fault}");
    }
}
