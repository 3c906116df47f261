//! The population that a ruleset is made for.

use serde_json::{Map, Value};

use super::{Choice, Parties, Population};
use crate::matching::Text;

/// Maximum size of a made-up team, however large the ruleset's are.
const MAX_TEAM: u32 = 8;

/// Maximum number of teams of a made-up session.
const MAX_TEAMS: u32 = 8;

/// Values of an option that no two tickets of a match may share.
const MANY_VALUES: u32 = 64;

/// The population of two rulesets that are to be compared: whoever one of them is made for.
pub fn of_rulesets(first: &str, second: Option<&str>) -> Population {
    let mut population = of_ruleset(first);
    let Some(second) = second.map(of_ruleset) else {
        return population;
    };
    population.teams = population.teams.max(second.teams);
    population.team_size = population.team_size.max(second.team_size);
    population.parties = Parties::up_to(population.team_size);
    add_new(&mut population.attributes, second.attributes);
    add_new(&mut population.ticket_attributes, second.ticket_attributes);
    add_new(&mut population.roles.weights, second.roles.weights);
    add_new(&mut population.modes, second.modes);
    population
}

/// Adds what is not there yet.
fn add_new<T>(all: &mut Vec<(Text, T)>, others: Vec<(Text, T)>) {
    for (name, other) in others {
        if all.iter().all(|(known, _)| *known != name) {
            all.push((name, other));
        }
    }
}

/// A population with the teams and attributes of a ruleset; solo players with an `mmr` where it has
/// none. Faults of the ruleset are reported by the server.
pub fn of_ruleset(rules: &str) -> Population {
    let rules: Value = serde_json::from_str(rules).unwrap_or_default();
    let modes = field(&rules, "sub_game_modes").as_object();
    let modes = modes.filter(|_| field(&rules, "use_sub_gamemode") != &Value::Bool(false));
    let modes: Vec<(&String, &Value)> = modes.into_iter().flatten().collect();
    // Where modes bring their own teams, these count.
    let alliances: Vec<&Value> = match modes.is_empty() {
        true => vec![field(&rules, "alliance")],
        false => modes
            .iter()
            .map(|(_, mode)| field(mode, "alliance"))
            .collect(),
    };
    let largest = |max, name| {
        let numbers = alliances.iter().map(|one| at_most(max, field(one, name)));
        numbers.max().unwrap_or(1)
    };
    let mut skills: Vec<Text> = Vec::new();
    for rule in list(field(&rules, "matching_rule")) {
        if let Some(name) = field(rule, "attribute").as_str()
            && skills.iter().all(|other| other != name)
        {
            skills.push(name.into());
        }
    }
    if skills.is_empty() {
        skills.push("mmr".into());
    }
    let teams = largest(MAX_TEAMS, "max_number");
    let team_size = largest(MAX_TEAM, "player_max_number");
    let mut population = Population::of_size(teams, team_size, skills);
    population.roles.weights = roles(&alliances);
    population.modes = modes
        .iter()
        .map(|(name, _)| (name.as_str().into(), 1))
        .collect();
    population.ticket_attributes = options(&rules);
    population
}

/// Whether the matches of a ruleset ask for players who are missing.
pub fn has_auto_backfill(rules: &str) -> bool {
    let rules: Value = serde_json::from_str(rules).unwrap_or_default();
    field(&rules, "auto_backfill") == &Value::Bool(true)
}

/// What tickets say of the options: `any` one or two of three values, `all` one of two, `unique` one of
/// as many as there can be. Platforms are named by the attribute of their own.
fn options(rules: &Value) -> Vec<(Text, Choice)> {
    let mut options: Vec<(Text, Choice)> = Vec::new();
    for option in list(field(field(rules, "match_options"), "options")) {
        let Some(name) = field(option, "name").as_str() else {
            continue;
        };
        let (values, number) = match field(option, "type").as_str() {
            Some("any") => (3, (1, 2)),
            Some("all") => (2, (1, 1)),
            Some("unique") => (MANY_VALUES, (1, 1)),
            _ => continue,
        };
        if name == "cross_platform" || options.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let values = (1..=values).map(|number| (format!("{name}-{number}").into(), 1));
        let values = values.collect();
        options.push((name.into(), Choice { values, number }));
    }
    options
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The roles of all lists, each once. Players ask for each as often as teams take it at most.
fn roles(alliances: &[&Value]) -> Vec<(Text, u64)> {
    let mut roles: Vec<(Text, u64)> = Vec::new();
    let combinations = alliances
        .iter()
        .map(|alliance| field(alliance, "combination"));
    let on = combinations.filter(|one| field(one, "has_combination") == &Value::Bool(true));
    let lists = on.flat_map(|one| field(one, "alliances").as_array().into_iter().flatten());
    for role in lists.flat_map(|list| list.as_array().into_iter().flatten()) {
        let Some(name) = field(role, "name").as_str() else {
            continue;
        };
        let share = at_most(MAX_TEAM, field(role, "max")).into();
        match roles.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += share,
            None => roles.push((name.into(), share)),
        }
    }
    roles
}

/// A number of the ruleset, from 1 to `max`; 1 if it is not a number.
fn at_most(max: u32, number: &Value) -> u32 {
    let number = number.as_u64().unwrap_or(1).clamp(1, max.into());
    u32::try_from(number).unwrap_or(max)
}

/// A field in any spelling of upper and lower case, as the server reads it.
fn field<'v>(object: &'v Value, name: &str) -> &'v Value {
    let fields = object.as_object();
    let any = |fields: &'v Map<String, Value>| {
        fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    fields
        .and_then(|fields| fields.get(name).or_else(|| any(fields)))
        .unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<T>(all: &[(Text, T)]) -> Vec<&str> {
        all.iter().map(|(name, _)| &**name).collect()
    }

    #[test]
    fn teams_and_attributes_come_from_the_ruleset() {
        let fives = r#"{"Alliance": {"min_number": 2, "max_number": 2,
            "player_min_number": 5, "PLAYER_MAX_NUMBER": 5},
            "matching_rule": [{"attribute": "mmr"}, {"attribute": "level"}, {"attribute": "mmr"}]}"#;
        let fives = of_ruleset(fives);
        assert_eq!((fives.teams, fives.team_size), (2, 5));
        assert_eq!(names(&fives.attributes), ["mmr", "level"]);
        for plain in ["", "{}", "{", r#"{"alliance": 3, "matching_rule": 4}"#] {
            let solos = of_ruleset(plain);
            assert_eq!((solos.teams, solos.team_size), (1, 1), "{plain}");
            assert_eq!(names(&solos.attributes), ["mmr"], "{plain}");
        }
        let huge = r#"{"alliance": {"max_number": 99, "player_max_number": 2147483647}}"#;
        let huge = of_ruleset(huge);
        assert_eq!((huge.teams, huge.team_size), (MAX_TEAMS, MAX_TEAM));
    }

    #[test]
    fn roles_and_modes_come_from_the_ruleset() {
        let raid = r#"{"alliance": {"player_max_number": 9}, "sub_game_modes": {
            "duel": {"alliance": {"max_number": 2, "player_max_number": 1}},
            "raid": {"alliance": {"max_number": 1, "player_max_number": 5, "combination": {
                "has_combination": true, "alliances": [
                    [{"name": "tank", "min": 1, "max": 1}, {"name": "dps", "min": 1, "max": 3}],
                    [{"name": "dps", "min": 1, "max": 2}, 7]
                ]}}}}}"#;
        let raid = of_ruleset(raid);
        assert_eq!((raid.teams, raid.team_size), (2, 5));
        assert_eq!(raid.roles.weights, [("tank".into(), 1), ("dps".into(), 5)]);
        assert_eq!(names(&raid.modes), ["duel", "raid"]);
        let off = r#"{"sub_game_modes": {"duel": {}}, "use_sub_gamemode": false,
            "alliance": {"combination": {"alliances": [[{"name": "tank"}]]}}}"#;
        let off = of_ruleset(off);
        assert_eq!((off.roles.weights.len(), off.modes.len()), (0, 0));
    }
}
