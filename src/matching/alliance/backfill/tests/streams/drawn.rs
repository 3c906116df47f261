//! Streams drawn from a seed: rules, sessions, tickets. Few values, so that much is equal; each stream
//! uses some of the features.

use super::super::*;
use crate::matching::{Attributes, Value};

/// Times that were never set.
const UNSET: [Option<i64>; 4] = [
    None,
    Some(0),
    Some(946_684_799_999),
    Some(-62_135_596_800_000),
];

/// What clients write for `new_session_only`, yes and no.
fn new_session_only() -> [Value; 9] {
    [
        true.into(),
        "true".into(),
        " True".into(),
        "TRUE\n".into(),
        false.into(),
        "false".into(),
        "".into(),
        "truer".into(),
        1.0.into(),
    ]
}

/// The features of a stream, and what is drawn of them.
struct Draw {
    random: fastrand::Rng,
    flags: u32,
    largest: u32,
}

impl Draw {
    fn on(&self, bit: u32) -> bool {
        self.flags >> bit & 1 == 1
    }

    fn one_in(&mut self, many: u32) -> bool {
        self.random.u32(..many) == 0
    }

    fn of<'t, T>(&mut self, values: &'t [T]) -> &'t T {
        &values[self.random.usize(..values.len())]
    }

    fn ruleset(&mut self) -> String {
        let minimum = self.random.u32(1..=3);
        self.largest = minimum + self.random.u32(0..=3);
        let (largest, teams) = (self.largest, self.random.u32(1..=4));
        let mut parts = vec![format!(
            r#""alliance": {{"min_number": 1, "max_number": {teams},
                "player_min_number": {minimum}, "player_max_number": {largest}}}"#,
        )];
        parts.extend(match self.random.u8(..3) {
            0 => None,
            1 => Some(r#""auto_backfill": true"#.to_owned()),
            _ => Some(r#""auto_backfill": false"#.to_owned()),
        });
        if self.one_in(4) {
            parts.push(format!(
                r#""alliance_flexing_rule": [{{"duration": 10, "min_number": 1, "max_number": 3,
                    "player_min_number": 1, "player_max_number": {largest}}}]"#
            ));
        }
        if self.one_in(3) {
            parts.push(r#""rebalance_enable": false"#.to_owned());
        }
        if self.on(0) {
            parts.push(
                r#""matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 20,
                    "isForBalancing": true}], "flexing_rule": [{"attribute": "mmr",
                    "criteria": "distance", "reference": 40, "duration": 3}]"#
                    .to_owned(),
            );
        }
        let mut options = vec![];
        let cross = *self.of(&["any", "any", "any", "all", "unique", "disable"]);
        for (bit, name, kind) in [
            (1, "mode", "any"),
            (2, "role", "unique"),
            (3, "tier", "all"),
            (4, "cross_platform", cross),
        ] {
            if self.on(bit) && (bit != 4 || self.on(12)) {
                options.push(format!(r#"{{"name": "{name}", "type": "{kind}"}}"#));
            }
        }
        let options = options.join(",");
        parts.push(format!(r#""match_options": {{"options": [{options}]}}"#));
        if self.on(5) {
            parts.push(
                r#""region_expansion_rate_ms": 1000, "region_expansion_range_ms": 20,
                    "region_latency_initial_range_ms": 10, "region_latency_max_ms": 100"#
                    .to_owned(),
            );
        }
        if self.on(6) {
            let policy = [
                "blockedPlayerCanMatchOnDifferentTeam",
                "blockedPlayerCanMatch",
            ];
            let policy = policy[usize::from(self.on(7))];
            parts.push(format!(r#""blocked_player_option": "{policy}""#));
        }
        if self.on(8) && self.on(9) {
            parts.push(r#""match_options_referred_for_backfill": true"#.to_owned());
        }
        format!("{{{}}}", parts.join(","))
    }

    /// What a ticket or a session may say of itself; a session's tickets mostly say the same.
    fn attributes(&mut self, is_of_session: bool) -> Attributes {
        let mut all = Attributes::new();
        let mut set = |name: &'static str, value: Value| all.set(name.into(), value);
        let shared = if is_of_session && !self.one_in(8) {
            0
        } else {
            self.random.usize(..2)
        };
        if self.on(1) && !self.one_in(12) {
            let modes = [&["a", "b"][..], &["b"], &["a", "b", "c"], &["c"]];
            set("mode", texts(modes[self.random.usize(..4)]));
        }
        if self.on(2) && self.random.bool() {
            set("role", (*self.of(&["tank", "heal", "dps"])).into());
        }
        if self.on(3) && !self.one_in(12) {
            set("tier", ["gold", "iron"][shared].into());
        }
        if self.on(10) && !self.one_in(3) {
            set("map", ["dust", "lake"][shared].into());
        }
        if self.on(13) && self.one_in(2) {
            set(
                "queue",
                (*self.of(&["ranked", "ranked", "casual", ""])).into(),
            );
        }
        if self.on(4) {
            let own = *self.of(&["pc", "ps"]);
            if !self.one_in(5) {
                let list = texts(&[own]);
                set(
                    "current_platform",
                    if self.random.bool() { list } else { own.into() },
                );
            }
            let both = ["pc", "ps"];
            let with = if self.one_in(4) { &[own][..] } else { &both };
            set("cross_platform", texts(with));
        }
        if self.on(11) {
            set("server_name", (*self.of(&["x", "x", ""])).into());
        }
        all
    }

    fn blocked(&mut self) -> Value {
        let first = if self.random.bool() { "t" } else { "s0-0-" };
        let first = format!("{first}{}1", self.random.u8(..9));
        if self.random.bool() {
            first.as_str().into()
        } else {
            texts(&[&first, "s1-0-01"])
        }
    }

    fn ticket(&mut self, id: &str, is_of_session: bool) -> Ticket {
        let size = self.random.u32(1..=self.largest.min(3));
        let skill = f64::from(self.random.u32(0..6)) * 10.0;
        let mut one = party(id, self.random.i64(0..6_000), size, skill);
        if self.on(14) && self.one_in(6) {
            one.created_at_ms = *self.of(&UNSET);
        }
        if size > 1 {
            one.party_session_id = format!("party-{id}").into();
        }
        one.attributes = self.attributes(is_of_session);
        if self.one_in(4) {
            one.attributes.set("blocked_players".into(), self.blocked());
        }
        if self.on(15) && self.one_in(3) {
            let value = self.of(&new_session_only()).clone();
            one.attributes.set("new_session_only".into(), value);
        }
        if self.one_in(4) {
            one.excluded_sessions = vec![format!("s{}", self.random.u8(..4)).into()];
        }
        if !self.one_in(5) {
            for region in ["ap", "eu", "us"] {
                let failed = self.on(16) && self.one_in(4);
                let ms = if failed {
                    -1
                } else {
                    self.random.i64(1..=12) * 10
                };
                one.latencies.push((region.into(), ms));
            }
            one.latencies.remove(self.random.usize(..3));
        }
        one
    }

    fn session(&mut self, number: usize) -> Session {
        let mut teams = vec![];
        for team in 0..=(number % 2) {
            // The last one is known by its attributes only.
            let tickets = match number {
                3 => vec![],
                _ => vec![self.ticket(&format!("s{number}-{team}-0"), true)],
            };
            teams.push(tickets);
        }
        let mut session = session(&format!("s{number}"), 0, teams);
        session.created_at_ms = match self.on(14) && self.one_in(6) {
            true => *self.of(&UNSET),
            false => Some(CONTEXT.now_ms - self.random.i64(0..6_000) * 4 - number as i64),
        };
        if self.random.bool() {
            let region = *self.of(&["ap", "eu", "us", "eu", "mars", "any"]);
            session.region_preferences = vec![region.into()];
        }
        if self.one_in(3) {
            session.teams[0]
                .user_ids
                .push(format!("guest{number}").into());
        }
        // What the match says, which may not be what its tickets say.
        let is_known = number == 3 || self.on(17);
        for (name, value) in self.attributes(true).iter() {
            if is_known && (number == 3 || self.random.bool()) {
                session.attributes.set(name.clone(), value.clone());
            }
        }
        if is_known && self.one_in(3) {
            session
                .attributes
                .set("blocked_players".into(), self.blocked());
        }
        if self.on(11) {
            session.server_name = (*self.of(&["x", "", ""])).into();
        }
        session
    }
}

pub(super) fn stream(seed: u64) -> (AllianceRules, Vec<Session>, Vec<Ticket>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let flags = random.u32(..);
    let mut draw = Draw {
        random,
        flags,
        largest: 0,
    };
    let rules = rules(&draw.ruleset());
    let sessions = (0..4).map(|number| draw.session(number)).collect();
    let tickets = (0..14)
        .map(|n| draw.ticket(&format!("t{n}"), false))
        .collect();
    (rules, sessions, tickets)
}
