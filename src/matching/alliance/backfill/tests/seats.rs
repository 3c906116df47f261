//! Which team a ticket joins, and when a new one opens.

use super::*;

#[test]
fn solos_join_the_small_team_until_it_is_full() {
    let rules = teams_of(2, 1, 3, "");
    let sessions = vec![of_sizes("s", 1, &[3, 1], 0.0)];
    let out = run(
        &rules,
        sessions,
        vec![solo("a", 3), solo("b", 2), solo("c", 1)],
    );
    assert_eq!(
        teams(&out),
        [vec!["s-0-1", "s-0-2", "s-0-3"], vec!["s-1-1", "a1", "b1"]]
    );
    assert_eq!(out.why_left()["c"], Reason::SessionFull);
    assert_eq!(out.proposals[0].teams[1].id, "s-team1");
    assert_eq!(out.proposals[0].created_at_ms, CONTEXT.now_ms);
}

#[test]
fn a_new_team_opens_only_if_it_can_be_filled() {
    let rules = teams_of(3, 2, 3, "");
    let full = || vec![of_sizes("s", 1, &[3, 3], 0.0)];
    let out = run(&rules, full(), vec![solo("a", 3)]);
    assert_eq!(out.why_open()["s"], Reason::TeamSizes);
    assert_eq!(out.why_left()["a"], Reason::TeamSizes);
    let out = run(&rules, full(), vec![solo("a", 3), solo("b", 2)]);
    assert_eq!(teams(&out)[2], ["a1", "b1"]);
    assert_eq!(out.proposals[0].teams[2].id.len(), 32);
    // Two parties of 2 do not fit into a team of 3; each fills one by itself, but only one may open.
    let pairs = vec![party("a", 3, 2, 0.0), party("b", 2, 2, 0.0)];
    let out = run(&rules, full(), pairs);
    assert_eq!(out.ids(), [("s", vec!["a"])]);
}

#[test]
fn a_team_is_brought_to_its_minimum_by_the_tickets_that_fit() {
    let rules = teams_of(2, 5, 5, "");
    let tickets = vec![
        party("two", 9, 2, 0.0),
        party("pair", 8, 2, 0.0),
        party("three", 7, 3, 0.0),
    ];
    let out = run(&rules, vec![of_sizes("s", 1, &[5], 0.0)], tickets);
    assert_eq!(out.ids(), [("s", vec!["two", "three"])]);
    assert_eq!(out.why_left()["pair"], Reason::SessionFull);
}

#[test]
fn players_from_elsewhere_take_seats() {
    let rules = teams_of(2, 1, 3, "");
    let mut shared = of_sizes("s", 1, &[1, 1], 0.0);
    shared.teams[0].user_ids.extend(["x".into(), "y".into()]);
    shared.teams[1].user_ids.push("z".into());
    let mut inside = solo("inside", 9);
    inside.players[0].id = "z".into();
    let out = run(
        &rules,
        vec![shared],
        vec![inside, solo("a", 2), solo("b", 1)],
    );
    assert_eq!(
        teams(&out),
        [vec!["s-0-1", "x", "y"], vec!["s-1-1", "z", "a1"]]
    );
    assert_eq!(out.why_left()["inside"], Reason::PlayerInSession);
}

#[test]
fn of_equal_teams_the_one_that_balances_the_means() {
    let rule = r#""matching_rule": [{"attribute": "mmr", "criteria": "distance",
        "reference": 1000, "isForBalancing": true}]"#;
    let weak_and_strong = || {
        let strong = vec![party("h", 0, 2, 1200.0)];
        session("s", 1, vec![strong, vec![party("i", 0, 2, 800.0)]])
    };
    let tickets = || vec![party("good", 1, 1, 1300.0)];
    let out = run(
        &teams_of(2, 1, 3, &format!(", {rule}")),
        vec![weak_and_strong()],
        tickets(),
    );
    assert_eq!(teams(&out), [vec!["h1", "h2"], vec!["i1", "i2", "good1"]]);
    let off = format!(r#", "rebalance_enable": false, {rule}"#);
    let out = run(&teams_of(2, 1, 3, &off), vec![weak_and_strong()], tickets());
    assert_eq!(teams(&out)[0], ["h1", "h2", "good1"]);
}

#[test]
fn teams_grow_with_the_age_of_the_session() {
    let rules = teams_of(
        1,
        1,
        1,
        r#", "alliance_flexing_rule": [{"duration": 5, "min_number": 1, "max_number": 1,
            "player_min_number": 1, "player_max_number": 2}]"#,
    );
    let out = run(
        &rules,
        vec![of_sizes("s", 5_000, &[1], 0.0)],
        vec![solo("a", 1)],
    );
    assert_eq!(out.why_open()["s"], Reason::SessionFull);
    let out = run(
        &rules,
        vec![of_sizes("s", 5_001, &[1], 0.0)],
        vec![solo("a", 1)],
    );
    assert_eq!(out.ids(), [("s", vec!["a"])]);
}
