//! Numbers of a ruleset say what is allowed, not how much there is: none of them sizes memory or work.

use serde_json::{Value as Json, json};

use crate::matching::rules::MAX_INTEGER;
use crate::matching::{
    AgsLogic, Party, Player, Roster, Session, TickContext, Ticket, play, play_backfill,
};

const NOW_MS: i64 = 1_800_000_000_000;

/// Address space that the ticks of a test may need beside all others: a list with room for as many
/// entries as the largest number of a ruleset says needs more.
const MAX_GROWTH: u64 = 1 << 30;

const CONTEXT: TickContext = TickContext {
    now_ms: NOW_MS,
    tick_id: 1,
    max_answer_bytes: 4 << 20,
};

/// A ruleset that has every number, each with a usual value.
fn usual() -> Json {
    json!({
        "alliance": {"min_number": 1, "max_number": 2, "player_min_number": 1, "player_max_number": 3},
        "alliance_flexing_rule": [
            {"duration": 5, "min_number": 1, "max_number": 3, "player_min_number": 1, "player_max_number": 3},
        ],
        "matching_rule": [
            {"attribute": "mmr", "criteria": "distance", "reference": 100, "weight": 1, "normalizationMax": 200},
        ],
        "flexing_rule": [{"duration": 5, "attribute": "mmr", "criteria": "distance", "reference": 200}],
        "region_expansion_rate_ms": 5000, "region_expansion_range_ms": 50,
        "region_latency_initial_range_ms": 50, "region_latency_max_ms": 200,
        "region_latency_rule_weight": 1, "disable_bidirectional_latency_after_ms": 1000,
        "max_delay_ms": 10, "rebalance_version": 2, "auto_backfill": true,
        "match_options": {"options": [{"name": "map", "type": "any"}, {"name": "hero", "type": "unique"}]},
        "blocked_player_option": "blockedPlayerCanMatchOnDifferentTeam",
    })
}

/// The paths of all numbers of a ruleset.
fn numbers(json: &Json, path: &str, found: &mut Vec<String>) {
    match json {
        Json::Number(_) => found.push(path.to_owned()),
        Json::Object(fields) => {
            for (key, inner) in fields {
                numbers(inner, &format!("{path}/{key}"), found);
            }
        }
        Json::Array(entries) => {
            for (at, inner) in entries.iter().enumerate() {
                numbers(inner, &format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
}

/// The rulesets: each number in turn as large as it may be, those that are bounds from above all of
/// them, and all together; each with rebalancing and without.
fn rulesets() -> Vec<Json> {
    let mut paths = Vec::new();
    numbers(&usual(), "", &mut paths);
    let largest = |path: &str| match path.contains("eight") {
        // A weight.
        true => json!(1000),
        false => json!(MAX_INTEGER),
    };
    let mut sets: Vec<Vec<&String>> = paths.iter().map(|path| vec![path]).collect();
    let above = |path: &&String| path.contains("max") && !path.contains("latency");
    sets.push(paths.iter().filter(above).collect());
    sets.push(paths.iter().filter(|path| !path.contains("min")).collect());
    sets.push(paths.iter().collect());
    let mut rulesets = Vec::new();
    for set in sets {
        for rebalance in [true, false] {
            let mut ruleset = usual();
            ruleset["rebalance_enable"] = rebalance.into();
            for path in &set {
                *ruleset.pointer_mut(path).unwrap() = largest(path);
            }
            // What a minimum exceeds rises with it, and so does what has to be above a reference.
            for [low, high] in BOUNDS {
                let low = ruleset.pointer(low).and_then(Json::as_u64);
                let high = ruleset.pointer_mut(high).unwrap();
                if low > high.as_u64() {
                    *high = low.into();
                }
            }
            rulesets.push(ruleset);
        }
    }
    rulesets
}

/// Numbers of which the first may not be above the second.
const BOUNDS: [[&str; 2]; 7] = [
    ["/alliance/min_number", "/alliance/max_number"],
    ["/alliance/player_min_number", "/alliance/player_max_number"],
    [
        "/alliance_flexing_rule/0/min_number",
        "/alliance_flexing_rule/0/max_number",
    ],
    [
        "/alliance_flexing_rule/0/player_min_number",
        "/alliance_flexing_rule/0/player_max_number",
    ],
    [
        "/matching_rule/0/reference",
        "/matching_rule/0/normalizationMax",
    ],
    [
        "/flexing_rule/0/reference",
        "/matching_rule/0/normalizationMax",
    ],
    ["/region_latency_initial_range_ms", "/region_latency_max_ms"],
];

fn tickets(count: i64) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    for at in 0..count {
        let players = (0..=at % 3).map(|player| Player {
            id: format!("player {at} {player}").into(),
            attributes: [("mmr".into(), (at as f64 * 10.0).into())]
                .into_iter()
                .collect(),
        });
        let blocked = format!("player {} 0", (at + 7) % count);
        let attributes = [
            ("map".into(), "dust".into()),
            ("hero".into(), format!("hero {}", at % 5).as_str().into()),
            ("blocked_players".into(), blocked.as_str().into()),
        ];
        tickets.push(Ticket {
            id: format!("ticket {at}").into(),
            created_at_ms: Some(NOW_MS - at % 4 * 20_000),
            players: players.collect(),
            party_session_id: format!("party {at}").into(),
            latencies: vec![("eu".into(), 10 + at), ("us".into(), i64::MAX - at)],
            attributes: attributes.into_iter().collect(),
            ..Ticket::default()
        });
    }
    tickets
}

fn session() -> Session {
    let inside = tickets(2);
    let teams = inside.iter().map(|ticket| Roster {
        id: format!("team of {}", ticket.id).into(),
        user_ids: ticket.player_ids().cloned().collect(),
        parties: vec![Party::default()],
    });
    Session {
        match_session_id: "session".into(),
        created_at_ms: Some(NOW_MS - 60_000),
        teams: teams.collect(),
        tickets: inside,
        region_preferences: vec!["eu".into()],
        backfill: true,
        ..Session::default()
    }
}

/// The most address space that this process has had, where the system tells.
fn address_space() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    let kib = line.split_whitespace().nth(1)?.parse::<u64>().ok()?;
    Some(kib << 10)
}

#[test]
fn the_largest_numbers_of_a_ruleset_cost_a_small_queue_nothing() {
    let before = address_space();
    let (mut matches, mut proposals) = (0, 0);
    for ruleset in rulesets() {
        let ruleset = ruleset.to_string();
        for count in [2, 7, 20] {
            let played = play(&AgsLogic, &ruleset, CONTEXT, tickets(count)).unwrap();
            matches += played.matches.len();
            let mut queue = tickets(count + 2);
            queue.drain(..2);
            let played = play_backfill(&AgsLogic, &ruleset, CONTEXT, [session()], queue).unwrap();
            proposals += played.proposals.len();
        }
    }
    for (min, max) in [(1, MAX_INTEGER), (MAX_INTEGER, MAX_INTEGER)] {
        let ruleset = json!({"shipCountMin": min, "shipCountMax": max, "auto_backfill": true});
        let ruleset = ruleset.to_string();
        play(&AgsLogic, &ruleset, CONTEXT, tickets(20)).unwrap();
        play_backfill(&AgsLogic, &ruleset, CONTEXT, [session()], tickets(20)).unwrap();
    }
    assert!(matches > 50 && proposals > 50, "{matches} {proposals}");
    if let (Some(before), Some(after)) = (before, address_space()) {
        assert!(
            after - before < MAX_GROWTH,
            "{} MiB",
            (after - before) >> 20
        );
    }
}
