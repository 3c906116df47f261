//! What one player asks for.

use std::borrow::Cow;

use super::{ANY, ROLE, ROLES};
use crate::matching::{Attributes, Value};

/// Maximum number of roles that are read of one player: as many as a list of a ruleset may have.
const MAX_ASKED: usize = 64;

/// The roles that a player asks for (docs/semantics.md, "Roles").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::matching::alliance) struct AskedRoles<'v> {
    /// The names in order of preference, each once, with their places in the player's list.
    pub(in crate::matching::alliance) names: Vec<(Cow<'v, str>, u32)>,
    /// The place of `any`, if the player takes any role besides.
    pub(in crate::matching::alliance) any: Option<u32>,
}

impl<'v> AskedRoles<'v> {
    /// Reads the attributes of a player: `role`, or `roles` where that is absent or null. At most
    /// 64 roles. O(length of the value).
    pub(in crate::matching::alliance) fn of(attributes: &'v Attributes) -> Self {
        let says = |name| attributes.get(name).filter(|value| **value != Value::Null);
        let mut asked = Self::default();
        match says(ROLE).or_else(|| says(ROLES)) {
            Some(Value::Text(text)) => match listed(text) {
                Some(names) => names.into_iter().for_each(|name| asked.add(name.into())),
                None => asked.add((&**text).into()),
            },
            Some(Value::List(values)) => {
                let names = values.iter().filter_map(Value::as_text);
                names.for_each(|name| asked.add(name.into()));
            }
            _ => {}
        }
        asked
    }

    /// How many entries its list has, `any` among them.
    pub(in crate::matching::alliance) fn len(&self) -> u32 {
        // Bounded by MAX_ASKED.
        self.names.len() as u32 + u32::from(self.any.is_some())
    }

    fn add(&mut self, name: Cow<'v, str>) {
        let place = self.len();
        let is_known = self.names.iter().any(|(known, _)| *known == name);
        if name.trim().is_empty() || is_known || place as usize == MAX_ASKED {
            return;
        }
        if name == ANY {
            self.any.get_or_insert(place);
        } else {
            self.names.push((name, place));
        }
    }
}

/// The entries of a text that is a JSON list of texts, as AGS stores lists.
fn listed(text: &str) -> Option<Vec<String>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    /// The names, and the place of `any`, of a player with these attributes.
    fn asked(json: Json) -> (Vec<String>, Option<u32>) {
        let Value::Struct(attributes) = Value::from(&json) else {
            panic!("not an object: {json}")
        };
        let asked = AskedRoles::of(&attributes);
        let names = asked.names.iter().map(|(name, _)| name.to_string());
        (names.collect(), asked.any)
    }

    #[test]
    fn every_form_is_read() {
        let cases = [
            (json!("tank"), vec!["tank"]),
            (json!(r#"["fighter","tank"]"#), vec!["fighter", "tank"]),
            (json!(r#"["fighter""#), vec![r#"["fighter""#]),
            (json!("[1]"), vec!["[1]"]),
            (json!("[]"), vec![]),
            (json!(["fighter", "tank"]), vec!["fighter", "tank"]),
            (json!(["fighter", 1, null]), vec!["fighter"]),
            (json!(["tank", "tank"]), vec!["tank"]),
            (json!([" ", "", "dps"]), vec!["dps"]),
            (json!("Tank "), vec!["Tank "]),
        ];
        for (value, expected) in cases {
            let shown = value.to_string();
            assert_eq!(asked(json!({"role": value})).0, expected, "{shown}");
        }
        for nothing in [
            json!(""),
            json!(" "),
            json!(7),
            json!(true),
            json!({}),
            json!([]),
        ] {
            assert_eq!(
                asked(json!({"role": nothing, "roles": "tank"})),
                (vec![], None)
            );
        }
        assert_eq!(asked(json!({})), (vec![], None));
    }

    #[test]
    fn the_name_that_clients_use_counts_where_the_other_says_nothing() {
        assert_eq!(asked(json!({"roles": ["support"]})).0, ["support"]);
        assert_eq!(asked(json!({"role": null, "roles": "a"})).0, ["a"]);
        assert_eq!(asked(json!({"role": "b", "roles": "a"})).0, ["b"]);
    }

    #[test]
    fn any_makes_a_wildcard_that_keeps_its_names() {
        assert_eq!(asked(json!({"role": "any"})), (vec![], Some(0)));
        assert_eq!(asked(json!({"role": "Any"})), (vec!["Any".into()], None));
        let (names, any) = asked(json!({"role": ["tank", "any", "any", "dps"]}));
        assert_eq!((names.len(), any), (2, Some(1)));
        let attributes = [("role".into(), Value::from(&json!(["tank", "any", "dps"])))];
        let attributes: Attributes = attributes.into_iter().collect();
        let places = AskedRoles::of(&attributes).names;
        assert_eq!(places, [("tank".into(), 0), ("dps".into(), 2)]);
    }

    #[test]
    fn a_player_asks_for_64_roles_at_most() {
        let many: Vec<String> = (0..100).map(|n| format!("r{n}")).collect();
        assert_eq!(asked(json!({"role": many})).0.len(), MAX_ASKED);
    }
}
