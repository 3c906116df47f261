use super::*;
use crate::matching::rules::object;

/// The faults of a ruleset, as a client sees them.
fn faults<R: std::fmt::Debug>(json: &str, rules: impl FnOnce(&mut Object<'_>) -> R) -> Vec<String> {
    match read(object(json).expect("an object"), rules) {
        Err(RulesError::Invalid(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("not told as a fault: {other:?}"),
    }
}

#[test]
fn reading_goes_on_after_a_fault() {
    let found = faults(
        r#"{"size": 0, "ranked": "yes", "mode": "duel", "weight": -1, "extra": []}"#,
        |ruleset| {
            assert_eq!(ruleset.whole("size", 1), None);
            assert_eq!(ruleset.flag("ranked"), None);
            assert_eq!(ruleset.choice("mode", &[("solo", 1), ("", 0)]), None);
            assert_eq!(ruleset.number("weight", 1.0), None);
            assert_eq!(ruleset.map("extra"), None);
        },
    );
    assert_eq!(
        found,
        [
            "`size` is 0: allowed are whole numbers from 1 to 2147483647",
            "`ranked` is \"yes\": allowed are true and false",
            "`mode` is \"duel\": allowed are solo",
            "`weight` is -1: allowed are numbers from 0 to 1",
            "`extra` is []: it has to be an object",
        ]
    );
}

#[test]
fn what_is_required_may_not_be_missing() {
    let found = faults(r#"{"name": null, "size": null}"#, |ruleset| {
        let name = ruleset.required_name("name");
        let size = ruleset.required_whole("size", 0);
        let mode = ruleset.required_choice("mode", &[("solo", 1), ("duel", 2)]);
        assert_eq!((name, size, mode), (None, None, None));
    });
    assert_eq!(
        found,
        [
            "`name` is missing: allowed are texts of 1 to 64 characters",
            "`size` is missing: allowed are whole numbers from 0 to 2147483647",
            "`mode` is missing: allowed are solo, duel",
        ]
    );
}

#[test]
fn fields_of_inner_objects_are_told_with_their_path() {
    let json =
        r#"{"bands": [{"from": 5, "to": 3}, 7, {"from": 1, "to": 3}], "region": {"max": "x"}}"#;
    let found = faults(json, |ruleset| {
        let bands = ruleset.each("bands", 3, |band| {
            let (from, to) = (band.required_whole("from", 0), band.whole("to", 0));
            band.at_most(("from", from), ("to", to));
            from
        });
        assert_eq!(
            bands,
            [("bands[0]".to_owned(), 5), ("bands[2]".to_owned(), 1)]
        );
        assert_eq!(ruleset.each("missing", 3, |_| Some(())), []);
        assert_eq!(
            ruleset.inner("region", |region| region.whole("max", 0)),
            Some(None)
        );
    });
    assert_eq!(
        found,
        [
            "`bands[0].from` is 5: it may not be more than `bands[0].to`, which is 3",
            "`bands[1]` is 7: it has to be an object",
            "`region.max` is \"x\": allowed are whole numbers from 0 to 2147483647",
        ]
    );
}

#[test]
fn a_list_has_a_maximum() {
    let found = faults(r#"{"bands": [{}, {}], "modes": {}}"#, |ruleset| {
        assert_eq!(ruleset.each("bands", 1, |_| Some(())), []);
        assert_eq!(ruleset.each("modes", 1, |_| Some(())), []);
    });
    assert_eq!(
        found,
        [
            "`bands` is a list of 2: at most 1 entries are allowed",
            "`modes` is {}: it has to be a list of objects",
        ]
    );
}

#[test]
fn what_is_not_taken_is_warned_of() {
    let json = r#"{"Size": 2, "sizes": 3, "region": {"max": 1}, "old": 4, "older": null}"#;
    let parsed = read(object(json).unwrap(), |ruleset| {
        ruleset.ignore(Lint::NO_EFFECT, &["old", "older"], "has no effect any more");
        ruleset.inner("region", |region| region.warn("max", "is small"));
        ruleset.whole("size", 0)
    });
    let parsed = parsed.expect("no fault");
    assert_eq!(parsed.rules, Some(2));
    let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`old`: has no effect any more",
            "`region.max`: is small",
            "`region.max`: is not a key of a ruleset",
            "`sizes`: is not a key of a ruleset; `size` was probably meant",
        ]
    );
}

#[test]
fn what_is_not_supported_is_told_apart_only_if_all_else_is_right() {
    let rules = |ruleset: &mut Object<'_>| {
        if let Some(roles) = ruleset.take("roles") {
            ruleset.unsupported("roles", &roles, "roles are not matched by");
        }
        ruleset.whole("size", 0)
    };
    let error = read(object(r#"{"roles": 1}"#).unwrap(), rules).unwrap_err();
    let text = "`roles` is 1: roles are not matched by";
    assert!(matches!(error, RulesError::Unsupported(_)), "{error:?}");
    assert_eq!(error.to_string(), text);
    let found = faults(r#"{"roles": 1, "size": "x"}"#, rules);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1], text);
}
