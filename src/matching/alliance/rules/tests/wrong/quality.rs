//! Of `quality`.

use super::Row;
use super::SeenBy::{Both, Parser};

pub(super) const QUALITY: &[Row] = &[
    (
        r#"{"quality": [1]}"#,
        Both,
        "`quality` is [1]: it has to be an object",
    ),
    (
        r#"{"quality": {"improve": 1}}"#,
        Both,
        "`quality.improve` is 1: allowed are true and false",
    ),
    (
        r#"{"quality": {"hold": {"until_s": 60}}}"#,
        Both,
        "`quality.hold.point_per_second` is missing: it says for one attribute of a matching rule, or more, what a second of waiting is worth",
    ),
    (
        r#"{"quality": {"hold": {"point_per_second": {}}}}"#,
        Both,
        "`quality.hold.point_per_second` is {}: it says for one attribute of a matching rule, or more, what a second of waiting is worth",
    ),
    (
        r#"{"quality": {"hold": {"point_per_second": {"mmr": 1}}}}"#,
        Parser,
        "`quality.hold.point_per_second.mmr` is 1: no matching rule of `distance` has that attribute",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}], "quality": {"hold": {"point_per_second": {"mmr": 0}}}}"#,
        Both,
        "`quality.hold.point_per_second.mmr` is 0: allowed are numbers above 0, to 1e9",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}], "quality": {"hold": {"point_per_second": {"mmr": 1}, "until_s": 3601}}}"#,
        Both,
        "`quality.hold.until_s` is 3601: allowed are whole numbers from 0 to 3600",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}], "quality": {"hold": {"point_per_second": {"mmr": 1}, "tick_s": 0}}}"#,
        Both,
        "`quality.hold.tick_s` is 0: allowed are numbers above 0, to 600",
    ),
    (
        r#"{"quality": {"rating": {"mmr": {"scale": 0}}}}"#,
        Both,
        "`quality.rating.mmr.scale` is 0: allowed are numbers above 0",
    ),
    (
        r#"{"quality": {"rating": {"mmr": {"deviation": ""}}}}"#,
        Both,
        "`quality.rating.mmr.deviation` is \"\": allowed are texts of 1 to 64 characters",
    ),
    (
        r#"{"quality": {"rating": {"mmr": {"scale": 400}}, "win_chance_max": 0.5}}"#,
        Both,
        "`quality.win_chance_max` is 0.5: allowed are numbers above 0.5, to 1: the stronger of two teams never has less",
    ),
    (
        r#"{"quality": {"win_chance_max": 0.6}}"#,
        Parser,
        "`quality.win_chance_max` is 0.6: it needs `rating`, with the `scale` of an attribute",
    ),
    (
        r#"{"quality": {"premade_gap_max": -1}}"#,
        Both,
        "`quality.premade_gap_max` is -1: {NUMBERS}",
    ),
    (
        r#"{"quality": {"premade_gap_max": 1, "relax_from_s": 9, "relax_until_s": 5}}"#,
        Parser,
        "`quality.relax_from_s` is 9: it may not be more than `quality.relax_until_s`, which is 5",
    ),
];
