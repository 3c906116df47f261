use serde_json::json;

use super::*;
use crate::matching::TicketFault;

const TRIO: &str = "tank 1-1, dps 1-1, support 1-1";

#[test]
fn role_01_the_sample_of_the_manual() {
    let rules = ruleset("2/2/5/5", "dps 3-3, tank 1-1, healer 1-1");
    let tickets = "a tank · b [tank,dps] · c healer · d [dps,healer] · e dps · f dps · g dps · h dps · i dps · j dps";
    let made = "[a c e f g] vs [b d h i j]: a b tank, c d healer, e f g h i j dps";
    example(&rules, tickets, &[made], "");
}

#[test]
fn role_02_first_choices_would_leave_nobody_for_one() {
    let tickets = "a [tank,dps] · b tank · c [dps,support]";
    let made = "[a b c]: a dps, b tank, c support";
    example(&ruleset("1/1/3/3", TRIO), tickets, &[made], "");
}

const PAIR: &str = "carry 1-2, support 1-2";

#[test]
fn role_03_wildcards_fill_what_is_scarce() {
    let tickets = "a any · b any · c carry · d carry · e carry · f carry";
    let made = "[a c d] vs [b e f]: a b support, c d e f carry";
    example(&ruleset("2/2/3/3", PAIR), tickets, &[made], "");
}

#[test]
fn role_04_second_choices_do_so_too() {
    let both = r#"="[\"carry\",\"support\"]""#;
    let tickets = format!("a {both} · b {both} · c {both} · d carry · e carry · f carry");
    let made = "[a b d] vs [c e f]: a d e f carry, b c support";
    example(&ruleset("2/2/3/3", PAIR), &tickets, &[made], "");
}

#[test]
fn role_05_a_party_that_no_team_takes() {
    let rules = ruleset("1/1/3/3", TRIO);
    let tickets = "a tank+tank · b dps · c support · d tank";
    example(
        &rules,
        tickets,
        &["[b c d]: b dps, c support, d tank"],
        "a role",
    );
    let rules = AgsLogic.rules(&rules.to_string()).expect("a ruleset").rules;
    let fault = AgsLogic.validate_ticket(&rules, &queue(tickets)[0]);
    assert_eq!(fault, Err(TicketFault::NoRole));
    assert_eq!(fault.expect_err("a fault").as_str(), "no_role");
}

#[test]
fn role_06_a_role_that_is_full() {
    let rules = ruleset("1/1/3/5", "dps 1-3, tank 1-1, healer 0-1");
    let tickets = "a dps · b dps · c dps · d dps · e tank · f tank";
    example(
        &rules,
        tickets,
        &["[a b c e]: a b c dps, e tank"],
        "d role, f role",
    );
}

#[test]
fn role_07_each_role_once() {
    let tickets = r#"a ="[\"a\",\"b\"]"+b · b ="[\"b\",\"e\"]" · c a+c · d c · e c+d"#;
    let played = play_queue(&ruleset("1/1/3/5", ""), queue(tickets));
    let (matches, _) = told(&played);
    assert_eq!(matches, ["[a b d]: a1 a, a2 b, b e, d c"]);
    assert_eq!(played.why_left().len(), 2);
}

#[test]
fn role_08_any_may_be_played_by_several() {
    let played = play_queue(
        &ruleset("1/1/3/3", ""),
        queue("a tank · b any · c tank · d [tank,any]"),
    );
    assert_eq!(told(&played).0, ["[a b d]: a tank, b d any"]);
}

#[test]
fn role_09_each_place_has_a_list() {
    let tickets = "a hunter+hunter · b hunter · c [monster,hunter] · d hunter · e monster";
    let played = play_queue(
        &ruleset("2/2/1/4", "monster 1-1 / hunter 4-4"),
        queue(tickets),
    );
    assert_eq!(
        told(&played).0,
        ["[c] vs [a b d]: a1 a2 b d hunter, c monster"]
    );
}

#[test]
fn role_10_a_place_may_stay_empty() {
    let rules = ruleset("2/3/1/2", "hunter 2-2 / monster 1-1 / medic 0-1");
    let made = "[a] vs [b]: a1 a2 hunter, b monster";
    example(&rules, "a hunter+hunter · b monster", &[made], "");
    let made = "[a] vs [b] vs [c]: a1 a2 hunter, b monster, c medic";
    example(&rules, "a hunter+hunter · b monster · c medic", &[made], "");
}

#[test]
fn role_11_flexing_brings_its_own_roles() {
    let mut rules = ruleset("1/1/3/3", TRIO);
    let mut entry = alliance("1/1/2/3");
    entry["duration"] = 30.into();
    entry["combination"] = combination("tank 0-1, dps 1-2, support 0-1");
    rules["alliance_flexing_rule"] = json!([entry]);
    let none = play_queue(&rules, queue("a dps 30s · b dps 5s · c support 4s"));
    assert!(none.matches.is_empty());
    let made = "[a b c]: a b dps, c support";
    example(&rules, "a dps 31s · b dps 5s · c support 4s", &[made], "");
}

#[test]
fn role_12_flexing_without_roles_takes_them_off() {
    let mut rules = ruleset("1/1/3/3", TRIO);
    let mut entry = alliance("1/1/3/3");
    entry["duration"] = 30.into();
    rules["alliance_flexing_rule"] = json!([entry]);
    example(&rules, "a dps 31s · b dps 5s · c - 4s", &["[a b c]"], "");
    let none = play_queue(&rules, queue("a dps 30s · b dps 5s · c - 4s"));
    assert!(none.matches.is_empty());
    assert!(told(&none).1.starts_with("a role"), "{:?}", told(&none));
}

fn flexing_roles(mut rules: Json) -> Json {
    let combination = &mut rules["alliance"]["combination"];
    combination["role_flexing_enable"] = true.into();
    combination["role_flexing_second"] = 60.into();
    combination["role_flexing_player"] = 1.into();
    rules
}

#[test]
fn role_13_players_give_up_their_choice() {
    let rules = flexing_roles(ruleset("1/2/2/2", "fighter 1-2, tank 1-2"));
    let others = "b fighter 9s · c fighter 8s · d fighter 7s";
    let at = |seconds: u32| format!("a fighter {seconds}s · {others}");
    assert!(play_queue(&rules, queue(&at(59))).matches.is_empty());
    let played = play_queue(&rules, queue(&at(60)));
    assert_eq!(told(&played).0, ["[a d]: a fighter, d tank"]);
    assert_eq!(played.why_left().len(), 2);
    let made = "[a c] vs [b d]: a b fighter, c d tank";
    example(&rules, &at(120), &[made], "");
}

#[test]
fn role_14_the_earlier_player_keeps_its_choice() {
    let tickets = "a [support,tank] · b [support,dps] · c any";
    let made = "[a b c]: a support, b dps, c tank";
    example(&ruleset("1/1/3/3", TRIO), tickets, &[made], "");
}

/// Duels of two with a skill for each ticket.
fn by_skill(rules: &Json, tickets: &str, skills: &[f64]) -> Played {
    let mut rules = rules.clone();
    rules["matching_rule"] = json!([
        {"attribute": "mmr", "criteria": "distance", "reference": 1000}
    ]);
    let mut tickets = queue(tickets);
    for (ticket, skill) in tickets.iter_mut().zip(skills) {
        ticket.players[0]
            .attributes
            .set("mmr".into(), (*skill).into());
    }
    play_queue(&rules, tickets)
}

#[test]
fn role_15_choices_come_before_skill() {
    let rules = ruleset("2/2/2/2", "tank 1-1, dps 1-1");
    let tickets = "a [tank,dps] · b [dps,tank] · c [tank,dps] · d [dps,tank]";
    let played = by_skill(&rules, tickets, &[1000.0, 1100.0, 1400.0, 1300.0]);
    let made = "[a d] vs [b c]: a c tank, b d dps";
    assert_eq!(told(&played).0, [made]);
}

#[test]
fn role_16_without_rebalance_in_order() {
    let mut rules = ruleset("2/2/2/2", "tank 1-1, dps 1-1");
    rules["rebalance_enable"] = false.into();
    let tickets = "a tank · b dps · c dps · d tank";
    let played = by_skill(&rules, tickets, &[1000.0, 1300.0, 1100.0, 1200.0]);
    let made = "[a c] vs [d b]: a d tank, b c dps";
    assert_eq!(told(&played).0, [made]);
}

#[test]
fn role_17_every_form_of_the_attribute() {
    let rules = ruleset("1/1/3/3", TRIO);
    let tickets = r#"a tank · b - · c ="" · d ="[\"dps\"" · e =["_","dps","dps"] · f roles=["support"] · g =7"#;
    let tickets = || {
        let mut tickets = queue(&tickets.replace("roles=[", "roles==["));
        let blank = Value::from(&json!([" ", "dps", "dps"]));
        tickets[4].players[0].attributes.set("role".into(), blank);
        tickets
    };
    let (matches, left) = told(&play_queue(&rules, tickets()));
    assert_eq!(matches, ["[a e f]: a tank, e dps, f support"]);
    assert_eq!(left, "b role, c role, d role, g role");
    let rules = AgsLogic.rules(&rules.to_string()).expect("a ruleset").rules;
    let faults = tickets();
    let faults = faults
        .iter()
        .map(|ticket| AgsLogic.validate_ticket(&rules, ticket));
    let (none, nothing) = (Err(TicketFault::NoRole), Err(TicketFault::NoRoleAsked));
    let expected = [
        &Ok(()),
        &nothing,
        &nothing,
        &none,
        &Ok(()),
        &Ok(()),
        &nothing,
    ];
    assert_eq!(
        faults.collect::<Vec<_>>().iter().collect::<Vec<_>>(),
        expected
    );
    let texts = [none, nothing].map(|fault| fault.expect_err("a fault").to_string());
    assert_eq!(
        texts[0],
        "the ticket's players cannot be given roles in one team"
    );
    assert_eq!(texts[1], "a player of the ticket asks for no role");
}

#[test]
fn role_18_a_wildcard_in_a_party() {
    let tickets = "a tank · b support+support · c support · d any+tank";
    let made = "[a b c d]: a d2 tank, b1 b2 c d1 support";
    example(
        &ruleset("1/1/6/6", "tank 1-2, support 1-4"),
        tickets,
        &[made],
        "",
    );
}

#[test]
fn role_19_even_numbers_then_the_order_of_the_list() {
    let made = "[a b c d]: a b hunter, c d monster";
    let rules = ruleset("1/1/4/4", "hunter 1-4, monster 1-2");
    example(&rules, "a any · b any · c any · d any", &[made], "");
}

#[test]
fn role_20_full_once_no_role_is_left() {
    let mut rules = ruleset("1/1/2/5", "dps 1-2, tank 1-1");
    rules["auto_backfill"] = true.into();
    let played = play_queue(&rules, queue("a dps · b dps · c tank · d dps"));
    assert_eq!(told(&played).0, ["[a b c]: a b dps, c tank"]);
    assert!(!played.matches[0].backfill);
    assert_eq!(played.why_left().len(), 1);
}

#[test]
fn role_21_the_role_with_the_largest_surplus_gives_up_first() {
    let rules = flexing_roles(ruleset("2/2/3/3", TRIO));
    let others = "b support 40s · c dps 30s · d dps 20s · e dps 10s · f support 5s";
    let made = "[a b c] vs [d e f]: a e tank, b f support, c d dps";
    example(&rules, &format!("a tank 60s · {others}"), &[made], "");
    let none = play_queue(&rules, queue(&format!("a tank 59s · {others}")));
    assert!(none.matches.is_empty());
}
