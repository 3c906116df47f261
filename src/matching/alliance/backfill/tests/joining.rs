//! Which tickets may join a session: one criterion each.

use super::*;

#[test]
fn a_ticket_that_excludes_the_session_joins_another() {
    let rules = teams_of(2, 1, 2, "");
    let mut picky = solo("a", 3);
    picky.excluded_sessions = vec!["old".into()];
    let sessions = vec![
        of_sizes("young", 1, &[1, 2], 0.0),
        of_sizes("old", 9, &[1, 2], 0.0),
    ];
    let out = run(&rules, sessions, vec![picky]);
    assert_eq!(out.ids(), [("young", vec!["a"])]);
    assert_eq!(out.why_open()["old"], Reason::SessionExcluded);
}

#[test]
fn another_server_or_version_stays_out() {
    let rules = teams_of(2, 1, 9, "");
    let mut wanted = of_sizes("s", 1, &[1, 1], 0.0);
    wanted.server_name = "mine".into();
    wanted.client_version = "1".into();
    let named = |id: &str, server: &str, version: &str| {
        let ticket = with(solo(id, 1), "server_name", server);
        with(ticket, "client_version", version)
    };
    let tickets = vec![
        named("blank", "", "1"),
        named("server", "other", "1"),
        named("version", "mine", "2"),
        named("fits", "mine", "1"),
    ];
    let out = run(&rules, vec![wanted], tickets);
    assert_eq!(out.ids(), [("s", vec!["fits"])]);
    assert_eq!(out.why_left()["blank"], Reason::ServerName);
    assert_eq!(out.why_left()["server"], Reason::ServerName);
    assert_eq!(out.why_left()["version"], Reason::ClientVersion);
    // A session that names neither takes any ticket.
    let tickets = vec![named("a", "x", "1"), named("b", "", "2")];
    let out = run(&rules, vec![of_sizes("s", 1, &[1, 1], 0.0)], tickets);
    assert_eq!(out.left.len(), 0);
}

#[test]
fn the_nearest_joins_and_the_mean_follows() {
    let rules = teams_of(
        1,
        1,
        4,
        r#", "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}]"#,
    );
    let tickets = vec![
        party("far", 9, 1, 1190.0),
        party("near", 1, 1, 1090.0),
        party("below", 5, 1, 905.0),
    ];
    // 1000 takes 1090 first; the mean is then 1045: 905 is out of reach, 1190 too.
    let out = run(&rules, vec![of_sizes("s", 1, &[1], 1000.0)], tickets);
    assert_eq!(out.ids(), [("s", vec!["near"])]);
    assert_eq!(out.why_left()["far"], Reason::Distance);
    assert_eq!(out.why_left()["below"], Reason::Distance);
}

#[test]
fn both_have_to_be_old_enough_for_a_wide_distance() {
    let rules = teams_of(
        1,
        1,
        4,
        r#", "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 10}],
            "flexing_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100,
                "duration": 5}]"#,
    );
    let old = || vec![of_sizes("s", 6_000, &[1], 1000.0)];
    let out = run(&rules, old(), vec![party("young", 1, 1, 1050.0)]);
    assert_eq!(out.why_open()["s"], Reason::Distance);
    let out = run(&rules, old(), vec![party("old", 6_000, 1, 1050.0)]);
    assert_eq!(out.ids(), [("s", vec!["old"])]);
    let young = vec![of_sizes("s", 5_000, &[1], 1000.0)];
    let out = run(&rules, young, vec![party("old", 6_000, 1, 1050.0)]);
    assert_eq!(out.why_left()["old"], Reason::Distance);
}

#[test]
fn a_session_without_tickets_is_measured_by_the_first_that_joins() {
    let rules = teams_of(
        1,
        1,
        4,
        r#", "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}],
            "match_options": {"options": [{"name": "mode", "type": "any"}]}"#,
    );
    let mut empty = of_sizes("s", 1, &[0], 0.0);
    empty.teams[0].user_ids.push("guest".into());
    empty.attributes.set("mode".into(), "ctf".into());
    let mode = |ticket, mode: &str| with(ticket, "mode", mode);
    let tickets = vec![
        mode(party("other", 9, 1, 1000.0), "ffa"),
        mode(party("first", 8, 1, 1000.0), "ctf"),
        mode(party("far", 7, 1, 2000.0), "ctf"),
        mode(party("near", 6, 1, 1050.0), "ctf"),
    ];
    let out = run(&rules, vec![empty], tickets);
    assert_eq!(out.ids(), [("s", vec!["first", "near"])]);
    assert_eq!(out.why_left()["other"], Reason::Option);
}

#[test]
fn options_narrow_with_each_ticket() {
    let rules = teams_of(
        1,
        1,
        9,
        r#", "match_options": {"options": [{"name": "mode", "type": "any"},
            {"name": "role", "type": "unique"}]}"#,
    );
    let ticket = |id: &str, age, modes: &[&str], role: &str| {
        with(with(solo(id, age), "mode", texts(modes)), "role", role)
    };
    let host = session("s", 1, vec![vec![ticket("h", 0, &["a", "b", "c"], "tank")]]);
    let tickets = vec![
        ticket("first", 9, &["a", "b"], "heal"),
        ticket("same", 8, &["a"], "heal"),
        ticket("gone", 7, &["c"], "dps"),
        ticket("last", 6, &["b", "c"], "dps"),
    ];
    let out = run(&rules, vec![host], tickets);
    assert_eq!(out.ids(), [("s", vec!["first", "last"])]);
    let attributes = &out.proposals[0].attributes;
    assert_eq!(attributes.get("mode"), Some(&texts(&["b"])));
    assert_eq!(
        attributes.get("role"),
        Some(&texts(&["tank", "heal", "dps"]))
    );
    assert_eq!(out.why_left()["same"], Reason::Option);
    assert_eq!(out.why_left()["gone"], Reason::Option);
}

#[test]
fn must_match_attributes_count_unless_only_options_do() {
    let host = || session("s", 1, vec![vec![with(solo("h", 0), "map", "dust")]]);
    let tickets = || vec![with(solo("a", 2), "map", "lake"), solo("b", 1)];
    let out = run(&teams_of(1, 1, 9, ""), vec![host()], tickets());
    assert_eq!(out.why_open()["s"], Reason::Attribute);
    assert_eq!(out.why_left()["b"], Reason::Attribute);
    let only = teams_of(1, 1, 9, r#", "match_options_referred_for_backfill": true"#);
    let out = run(&only, vec![host()], tickets());
    assert_eq!(out.ids(), [("s", vec!["a", "b"])]);
}

#[test]
fn platforms_have_to_welcome_each_other() {
    let rules = teams_of(
        1,
        1,
        9,
        r#", "match_options": {"options": [{"name": "cross_platform", "type": "any"}]}"#,
    );
    let on = |id: &str, age, own: &str, others: &[&str]| {
        let ticket = with(solo(id, age), "current_platform", texts(&[own]));
        with(ticket, "cross_platform", texts(others))
    };
    let host = session("s", 1, vec![vec![on("h", 0, "pc", &["pc", "xbox"])]]);
    let tickets = vec![
        on("ps", 9, "ps", &["pc", "ps"]),
        on("alone", 8, "xbox", &["xbox"]),
        on("xbox", 7, "xbox", &["pc", "xbox"]),
        on("shy", 6, "pc", &["pc"]),
    ];
    let out = run(&rules, vec![host], tickets);
    assert_eq!(out.ids(), [("s", vec!["xbox"])]);
    let reasons: Vec<_> = out.why_left().into_values().collect();
    assert_eq!(reasons, [Reason::CrossPlay; 3]);
}

#[test]
fn the_session_s_region_has_to_be_open_and_near() {
    let rules = teams_of(
        1,
        1,
        9,
        r#", "region_expansion_rate_ms": 1000, "region_expansion_range_ms": 50,
            "region_latency_max_ms": 200"#,
    );
    let at = |id: &str, age, latencies: &[(&'static str, i64)]| Ticket {
        latencies: latencies
            .iter()
            .map(|(r, ms)| (Text::from(*r), *ms))
            .collect(),
        ..solo(id, age)
    };
    let mut host = of_sizes("s", 1, &[1], 0.0);
    host.region_preferences = vec!["eu".into(), "us".into()];
    let tickets = || {
        vec![
            at("anywhere", 9_000, &[]),
            at("far", 800, &[("eu", 90)]),
            at("later", 700, &[("eu", 90), ("us", 20)]),
            at("grown", 2_500, &[("eu", 90), ("us", 20)]),
            at("over", 9_000, &[("eu", 201), ("us", 20)]),
            at("elsewhere", 600, &[("us", 20)]),
            at("near", 100, &[("eu", 10)]),
        ]
    };
    let out = run(&rules, vec![host], tickets());
    // `grown` is 70 ms over its best, the others nothing; without latencies comes last of them.
    let order = vec!["near", "far", "anywhere", "grown"];
    assert_eq!(out.ids(), [("s", order)]);
    for id in ["later", "over", "elsewhere"] {
        assert_eq!(out.why_left()[id], Reason::Region, "{id}");
    }
    for region in [None, Some("any"), Some("")] {
        let mut host = of_sizes("s", 1, &[1], 0.0);
        host.region_preferences = region.map(Text::from_static).into_iter().collect();
        let out = run(&rules, vec![host], tickets());
        assert_eq!(out.left.len(), 0, "{region:?}");
    }
}

#[test]
fn blocked_players_stay_out_or_apart() {
    let blocking = |ticket, ids: &[&str]| with(ticket, "blocked_players", texts(ids));
    let host = || {
        let first = blocking(solo("h", 0), &["b1"]);
        session("s", 1, vec![vec![first], vec![solo("i", 0), solo("j", 0)]])
    };
    let tickets = || vec![solo("b", 2), blocking(solo("c", 1), &["i1"])];
    let out = run(&teams_of(2, 1, 3, ""), vec![host()], tickets());
    assert_eq!(out.why_open()["s"], Reason::Blocked);
    assert_eq!(out.why_left()["c"], Reason::Blocked);
    let apart = r#", "blocked_player_option": "blockedPlayerCanMatchOnDifferentTeam""#;
    let out = run(&teams_of(2, 1, 3, apart), vec![host()], tickets());
    assert_eq!(teams(&out), [vec!["h1", "c1"], vec!["i1", "j1", "b1"]]);
    let full = run(
        &teams_of(2, 1, 3, apart),
        vec![host()],
        vec![
            solo("a", 9),
            solo("b", 2),
            blocking(solo("c", 1), &["i1", "a1"]),
        ],
    );
    assert_eq!(full.why_left()["c"], Reason::Blocked);
}
