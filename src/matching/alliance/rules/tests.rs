use super::testing::rules;

#[test]
fn defaults() {
    let rules = rules(
        r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 5}}"#,
    );
    assert_eq!(rules.regions.rate_ms, 5000);
}
