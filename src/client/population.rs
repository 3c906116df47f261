//! The population that a ruleset is made for.

use serde_json::{Map, Value};

use crate::matching::Text;
use crate::population::Population;

/// Maximum size of a made-up team, however large the ruleset's are.
const MAX_TEAM: u32 = 8;

/// Maximum number of teams of a made-up session.
const MAX_TEAMS: u32 = 8;

/// A population with the teams and attributes of a ruleset; solo players with an `mmr` where it has
/// none. Faults of the ruleset are reported by the server.
pub(super) fn of_ruleset(rules: &str) -> Population {
    let rules: Value = serde_json::from_str(rules).unwrap_or_default();
    let alliance = field(&rules, "alliance");
    let mut skills: Vec<Text> = Vec::new();
    for rule in field(&rules, "matching_rule")
        .as_array()
        .into_iter()
        .flatten()
    {
        if let Some(name) = field(rule, "attribute").as_str()
            && skills.iter().all(|other| other != name)
        {
            skills.push(name.into());
        }
    }
    if skills.is_empty() {
        skills.push("mmr".into());
    }
    Population {
        teams: at_most(MAX_TEAMS, field(alliance, "max_number")),
        team_size: at_most(MAX_TEAM, field(alliance, "player_max_number")),
        skills,
    }
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

    #[test]
    fn teams_and_attributes_come_from_the_ruleset() {
        let fives = r#"{"Alliance": {"min_number": 2, "max_number": 2,
            "player_min_number": 5, "PLAYER_MAX_NUMBER": 5},
            "matching_rule": [{"attribute": "mmr"}, {"attribute": "level"}, {"attribute": "mmr"}]}"#;
        let fives = of_ruleset(fives);
        assert_eq!((fives.teams, fives.team_size), (2, 5));
        assert_eq!(fives.skills, ["mmr", "level"]);
        for plain in ["", "{}", "{", r#"{"alliance": 3, "matching_rule": 4}"#] {
            let solos = of_ruleset(plain);
            assert_eq!((solos.teams, solos.team_size), (1, 1), "{plain}");
            assert_eq!(solos.skills, ["mmr"], "{plain}");
        }
        let huge = r#"{"alliance": {"max_number": 99, "player_max_number": 2147483647}}"#;
        let huge = of_ruleset(huge);
        assert_eq!((huge.teams, huge.team_size), (MAX_TEAMS, MAX_TEAM));
    }
}
