//! What a field of a ruleset may be, for people.

use super::{MAX_INTEGER, MAX_NAME};

pub(super) fn whole_allowed(min: u32) -> String {
    format!("allowed are whole numbers from {min} to {MAX_INTEGER}")
}

pub(super) fn name_allowed() -> String {
    format!("allowed are texts of 1 to {MAX_NAME} characters")
}

pub(super) fn choices_allowed<T>(choices: &[(&str, T)]) -> String {
    let names: Vec<_> = choices
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !name.is_empty())
        .collect();
    format!("allowed are {}", names.join(", "))
}
