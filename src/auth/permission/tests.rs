use serde_json::Value;

use super::{Actions, Permission, fill_placeholders, resource_covers};
use crate::auth::testing::vectors;

/// The studio of a game in the `namespace_contexts` of a vector file.
fn studio_in(contexts: &Value) -> impl FnMut(&str) -> Option<String> {
    move |namespace| {
        let context = contexts.get(namespace)?;
        (context["type"] == "Game")
            .then(|| context["studioNamespace"].as_str().map(str::to_owned))?
    }
}

fn wanted(row: &Value) -> bool {
    row.get("recommended")
        .unwrap_or(&row["match"])
        .as_bool()
        .expect("an answer")
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().expect(field)
}

fn bits(value: &Value) -> Actions {
    Actions(
        value
            .as_u64()
            .and_then(|bits| bits.try_into().ok())
            .expect("action bits"),
    )
}

#[test]
fn resource_vectors() {
    let file = vectors("permissions");
    let rows = file["resource_cases"].as_array().expect("rows");
    for row in rows {
        let mut known = studio_in(&file["namespace_contexts"]);
        let mut studio_of = |namespace: &str| {
            if row["contexts"] == true {
                known(namespace)
            } else {
                None
            }
        };
        assert_eq!(
            resource_covers(
                text(row, "resource"),
                text(row, "expected_resource"),
                &mut studio_of
            ),
            wanted(row),
            "{row}"
        );
    }
    assert_eq!(rows.len(), 308);
}

#[test]
fn action_vectors() {
    let file = vectors("permissions");
    let rows = file["action_cases"].as_array().expect("rows");
    for row in rows {
        let covered = bits(&row["action"]).cover(bits(&row["expected_action"]));
        assert_eq!(covered, wanted(row), "{row}");
    }
    assert_eq!(rows.len(), 264);
}

#[test]
fn permission_list_vectors() {
    let file = vectors("permissions");
    let rows = file["permission_list_cases"].as_array().expect("rows");
    for row in rows {
        let required = Permission {
            resource: text(row, "resource").to_owned(),
            actions: bits(&row["action"]),
        };
        let granted = row["permissions"]
            .as_array()
            .expect("permissions")
            .iter()
            .any(|entry| {
                let granted = Permission {
                    resource: text(entry, "Resource").to_owned(),
                    actions: bits(&entry["Action"]),
                };
                granted.covers(&required, &mut studio_in(&file["namespace_contexts"]))
            });
        assert_eq!(granted, wanted(row), "{row}");
    }
    assert_eq!(rows.len(), 60);
}

/// The namespace the SDK fills in under `cross_allowed`, a switch that nothing ever sets and that
/// this project does not have: the namespace of the token stands in where a publisher is involved.
fn effective_namespace(row: &Value) -> Option<&str> {
    let field = |name: &str| row[name].as_str();
    let (namespace, token, publisher) = (
        field("namespace"),
        field("token_namespace"),
        field("publisher_namespace"),
    );
    let one_is_the_publisher = namespace == publisher || token == publisher;
    if row["cross_allowed"] == true && token.is_some() && one_is_the_publisher {
        return token;
    }
    namespace
}

#[test]
fn placeholder_vectors() {
    let file = vectors("replace_resource");
    let rows = file["cases"].as_array().expect("rows");
    for row in rows {
        let filled = fill_placeholders(
            text(row, "resource"),
            effective_namespace(row),
            row["user_id"].as_str(),
        );
        assert_eq!(filled, text(row, "result"), "{row}");
    }
    assert_eq!(rows.len(), 54);
}

#[test]
fn only_equal_bytes_and_whole_wildcards_match() {
    let mut no_studio = |_: &str| None;
    for (granted, required) in [
        ("NAMESPACE:game:A", "NAMESPACE:game:*"),
        ("NAMESPACE:%2A:A", "NAMESPACE:game:A"),
        ("NAMESPACE:g*:A", "NAMESPACE:game:A"),
        ("namespace:game:A", "NAMESPACE:game:A"),
        ("NAMESPACE:gаme:A", "NAMESPACE:game:A"), // a Cyrillic letter
        ("NAMESPACE:game :A", "NAMESPACE:game:A"),
        ("NAMESPACE::A", "NAMESPACE:game:A"),
        ("NAMESPACE:-:A", "NAMESPACE:game:A"),
        ("", "NAMESPACE:game:A"),
        ("NAMESPACE:*", "NAMESPACE:game:A"),
        ("ADMIN:USER:*", "ADMIN:USER:me:A"),
    ] {
        assert!(
            !resource_covers(granted, required, &mut no_studio),
            "{granted} / {required}"
        );
    }
}

#[test]
fn an_empty_studio_name_covers_nothing() {
    let mut unnamed = |_: &str| Some(String::new());
    assert!(!resource_covers(
        "NAMESPACE:-:A",
        "NAMESPACE:game:A",
        &mut unnamed
    ));
    assert!(!resource_covers(
        "NAMESPACE:lumen-:A",
        "NAMESPACE:game:A",
        &mut unnamed
    ));
}

mod properties {
    use proptest::prelude::*;

    use super::super::resource_covers;

    fn resource() -> impl Strategy<Value = String> {
        let token = prop_oneof![
            "NAMESPACE",
            "USER",
            "game",
            "studio-game",
            r"\*",
            "studio-",
            "-",
            ""
        ];
        prop::collection::vec(token, 1..6).prop_map(|tokens| tokens.join(":"))
    }

    proptest! {
        #[test]
        fn a_resource_covers_itself(resource in resource()) {
            prop_assert!(resource_covers(&resource, &resource, &mut |_| None));
        }

        #[test]
        fn knowing_a_studio_never_takes_a_grant_away(granted in resource(), required in resource()) {
            if resource_covers(&granted, &required, &mut |_| None) {
                let mut studio_of = |_: &str| Some("studio".to_owned());
                prop_assert!(resource_covers(&granted, &required, &mut studio_of));
            }
        }
    }
}
