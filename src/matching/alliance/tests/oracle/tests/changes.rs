//! Changes to the good match: those that keep every rule, and those that break one.

use serde_json::json;

use super::{Change, bounds};
use crate::matching::alliance::BlockPolicy;
use crate::matching::{Attributes, Team, Text, Value, team_id};

/// What may be different in a good match.
pub(super) const GOOD: &[Change] = &[
    |_| (),
    // Distance: at the reference, and flexed on both sides.
    |w| w.mmr("q", 250.0),
    |w| {
        w.age("p", 30_001);
        w.age("q", 30_001);
        w.mmr("q", 350.0);
    },
    |w| w.rules.distances[0].reference = None,
    // Must-match: the pivot's empty text asks for nothing, nor does what only others have.
    |w| w.set("q", "note", json!("x")),
    |w| w.set("q", "more", json!(1)),
    // Names: absent is empty.
    |w| {
        for id in ["p", "q", "r"] {
            w.unset(id, "server_name");
        }
        w.set("q", "server_name", json!(""));
        w.made.server_name = Text::default();
        w.made.attributes = w
            .made
            .attributes
            .iter()
            .filter(|(name, _)| *name != "server_name")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
    },
    // Options: numbers by value, one scalar stays a scalar, no ticket has it.
    |w| {
        w.set("p", "mode", json!(1));
        w.set("q", "mode", json!(1.0));
        w.set("r", "mode", json!(1));
        w.carry("mode", json!(1));
    },
    |w| {
        w.set("p", "kit", json!(null));
        w.set("q", "kit", json!([]));
        w.carry("kit", json!("k3"));
    },
    // Cross-play is off without the pivot's platform.
    |w| {
        w.unset("p", "current_platform");
        w.set("q", "current_platform", json!("xbox"));
    },
    // Blocks: by policy.
    |w| {
        w.set("r", "blocked_players", json!(["p1"]));
        w.carry("blocked_players", json!(["p1", "p2", "x9"]));
        w.rules.blocks = BlockPolicy::DifferentTeam;
    },
    |w| {
        w.set("r", "blocked_players", json!(["q1"]));
        w.carry("blocked_players", json!(["q1", "p2", "x9"]));
        w.rules.blocks = BlockPolicy::CanMatch;
    },
    // Regions: any that is open to all may come first; others as far as they are open.
    |w| w.prefer(&["us", "eu"]),
    |w| {
        w.latencies("q", &[("eu", 50), ("us", 101)]);
        w.prefer(&["eu"]);
    },
    |w| {
        w.latencies("q", &[("eu", 200), ("us", 20)]);
        w.rules.regions.one_way_after_ms = Some(19_999);
        w.prefer(&["us", "eu"]);
    },
    |w| {
        w.latencies("p", &[]);
        w.latencies("q", &[]);
        w.prefer(&["any"]);
    },
    // Teams: flexed.
    |w| {
        w.age("p", 60_001);
        w.made.backfill = true;
        let last = w.made.teams[1].tickets.pop().expect("a ticket");
        w.made.teams.push(Team {
            id: team_id(1, 2, [&last]),
            tickets: vec![last],
        });
    },
    |w| {
        w.rules.layout.first.teams.players_max = 2;
        w.made.backfill = false;
    },
];

/// What breaks a rule, and which.
pub(super) const BROKEN: &[(&str, Change)] = &[
    ("pivot", |w| w.ticket("p").id = "z".into()),
    ("fit", |w| w.ticket("q").players.clear()),
    ("fit", |w| w.mmr("q", f64::NAN)),
    ("fit", |w| {
        let twin = w.ticket("q").players[0].clone();
        w.ticket("q").players.push(twin);
    }),
    ("fit", |w| w.latencies("r", &[("eu", 201)])),
    // Distance: the means, either side's reference, strictly older, missing and text count 0.
    ("distance", |w| w.mmr("q", 250.1)),
    ("distance", |w| w.mmr("q", 49.9)),
    ("distance", |w| {
        w.age("p", 40_000);
        w.mmr("q", 260.0);
    }),
    ("distance", |w| {
        w.age("q", 40_000);
        w.mmr("q", 260.0);
    }),
    ("distance", |w| {
        w.age("p", 30_000);
        w.age("q", 30_000);
        w.mmr("q", 260.0);
    }),
    ("distance", |w| {
        w.ticket("q").players[0].attributes = Attributes::new();
    }),
    ("distance", |w| {
        let text = Value::from("140");
        w.ticket("q").players[0].attributes.set("mmr".into(), text);
    }),
    ("must-match", |w| w.set("r", "rank", json!("silver"))),
    ("must-match", |w| w.unset("r", "rank")),
    ("server_name", |w| w.set("q", "server_name", json!("t"))),
    ("server_name", |w| w.unset("p", "server_name")),
    ("client_version", |w| {
        w.set("q", "client_version", json!(""))
    }),
    ("server_name", |w| w.made.server_name = "t".into()),
    ("client_version", |w| {
        w.made.client_version = Text::default()
    }),
    // Options.
    ("option: map", |w| w.set("r", "map", json!("foo"))),
    ("option: map", |w| w.unset("r", "map")),
    ("option: map", |w| w.unset("p", "map")),
    ("option: map", |w| {
        w.set("p", "map", json!(["a", "b"]));
        w.set("q", "map", json!(["b", "c"]));
        w.set("r", "map", json!(["a", "c"]));
    }),
    ("option: mode", |w| {
        w.set("q", "mode", json!(["ranked", "fun"]))
    }),
    ("option: mode", |w| w.set("p", "mode", json!([]))),
    ("option: kit", |w| w.set("q", "kit", json!(["k9", "k3"]))),
    ("option: kit", |w| w.unset("r", "kit")),
    ("cross-play", |w| {
        w.set("r", "cross_platform", json!(["pc"]))
    }),
    ("cross-play", |w| {
        w.set("r", "current_platform", json!("xbox"))
    }),
    ("option: cross_platform", |w| {
        w.set("r", "cross_platform", json!(null));
    }),
    ("shared player", |w| {
        w.ticket("r").players[0].id = "q1".into()
    }),
    // Blocks: by either side, between candidates as well.
    ("block", |w| w.set("p", "blocked_players", json!(["r1"]))),
    ("block", |w| w.set("r", "blocked_players", json!(["p2"]))),
    ("block", |w| w.set("r", "blocked_players", json!(["q1"]))),
    ("block", |w| {
        w.set("r", "blocked_players", json!(["q1"]));
        w.rules.blocks = BlockPolicy::DifferentTeam;
    }),
    // Regions: nowhere, not there, not reported, over the cap, the pivot's own steps.
    ("region", |w| w.latencies("q", &[("ap", 50)])),
    ("region", |w| w.latencies("q", &[("eu", 151), ("us", 100)])),
    ("region", |w| {
        w.latencies("q", &[("eu", 201), ("us", 20)]);
        w.rules.regions.one_way_after_ms = Some(19_999);
    }),
    ("region", |w| {
        w.latencies("q", &[("eu", 200), ("us", 20)]);
        w.rules.regions.one_way_after_ms = Some(20_000);
    }),
    ("region", |w| {
        w.age("p", 5_000);
        w.rules.regions.one_way_after_ms = Some(0);
        w.prefer(&["us"]);
    }),
    ("region", |w| w.prefer(&[])),
    ("region", |w| w.prefer(&["any"])),
    ("region", |w| {
        w.latencies("p", &[]);
        w.latencies("q", &[]);
    }),
    ("preferences", |w| w.prefer(&["eu"])),
    ("preferences", |w| w.prefer(&["eu", "us", "ap"])),
    ("preferences", |w| {
        w.latencies("p", &[("ap", 60), ("eu", 30), ("us", 100)]);
        w.latencies("q", &[("ap", 70), ("eu", 50), ("us", 90)]);
        w.prefer(&["eu", "us", "ap"]);
    }),
    // Teams.
    ("teams", |w| w.rules.layout.first.teams = bounds(3, 3, 1, 3)),
    ("teams", |w| w.rules.layout.first.teams = bounds(1, 1, 2, 4)),
    ("players", |w| {
        w.rules.layout.first.teams = bounds(2, 2, 3, 4)
    }),
    ("players", |w| {
        w.rules.layout.first.teams = bounds(2, 2, 1, 1)
    }),
    ("players", |w| {
        w.rules.layout.flexing[0].after_ms = 19_999;
        w.rules.layout.flexing[0].stage.teams = bounds(2, 2, 1, 1);
    }),
    ("players", |w| w.made.teams[1].tickets.clear()),
    ("team id", |w| w.made.teams[1].id = w.made.teams[0].id),
    ("team id", |w| w.made.teams[1].id = uuid::Uuid::nil()),
    ("backfill", |w| w.made.backfill = false),
    ("backfill", |w| w.rules.auto_backfill = false),
    ("backfill", |w| w.rules.layout.first.teams.players_max = 2),
    // Attributes: each kind wrong, missing, too much.
    ("attributes: map", |w| w.carry("map", json!("bar"))),
    ("attributes: map", |w| w.carry("map", json!(["bar", "foo"]))),
    ("attributes: mode", |w| {
        w.carry("mode", json!(["ranked", "ranked"]));
    }),
    ("attributes: kit", |w| w.carry("kit", json!(["k1", "k2"]))),
    ("attributes: skip", |w| w.carry("skip", json!("k1"))),
    ("attributes: cross_platform", |w| {
        w.carry("cross_platform", json!(["pc"]));
    }),
    ("attributes: server_name", |w| {
        w.carry("server_name", json!(""))
    }),
    ("attributes: client_version", |w| {
        w.carry("client_version", json!("2"));
    }),
    ("attributes: blocked_players", |w| {
        w.carry("blocked_players", json!(["x9"]));
    }),
    ("attributes: rank", |w| w.carry("rank", json!(["gold"]))),
    ("attributes: note", |w| w.carry("note", json!(""))),
    ("attributes: role", |w| w.carry("role", json!("k1"))),
];
