//! What a simulation has to satisfy, whatever it simulates.

use super::*;
use crate::matching::{AgsLogic, Flow, Text};
use crate::population::{Distribution, Parties, Rating, Roles, of_ruleset};

/// One against one, without rules.
const DUEL: &str = r#"{"alliance": {"min_number": 2, "max_number": 2,
    "player_min_number": 1, "player_max_number": 1}}"#;

/// Two against two within a reference of `mmr` that widens.
fn twos(reference: u32) -> String {
    format!(
        r#"{{"alliance": {{"min_number": 2, "max_number": 2,
        "player_min_number": 2, "player_max_number": 2}},
        "matching_rule": [{{"attribute": "mmr", "criteria": "distance", "reference": {reference}}}],
        "flexing_rule": [{{"attribute": "mmr", "criteria": "distance", "reference": {}, "duration": 30}}],
        "region_expansion_rate_ms": 5000, "region_expansion_range_ms": 50,
        "region_latency_initial_range_ms": 50, "region_latency_max_ms": 250}}"#,
        reference * 4
    )
}

fn plan(rulesets: &[&str], hours: f64, runs: u32) -> Plan {
    let mut population = of_ruleset(rulesets[0]);
    population.players_per_second = vec![1.0];
    Plan {
        rulesets: rulesets.iter().map(|one| (*one).to_owned()).collect(),
        population,
        hours,
        seed: 1,
        runs,
        threads: 2,
    }
}

fn simulated(plan: &Plan) -> Outcome {
    plan.simulate(&AgsLogic, &|_| Flow::Go).expect("a ruleset")
}

/// Whether two numbers are within a share of each other.
fn near(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= share * a.abs().max(b.abs())
}

/// With P players a second and a tick each T seconds, whoever comes waits T / 2 until the next tick, and
/// one player of an odd number waits for one more: so the queue has P T / 2 + 1 / 2 players over time,
/// and the mean wait is T / 2 + 1 / (2 P).
#[test]
fn a_duel_without_rules_waits_as_long_as_theory_says() {
    let (per_s, tick_s) = (2.0, 5.0);
    let mut plan = plan(&[DUEL], 1.0, 10);
    plan.population.players_per_second = vec![per_s];
    plan.population.tick_s = tick_s;
    // Without latencies, as players of two regions do not meet under any ruleset.
    plan.population.regions.clear();
    // Nobody goes: then the wait of all is that of those who are served.
    plan.population.patience_s.median = 1e6;
    plan.population.patience_s.p95 = 1e6;
    let runs = &simulated(&plan).rulesets[0];
    assert_eq!(runs.len(), 10);
    let mean = |of: fn(&Measures) -> f64| runs.iter().map(of).sum::<f64>() / 10.0;
    let (wait, queue) = (mean(|run| run.waits.mean()), mean(|run| run.mean_queue));
    assert!(
        near(wait, tick_s / 2.0 + 1.0 / (2.0 * per_s), 0.02),
        "{wait}"
    );
    assert!(near(queue, per_s * tick_s / 2.0 + 0.5, 0.02), "{queue}");
    let came = mean(|run| run.came as f64);
    assert!(near(came, per_s * 3600.0, 0.02), "{came}");
    for run in runs {
        assert_eq!(run.match_players.mean(), 2.0);
        assert_eq!(run.gone, 0);
    }
}

/// With so many players that an odd one does not count, a wait is uniform in the time of a tick.
#[test]
fn waits_without_rules_are_uniform_in_a_tick() {
    let mut plan = plan(&[DUEL], 0.5, 1);
    plan.population.players_per_second = vec![40.0];
    plan.population.tick_s = 10.0;
    let waits = &simulated(&plan).rulesets[0][0].waits;
    for tenth in 1..10 {
        let share = f64::from(tenth) / 10.0;
        let at = waits.at(share);
        assert!((at - 10.0 * share).abs() < 0.2, "{share}: {at}");
    }
}

#[test]
fn the_queue_is_as_long_as_the_rate_times_the_wait() {
    let plan = plan(&[&twos(100)], 3.0, 2);
    for run in &simulated(&plan).rulesets[0] {
        let rate = run.came as f64 / (3.0 * 3600.0);
        let expected = rate * run.time_in_queue_s / run.came as f64;
        assert!(run.mean_queue > 5.0, "{}", run.mean_queue);
        assert!(
            near(run.mean_queue, expected, 0.02),
            "{} {expected}",
            run.mean_queue
        );
        // What the ticks saw is the queue at its longest, just before it is served.
        let seen = run
            .series
            .points
            .iter()
            .map(|point| point.players as f64 / point.ticks as f64);
        let seen = seen.sum::<f64>() / run.series.points.len() as f64;
        assert!(
            seen > run.mean_queue && seen < run.mean_queue * 1.5,
            "{seen}"
        );
    }
}

#[test]
fn nobody_is_lost_and_nobody_is_there_twice() {
    let mut rulesets = vec![twos(50), DUEL.to_owned()];
    rulesets.push(twos(20).replacen('{', r#"{"auto_backfill": true,"#, 1));
    for ruleset in rulesets {
        let mut plan = plan(&[&ruleset], 1.0, 2);
        plan.population.patience_s.median = 40.0;
        plan.population.patience_s.p95 = 90.0;
        for run in &simulated(&plan).rulesets[0] {
            assert!(run.came > 3000, "{}", run.came);
            assert_eq!(run.came, run.matched + run.gone + run.waiting, "{ruleset}");
            for grouping in Grouping::ALL {
                let groups = grouping.groups(run);
                let players: u64 = groups.iter().map(|(_, share)| share.players).sum();
                assert_eq!(players, run.came, "{grouping:?}");
            }
        }
    }
}

#[test]
fn one_ruleset_twice_makes_no_difference_on_any_number_of_threads() {
    let ruleset = twos(80);
    let mut plan = plan(&[&ruleset, &ruleset], 0.5, 3);
    let outcome = simulated(&plan);
    for compared in outcome.compared() {
        let difference = compared.difference.expect("two rulesets");
        assert_eq!(
            (difference.mean, difference.half),
            (0.0, Some(0.0)),
            "{compared:?}"
        );
    }
    plan.threads = 1;
    let alone = simulated(&plan);
    assert_eq!(outcome.compared(), alone.compared());
    let said = sentences(&outcome, &["A".to_owned(), "B".to_owned()]);
    assert_eq!(
        said,
        ["B and A differ in neither waits nor skill by more than chance."]
    );
    plan.seed = 2;
    assert_ne!(outcome.compared(), simulated(&plan).compared());
}

#[test]
fn a_wider_reference_never_makes_players_wait_longer() {
    let references = [25, 50, 100, 200, 400];
    for pair in references.windows(2) {
        let (narrow, wide) = (twos(pair[0]), twos(pair[1]));
        let outcome = simulated(&plan(&[&narrow, &wide], 1.0, 3));
        let all = outcome.compared();
        let wait = all
            .iter()
            .find(|one| one.figure.id == "wait_mean_s")
            .unwrap();
        let difference = wait.difference.unwrap();
        assert!(
            difference.mean < 0.02 * wait.of[0].mean,
            "{pair:?}: {wait:?}"
        );
        let spread = all
            .iter()
            .find(|one| one.figure.id == "spread_mean.mmr")
            .unwrap();
        assert!(
            spread.difference.unwrap().mean > 0.0,
            "{pair:?}: {spread:?}"
        );
    }
}

#[test]
fn what_a_wider_reference_does_is_said() {
    let (narrow, wide) = (twos(25), twos(400));
    let outcome = simulated(&plan(&[&narrow, &wide], 1.0, 3));
    let said = sentences(
        &outcome,
        &["narrow.json".to_owned(), "wide.json".to_owned()],
    );
    assert!(
        said[0].starts_with("wide.json lowers the p95 wait from "),
        "{said:?}"
    );
    let spread = said
        .iter()
        .find(|one| one.contains("difference of mmr within a match"));
    assert!(
        spread.is_some_and(|one| one.starts_with("wide.json raises")),
        "{said:?}"
    );
    let alone = simulated(&plan(&[&narrow], 0.5, 2));
    let said = sentences(&alone, &["narrow.json".to_owned()]);
    assert!(
        said[0].starts_with("Half of the players wait at most "),
        "{said:?}"
    );
}

#[test]
fn players_come_by_the_hour() {
    let mut plan = plan(&[DUEL], 3.0, 1);
    let mut rates = vec![0.5; 24];
    rates[1] = 2.0;
    rates[2] = 0.0;
    plan.population.players_per_second = rates;
    let run = &simulated(&plan).rulesets[0][0];
    let hours: Vec<u64> = run
        .groups
        .hours
        .values()
        .map(|share| share.players)
        .collect();
    assert_eq!(hours.len(), 2, "{hours:?}");
    assert!(near(hours[0] as f64, 1800.0, 0.1), "{hours:?}");
    assert!(near(hours[1] as f64, 7200.0, 0.1), "{hours:?}");
}

#[test]
fn whoever_loses_patience_goes_at_that_time() {
    // Nobody is near anybody.
    let mut plan = plan(&[&twos(0)], 1.0, 1);
    let patience = &mut plan.population.patience_s;
    (patience.median, patience.p95) = (60.0, 60.0);
    plan.population.parties = Parties {
        solos: 1.0,
        larger: Vec::new(),
    };
    let skill = &mut plan.population.attributes[0].1;
    skill.of = Distribution::Uniform(0.0, 1e12);
    let run = &simulated(&plan).rulesets[0][0];
    assert_eq!(run.matched, 0);
    assert!(near(run.mean_queue, 60.0, 0.1), "{}", run.mean_queue);
    assert!(
        run.gone > 3300 && run.waiting > 30,
        "{} {}",
        run.gone,
        run.waiting
    );
}

#[test]
fn sessions_lose_players_and_get_others() {
    let ruleset = twos(400).replacen('{', r#"{"auto_backfill": true,"#, 1);
    let mut plan = plan(&[&ruleset], 1.0, 1);
    plan.population.leave_rate = 0.5;
    let run = &simulated(&plan).rulesets[0][0];
    assert!(run.backfill_asked > 200, "{}", run.backfill_asked);
    assert!(
        run.backfill_filled > run.backfill_asked / 2,
        "{}",
        run.backfill_filled
    );
    assert!(run.joined > run.backfill_filled, "{}", run.joined);
    plan.population.leave_rate = 0.0;
    let run = &simulated(&plan).rulesets[0][0];
    let players = (run.match_players.at(0.0), run.match_players.mean());
    assert_eq!(
        (run.backfill_asked, run.joined),
        (0, 0),
        "{players:?} {}",
        run.matches
    );
}

#[test]
fn roles_and_modes_are_played_too() {
    let ruleset = include_str!("../../docs/samples/ruleset-roles.json");
    let mut plan = plan(&[ruleset], 0.25, 1);
    plan.population.players_per_second = vec![4.0];
    plan.population.roles = Roles::of(vec![
        ("tank".into(), 1),
        ("dps".into(), 3),
        ("healer".into(), 1),
    ]);
    let run = &simulated(&plan).rulesets[0][0];
    assert!(run.matches > 50, "{}", run.matches);
    assert_eq!(run.match_players.mean(), 10.0);
}

#[test]
fn a_rating_becomes_a_chance_to_win() {
    let mut plan = plan(&[&twos(400)], 0.5, 1);
    let attribute = Text::from_static("mmr");
    plan.population.rating = Some(Rating::Scale {
        attribute,
        scale: 400.0,
    });
    let run = &simulated(&plan).rulesets[0][0];
    let chances = run.win_chances.as_ref().unwrap();
    assert_eq!(chances.count(), run.matches);
    // The chance at the mean gap, as the curve is nearly straight there.
    let gap = run.gaps[0].1.mean();
    let expected = 1.0 / (1.0 + 10.0_f64.powf(-gap / 400.0));
    assert!(
        near(chances.mean(), expected, 0.03),
        "{} {expected}",
        chances.mean()
    );
}

#[test]
fn a_ruleset_that_is_refused_is_an_error() {
    let plan = plan(&[DUEL, r#"{"alliance": 7}"#], 0.1, 1);
    assert!(plan.simulate(&AgsLogic, &|_| Flow::Go).is_err());
}
