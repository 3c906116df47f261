//! Faults and warnings of `combination` and `sub_game_modes`.

use serde_json::{Map, Value, json};

use super::super::parse::{MAX_MODES, layouts};
use super::super::{Layout, ModeOrder, Role, RoleFlexing, RoleList, Roles, SubGameMode};
use crate::matching::rules::{self, RulesError};

type Layouts = (Layout, Vec<SubGameMode>, ModeOrder);

/// Reads nothing but layouts and modes.
fn read(ruleset: Value) -> Result<(Layouts, Vec<String>), Vec<String>> {
    let Value::Object(fields) = ruleset else {
        panic!("a ruleset is an object")
    };
    match rules::read(fields, layouts) {
        Ok(parsed) => {
            let warnings = parsed.warnings.iter().map(ToString::to_string);
            Ok((parsed.rules, warnings.collect()))
        }
        Err(RulesError::Invalid(faults)) => Err(faults.iter().map(ToString::to_string).collect()),
        Err(error) => panic!("{error}"),
    }
}

fn teams(bounds: [u32; 4]) -> Value {
    let keys = [
        "min_number",
        "max_number",
        "player_min_number",
        "player_max_number",
    ];
    let fields = keys.into_iter().zip(bounds);
    Value::Object(fields.map(|(key, n)| (key.to_owned(), n.into())).collect())
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

/// A ruleset with this `combination`, its switch on.
fn combined(bounds: [u32; 4], combination: Value) -> Value {
    let combination = with(combination, "has_combination", true.into());
    json!({"alliance": with(teams(bounds), "combination", combination)})
}

fn role(name: &str, min: u32, max: u32) -> Value {
    json!({"name": name, "min": min, "max": max})
}

fn faults(ruleset: Value) -> Vec<String> {
    read(ruleset).expect_err("something is wrong")
}

fn warnings(ruleset: Value) -> Vec<String> {
    read(ruleset).expect("nothing is wrong").1
}

fn roles(ruleset: Value) -> Roles {
    read(ruleset).expect("nothing is wrong").0.0.first.roles
}

#[test]
fn roles_example_26() {
    let lists = json!([
        [role("any", 1, 1), role("tank", 3, 2), role("tank", 0, 9)],
        []
    ]);
    let found = faults(combined([2, 3, 1, 5], json!({"alliances": lists})));
    let at = "`alliance.combination.alliances";
    let expected = [
        format!(
            "{at}[0][0].name` is \"any\": `any` stands for every role and is no role of its own"
        ),
        format!("{at}[0][1].min` is 3: it may not be more than {at}[0][1].max`, which is 2"),
        format!("{at}[0][2].name` is \"tank\": each role may stand once in a list"),
        format!(
            "{at}` is 2 lists: it has to hold one list of roles for all teams, or one for each of \
             the 3 teams of `max_number`"
        ),
        format!("{at}[0][2].max` is 9: a team has at most 5 players"),
        format!("{at}[1]` is []: the max of its roles may not add up to 0"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn sums_are_held_against_the_size_of_a_team() {
    let of = |list: Value| faults(combined([2, 2, 4, 5], json!({"alliances": [list]})));
    let found = of(json!([role("a", 3, 4), role("b", 3, 4)]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].ends_with("the min of its roles add up to 6; a team has at most 5 players"),
        "{found:?}"
    );
    let found = of(json!([role("a", 0, 1), role("b", 0, 2)]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].ends_with("the max of its roles add up to 3; a team has at least 4 players"),
        "{found:?}"
    );
    // Sums of the largest numbers do not overflow.
    let most = 2_147_483_647;
    let list = json!([role("a", most, most), role("b", most, most)]);
    let found = faults(combined([1, 1, 1, most], json!({"alliances": [list]})));
    assert!(found[0].contains("add up to 4294967294"), "{found:?}");
}

#[test]
fn wrong_types_have_their_path() {
    for (combination, fault) in [
        (
            json!({"alliances": 7}),
            "`alliance.combination.alliances` is 7: it has to be a list of lists of roles",
        ),
        (
            json!({"alliances": [7]}),
            "`alliance.combination.alliances[0]` is 7: it has to be a list of roles",
        ),
        (
            json!({"alliances": [{"name": "a", "min": 1, "max": 1}]}),
            "`alliance.combination.alliances[0]` is {\"max\":1,\"min\":1,\"name\":\"a\"}: it has to be a list of roles: put one more pair of brackets around",
        ),
        (
            json!({"alliances": [[7]]}),
            "`alliance.combination.alliances[0][0]` is 7: it has to be an object",
        ),
        (
            json!({"alliances": [[{"name": "a"}]]}),
            "`alliance.combination.alliances[0][0].max` is missing: allowed are whole numbers from 0 to 2147483647",
        ),
        (
            json!({"alliances": [[{"name": "", "max": 1}]]}),
            "`alliance.combination.alliances[0][0].name` is \"\": allowed are texts of 1 to 64 characters",
        ),
        (
            json!({"role_flexing_second": -1}),
            "`alliance.combination.role_flexing_second` is -1: allowed are whole numbers from 0 to 2147483647",
        ),
    ] {
        assert_eq!(faults(combined([1, 1, 1, 1], combination)), [fault]);
    }
    let ruleset = json!({"alliance": with(teams([1, 1, 1, 1]), "combination", json!([1]))});
    let fault = "`alliance.combination` is [1]: it has to be an object";
    assert_eq!(faults(ruleset), [fault]);
}

#[test]
fn lists_and_roles_have_a_bound() {
    let list = |roles: usize| {
        let roles = (0..roles).map(|at| role(&format!("r{at}"), 0, 1));
        Value::from(roles.collect::<Vec<_>>())
    };
    let of = |lists: Vec<Value>| {
        let teams = u32::try_from(lists.len()).expect("few");
        read(combined([1, teams, 1, 1], json!({"alliances": lists})))
    };
    assert!(of(vec![list(64)]).is_ok());
    assert!(of(vec![list(64); 16]).is_ok());
    assert!(of(vec![list(1); 256]).is_ok());
    let found = of(vec![list(65)]).expect_err("too many roles");
    assert!(found[0].ends_with("is a list of 65: at most 64 roles are allowed"));
    for lists in [vec![list(64); 17], vec![list(1); 257]] {
        let found = of(lists).expect_err("too many");
        assert!(found[0].ends_with("at most 256 lists with 1024 roles in all are allowed"));
    }
}

#[test]
fn the_three_modes_of_roles() {
    let list = json!([role("tank", 1, 1), {"name": "dps", "max": 4}]);
    let read = |min, max: u32| {
        let role = |name: &'static str, min, max| Role {
            name: name.into(),
            min,
            max,
        };
        RoleList(vec![role("tank", 1, 1), role("dps", min, max)])
    };
    let of = |lists: Value| roles(combined([2, 2, 5, 5], json!({"alliances": lists})));
    assert_eq!(of(json!([])), Roles::Unique);
    assert_eq!(of(Value::Null), Roles::Unique);
    assert_eq!(of(json!([list])), Roles::Single(read(0, 4)));
    let other = json!([role("tank", 1, 1), role("dps", 3, 4)]);
    let multi = Roles::Multi(vec![read(0, 4), read(3, 4)]);
    assert_eq!(of(json!([list, other])), multi);
    for off in [
        Value::Null,
        json!({}),
        json!([]),
        json!({"has_combination": false}),
    ] {
        let ruleset = json!({"alliance": with(teams([1, 1, 1, 1]), "combination", off)});
        assert_eq!(roles(ruleset), Roles::Off);
    }
}

#[test]
fn role_flexing_has_an_effect_only_with_all_its_parts() {
    let of = |second: u32, player: u32, lists: Value| {
        let combination = json!({"alliances": lists, "role_flexing_enable": true,
            "role_flexing_second": second, "role_flexing_player": player});
        let (layouts, warnings) = read(combined([1, 1, 1, 1], combination)).expect("right");
        (layouts.0.role_flexing, warnings)
    };
    let list = || json!([[role("a", 0, 1)]]);
    let flexing = RoleFlexing {
        period_ms: 60_000,
        players: 2,
    };
    assert_eq!(of(60, 2, list()), (Some(flexing), Vec::new()));
    let path = "`alliance.combination.role_flexing_enable`: has no effect: ";
    for (second, player, lists, why) in [
        (0, 2, list(), "`role_flexing_second` is 0"),
        (60, 0, list(), "`role_flexing_player` is 0"),
        (60, 2, json!([]), "there are no roles in `alliances`"),
    ] {
        assert_eq!(
            of(second, player, lists),
            (None, vec![format!("{path}{why}")])
        );
    }
}

#[test]
fn flexing_says_all_of_what_holds_from_then_on() {
    let on = json!({"has_combination": true, "alliances": [[role("a", 0, 1)]],
        "role_flexing_enable": true, "role_flexing_second": 5, "role_flexing_player": 1});
    let entry = |seconds: u32, combination: Value| {
        let entry = with(teams([1, 1, 1, 1]), "combination", combination);
        with(entry, "duration", seconds.into())
    };
    let mut ruleset = combined([1, 1, 1, 1], json!({"alliances": [[role("a", 0, 1)]]}));
    ruleset["alliance_flexing_rule"] = json!([entry(30, Value::Null), entry(60, on)]);
    let ((layout, ..), warnings) = read(ruleset).expect("right");
    let on_at = |seconds: i64| layout.stage_at(seconds * 1000 + 1).roles.are_on();
    assert_eq!([29, 30, 60].map(on_at), [true, false, true]);
    assert_eq!(layout.role_flexing, None, "that of an entry has no effect");
    assert_eq!(
        warnings,
        [
            "`alliance_flexing_rule[0]`: has no `combination`, so roles are off after 30 s",
            "`alliance_flexing_rule[1].combination.role_flexing_enable`: has no effect in a flexing \
             entry: that of `alliance` counts",
        ]
    );
}

#[test]
fn warnings_of_roles() {
    let list = json!([role("Tank", 1, 1), role("dps", 0, 0)]);
    let found = warnings(combined([2, 2, 1, 5], json!({"alliances": [list, list]})));
    let at = "`alliance.combination.alliances";
    let each = |list: usize| {
        [
            format!("{at}[{list}][0].name`: is not in lower case: AGS's own matchmaker refuses it"),
            format!("{at}[{list}][1].max`: is 0, so nobody plays the role"),
        ]
    };
    let same = format!("{at}`: all lists are equal; one list does the same");
    let expected: Vec<String> = each(0).into_iter().chain(each(1)).chain([same]).collect();
    assert_eq!(found, expected);
    // With places that may stay empty, one list does not do the same.
    let list = json!([role("dps", 0, 5)]);
    let found = warnings(combined([1, 2, 1, 5], json!({"alliances": [list, list]})));
    assert_eq!(found, Vec::<String>::new());
    let off = json!({"alliances": [[role("a", 0, 1)]]});
    let ruleset = json!({"alliance": with(teams([1, 1, 1, 1]), "combination", off)});
    let text = "`alliance.combination.has_combination`: is not true, so the roles of `alliances` have no effect";
    assert_eq!(warnings(ruleset), [text]);
    let misplaced = with(teams([1, 1, 1, 1]), "matching_rule", json!([]));
    let text = "`alliance.matching_rule`: has no effect here; it belongs beside `alliance`";
    assert_eq!(warnings(json!({"alliance": misplaced})), [text]);
}

#[test]
fn modes_example_16() {
    let found = faults(json!({"sub_game_modes": {
        "duel": {"name": "Duel", "alliance": teams([2, 1, 1, 1])},
        "": {}
    }}));
    let expected = [
        "`sub_game_modes.\"\"` is {}: names have 1 to 64 characters",
        "`sub_game_modes.\"\".alliance` is missing: a mode has to have it",
        "`sub_game_modes.duel.name` is \"Duel\": it has to be duel, the key, or be left out",
        "`sub_game_modes.duel.alliance.min_number` is 2: it may not be more than \
         `sub_game_modes.duel.alliance.max_number`, which is 1",
    ];
    assert_eq!(found, expected);
}

#[test]
fn modes_have_a_bound_and_a_type() {
    let many = |count: usize| {
        let mode = |at| {
            (
                format!("m{at}"),
                json!({"alliance": teams([1, 1, 1, at + 1])}),
            )
        };
        let count = u32::try_from(count).expect("few");
        let modes: Map<String, Value> = (0..count).map(mode).collect();
        json!({"sub_game_modes": modes})
    };
    let ((_, modes, _), _) = read(many(MAX_MODES)).expect("right");
    assert_eq!(modes.len(), MAX_MODES);
    assert!(modes.is_sorted_by(|a, b| a.name < b.name));
    let text = "`sub_game_modes` is an object of 65: at most 64 entries are allowed";
    assert_eq!(faults(many(MAX_MODES + 1)), [text]);
    for wrong in [json!("duel"), json!(["duel"]), json!([])] {
        let text = format!("`sub_game_modes` is {wrong}: it has to be an object of modes by name");
        assert_eq!(faults(json!({"sub_game_modes": wrong})), [text]);
    }
    let selection = json!({"alliance": teams([1, 1, 1, 1]), "sub_gamemode_selection": "Random"});
    let text = "`sub_gamemode_selection` is \"Random\": allowed are random, ticketOrder";
    assert_eq!(faults(selection), [text]);
}

#[test]
fn the_root_has_no_effect_beside_modes() {
    let duel = json!({"alliance": teams([2, 2, 1, 1])});
    let of = |alliance: Value| {
        let modes = json!({"duel": duel});
        warnings(json!({"alliance": alliance, "sub_game_modes": modes}))
    };
    assert_eq!(of(Value::Null), Vec::<String>::new());
    assert_eq!(of(teams([1, 1, 1, 1])), Vec::<String>::new());
    assert_eq!(of(teams([2, 2, 1, 1])), Vec::<String>::new());
    let text = "`alliance`: has no effect with `sub_game_modes`";
    assert_eq!(of(teams([2, 2, 5, 5])), [text]);
    let off = json!({"alliance": teams([1, 1, 1, 1]), "sub_game_modes": {"duel": duel},
        "use_sub_gamemode": false});
    let ((_, modes, _), found) = read(off).expect("right");
    assert!(modes.is_empty());
    let text = "`use_sub_gamemode`: is false, so `sub_game_modes` has no effect";
    assert_eq!(found, [text]);
}

#[test]
fn warnings_of_modes() {
    let duel = || json!({"alliance": teams([2, 2, 1, 1])});
    let modes = json!({"Duel": duel(), "twin": duel()});
    let found = warnings(json!({"sub_game_modes": modes}));
    let expected = [
        "`sub_game_modes.Duel`: has a name that is not in lower case: AGS's own matchmaker refuses it",
        "`sub_game_modes.twin`: has the same teams as `Duel`: tickets that accept both are split for nothing",
    ];
    assert_eq!(found, expected);
}
