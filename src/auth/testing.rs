//! What the unit tests of this module share.

use serde_json::Value;

/// One file of golden vectors.
pub(crate) fn vectors(name: &str) -> Value {
    let path = format!(
        "{}/tests/vectors/auth/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
