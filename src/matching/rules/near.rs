//! What a key or a name that is not known was probably meant to be.

use super::{Lint, MAX_NAME};

/// What is said of a key of which nothing else is known.
pub(in crate::matching) const NO_KEY: &str = "is not a key of a ruleset";

/// What to say of a key that is none of the known ones.
pub(super) fn unknown(key: &str, known: &[&str]) -> (Lint, String) {
    let text = NO_KEY;
    let plain = letters(key);
    if let Some(same) = known.iter().find(|known| letters(known) == plain) {
        return (Lint::CAMEL_CASE, format!("{text}; it is spelled `{same}`"));
    }
    let near = nearest(key, known).or_else(|| of_same_words(key, known));
    let text = match near {
        Some(near) => format!("{text}; `{near}` was probably meant"),
        None => text.to_owned(),
    };
    (Lint::UNKNOWN_KEY, text)
}

/// The longest key that is compared with known ones.
const MAX_COMPARED: usize = 2 * MAX_NAME;

/// The known name that differs least from one in its letters, if that is in few.
pub(in crate::matching) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    if name.len() > MAX_COMPARED {
        return None;
    }
    let plain = &letters(name);
    // A quarter of the letters may be wrong: `min` is not near to `max`.
    let by_letters =
        |known: &&'k str| (strsim::damerau_levenshtein(plain, &letters(known)), *known);
    let near = known.iter().map(by_letters);
    let near = near.filter(|(wrong, known)| *wrong <= (known.len() / 4).min(3));
    near.min().map(|(_, known)| known)
}

/// The known key that has all words of one, if that has at least two: `max_players` is meant to be
/// `player_max_number`.
fn of_same_words<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let words = |key: &str| -> Vec<String> {
        let words = key.split('_').filter(|word| !word.is_empty());
        let singular = |word: &str| word.to_lowercase().trim_end_matches('s').to_owned();
        words.map(singular).collect()
    };
    let asked = words(key);
    if asked.len() < 2 || key.len() > MAX_COMPARED {
        return None;
    }
    let mut all = known.iter().copied();
    all.find(|known| {
        let known = words(known);
        asked.iter().all(|word| known.contains(word))
    })
}

/// A key without case and underscores.
pub(in crate::matching) fn letters(key: &str) -> String {
    key.chars()
        .filter(|char| *char != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &[
        "matching_rule",
        "player_max_number",
        "min",
        "max",
        "isForBalancing",
    ];

    #[test]
    fn what_is_near_is_named() {
        for (key, meant) in [
            ("matching_rules", "matching_rule"),
            ("MatchingRulez", "matching_rule"),
            ("matchnig_rule", "matching_rule"),
            ("max_players", "player_max_number"),
            ("is_for_balance", "isForBalancing"),
        ] {
            let (lint, text) = unknown(key, KNOWN);
            assert_eq!(lint, Lint::UNKNOWN_KEY, "{key}");
            let expected = format!("is not a key of a ruleset; `{meant}` was probably meant");
            assert_eq!(text, expected, "{key}");
        }
        let (lint, text) = unknown("matchingRule", KNOWN);
        assert_eq!(lint, Lint::CAMEL_CASE);
        assert!(text.ends_with("it is spelled `matching_rule`"), "{text}");
    }

    #[test]
    fn what_is_far_is_not() {
        let long = "x".repeat(10_000);
        for key in ["mix", "studio", "", "_", "number_of_all", &long] {
            let (_, text) = unknown(key, KNOWN);
            assert_eq!(text, "is not a key of a ruleset", "{key}");
        }
    }
}
