use serde_json::json;

use super::*;
use crate::matching::TicketFault;

/// Modes as `duel 2/2/1/1 · squad 2/2/3/3`, tried in the order of the ticket.
fn modes(text: &str) -> Json {
    let modes = text.split(" · ").map(|mode| {
        let (name, bounds) = mode.split_once(' ').expect("name and numbers");
        (name.to_owned(), json!({"alliance": alliance(bounds)}))
    });
    let modes: Map<String, Json> = modes.collect();
    json!({"sub_game_modes": modes, "sub_gamemode_selection": "ticketOrder"})
}

/// Tickets as `a [duel,squad] · b+ duel`: the modes that each accepts, and `+` for each further player.
fn accepting(text: &str) -> Vec<Ticket> {
    let tickets = text.split(" · ").enumerate().map(|(at, text)| {
        let mut words = text.split(' ');
        let id = words.next().expect("an id");
        let size = 1 + id.matches('+').count();
        let id = id.trim_end_matches('+');
        let accepts = match words.next().expect("modes") {
            "-" => Json::Null,
            list => match list.strip_prefix('[') {
                Some("]") => json!([]),
                Some(list) => list.trim_end_matches(']').split(',').collect(),
                None => list.into(),
            },
        };
        let age = words.next().and_then(|age| age.strip_suffix('s'));
        let age = age.map_or(8 - at as i64, |age| age.parse().expect("seconds"));
        let mut ticket = ticket(id, &vec!["-"; size].join("+"), age * 1000);
        ticket
            .attributes
            .set("sub_game_mode".into(), Value::from(&accepts));
        ticket
    });
    tickets.collect()
}

/// The matches with their modes, and what is left.
fn told(played: &Played) -> (Vec<String>, String) {
    let (matches, left) = super::told(played);
    let modes = played
        .matches
        .iter()
        .map(|made| match made.attributes.get("sub_game_mode") {
            Some(Value::List(modes)) => {
                let names = modes.iter().filter_map(Value::as_text);
                names.collect::<Vec<_>>().join(", ")
            }
            other => panic!("modes are a list, not {other:?}"),
        });
    let matches = matches.iter().zip(modes);
    (
        matches
            .map(|(made, modes)| format!("{made}, [{modes}]"))
            .collect(),
        left,
    )
}

fn example(rules: &Json, tickets: &str, matches: &[&str], left: &str) {
    let (found, found_left) = told(&play_queue(rules, accepting(tickets)));
    assert_eq!(found, matches, "{tickets}");
    assert_eq!(found_left, left, "{tickets}");
}

const THREE: &str = "deathmatch 2/2/1/1 · ffa 1/1/3/3 · td 2/4/1/2";

#[test]
fn mode_01_modes_that_all_share() {
    let rules = modes(THREE);
    let tickets = "a [deathmatch,td] · b [ffa] · c [deathmatch,ffa,td]";
    let made = "[a] vs [c], [deathmatch, td]";
    example(&rules, tickets, &[made], "b not_enough_players");
    let mut random = rules;
    random["sub_gamemode_selection"] = "random".into();
    let (matches, _) = told(&play_queue(&random, accepting(tickets)));
    assert!(
        matches == [made] || matches == ["[a] vs [c], [td, deathmatch]"],
        "{matches:?}"
    );
}

#[test]
fn mode_02_no_known_mode() {
    let rules = modes(THREE);
    let tickets = "a [deathmatch] · b [ffa] · c timetrial";
    let played = play_queue(&rules, accepting(tickets));
    assert!(played.matches.is_empty());
    assert_eq!(played.why_left()["c"].as_str(), "sub_game_mode");
    let rules = AgsLogic.rules(&rules.to_string()).expect("a ruleset").rules;
    let fault = AgsLogic.validate_ticket(&rules, &accepting(tickets)[2]);
    let fault = fault.expect_err("a fault");
    assert_eq!(fault, TicketFault::NoMode("deathmatch, ffa, td".into()));
    assert_eq!(fault.as_str(), "no_mode");
    let text = "the ticket accepts none of the sub game modes deathmatch, ffa, td";
    assert_eq!(fault.to_string(), text);
}

#[test]
fn mode_03_only_the_age_of_the_pivot_counts() {
    let mut rules = modes(THREE);
    rules["sub_game_modes"]["td"]["alliance"] = alliance("2/2/2/2");
    let mut entry = alliance("2/2/1/1");
    entry["duration"] = 20.into();
    rules["sub_game_modes"]["td"]["alliance_flexing_rule"] = json!([entry]);
    let made = |a: u32, b: u32| {
        let tickets = format!("a [deathmatch,td] {a}s · b td {b}s");
        told(&play_queue(&rules, accepting(&tickets))).0
    };
    assert!(made(20, 20).is_empty());
    assert_eq!(made(30, 30), ["[a] vs [b], [td]"]);
    assert_eq!(made(30, 1), ["[a] vs [b], [td]"]);
}

const TWO: &str = "duel 2/2/1/1 · squad 2/2/3/3";

#[test]
fn mode_04_who_accepts_all_comes_first() {
    let tickets = "a [duel,squad] · b [duel] · c [squad,duel]";
    let played = play_queue(&modes(TWO), accepting(tickets));
    assert_eq!(told(&played).0, ["[a] vs [c], [duel]"]);
}

#[test]
fn mode_05_the_next_mode_where_the_first_has_too_few() {
    let made = "[a] vs [b], [duel]";
    example(&modes(TWO), "a [squad,duel] · b [duel]", &[made], "");
}

#[test]
fn mode_06_the_sample_of_the_manual() {
    let mut rules = modes("elimination 10/10/2/5 · teamdeathmatch 2/2/5/5 · skirmish 2/2/2/2");
    for (mode, bounds) in [("elimination", "1/10/1/5"), ("teamdeathmatch", "1/2/1/5")] {
        let mut entry = alliance(bounds);
        entry["duration"] = 10.into();
        rules["sub_game_modes"][mode]["alliance_flexing_rule"] = json!([entry]);
    }
    let tickets = "a [elimination,teamdeathmatch,skirmish] · b [skirmish,elimination] · c skirmish \
        · d [skirmish] · e [teamdeathmatch]";
    let played = play_queue(&rules, accepting(tickets));
    assert_eq!(told(&played).0, ["[a b] vs [c d], [skirmish]"]);
    assert_eq!(played.why_left().len(), 1);
}

fn duos() -> Json {
    let mut rules = modes("duo 2/2/1/2 · squad 2/2/1/5");
    rules["auto_backfill"] = true.into();
    rules
}

#[test]
fn mode_07_full_in_one_mode_and_not_in_another() {
    let tickets = "a [duo,squad] · b [duo,squad] · c [squad,duo] · d [duo,squad]";
    let played = play_queue(&duos(), accepting(tickets));
    assert_eq!(told(&played).0, ["[a b] vs [c d], [duo, squad]"]);
    assert!(played.matches[0].backfill);
}

#[test]
fn mode_08_no_attribute_and_an_empty_list() {
    let made = "[b] vs [d], [duo]";
    let left = "a sub_game_mode, c sub_game_mode";
    example(&duos(), "a - · b [duo] · c [] · d duo", &[made], left);
}

fn raids(roles: [&str; 4]) -> (Json, Vec<Ticket>) {
    let mut rules = modes("raid 1/1/3/3 · skirmish 2/2/1/1");
    let trio = combination("tank 1-1, dps 1-1, support 1-1");
    rules["sub_game_modes"]["raid"]["alliance"]["combination"] = trio;
    let tickets = "a [raid,skirmish] · b [raid] · c [raid,skirmish] · d [skirmish]";
    let mut tickets = accepting(tickets);
    for (ticket, role) in tickets.iter_mut().zip(roles) {
        ticket.players[0].attributes.set("role".into(), role.into());
    }
    (rules, tickets)
}

#[test]
fn mode_09_roles_in_one_mode() {
    let (rules, tickets) = raids(["dps", "tank", "support", ""]);
    let played = play_queue(&rules, tickets);
    assert_eq!(
        told(&played).0,
        ["[a c b]: a dps, b tank, c support, [raid]"]
    );
    assert_eq!(played.why_left().len(), 1);
}

#[test]
fn mode_10_another_mode_where_a_role_is_missing() {
    let (rules, tickets) = raids(["dps", "dps", "support", ""]);
    let played = play_queue(&rules, tickets);
    assert_eq!(told(&played).0, ["[a] vs [c], [skirmish]"]);
    assert_eq!(played.why_left().len(), 2);
}

#[test]
fn mode_11_a_mode_that_is_too_small_for_the_party() {
    let tickets = "a+ [duel,squad] · b [duel,squad] · c++ [squad]";
    example(&modes(TWO), tickets, &["[a b] vs [c], [squad]"], "");
}

#[test]
fn mode_15_the_order_is_another_at_each_tick() {
    let mut rules = modes(TWO);
    rules["sub_gamemode_selection"] = "random".into();
    let tickets =
        || accepting("a [duel,squad] · b [duel,squad] · c++ [squad,duel] · d [duel,squad]");
    let first = |tick_id: u64| {
        let context = TickContext { tick_id, ..CONTEXT };
        let played = play(&AgsLogic, &rules.to_string(), context, tickets()).expect("a ruleset");
        let (matches, _) = told(&played);
        matches[0].ends_with("[duel]")
    };
    let duels = (1..=1000).filter(|tick| first(*tick)).count();
    assert!((450..=550).contains(&duels), "{duels}");
    assert_eq!(first(7), first(7));
}

#[test]
fn mode_16_all_faults_at_once() {
    let rules = json!({"sub_game_modes": {
        "duel": {"name": "Duel", "alliance": {"min_number": 2, "max_number": 1,
            "player_min_number": 1, "player_max_number": 1}},
        "": {},
    }});
    let error = AgsLogic
        .rules(&rules.to_string())
        .expect_err("faults")
        .to_string();
    for path in [
        r#"`sub_game_modes.""`"#,
        r#"`sub_game_modes."".alliance`"#,
        "`sub_game_modes.duel.name`",
        "`sub_game_modes.duel.alliance.min_number`",
    ] {
        assert!(error.contains(path), "{path}: {error}");
    }
    assert_eq!(error.matches("; ").count(), 3, "{error}");
}
