//! Reading `quality` (docs/quality.md, "Keys").

use serde_json::Value;

use super::super::quality::{Hold, Quality, RatingRule, Relaxing};
use super::super::{DistanceRule, ids};
use super::MAX_RULES;
use crate::matching::rules::{Lint, Object};

/// `hold.until_s` and `hold.tick_s` unless the ruleset says otherwise.
const UNTIL_S: u32 = 60;
const TICK_S: f64 = 10.0;

/// Their maxima, in s.
const MAX_UNTIL_S: u32 = 3600;
const MAX_TICK_S: f64 = 600.0;

/// Reads the key; `None` without it.
pub(super) fn quality(root: &mut Object<'_>, distances: &[DistanceRule]) -> Option<Quality> {
    root.inner("quality", |object| {
        let improve = object.flag("improve").unwrap_or(false);
        let hold = object.inner("hold", |hold| read_hold(hold, distances));
        let ratings = ratings(object, distances);
        let win_chance_max = win_chance(object, &ratings);
        let premade_gap_max = object.whole("premade_gap_max", 0);
        let relaxing = relaxing(
            object,
            win_chance_max.is_some() || premade_gap_max.is_some(),
        );
        Quality {
            improve,
            hold: hold.flatten(),
            ratings,
            win_chance_max,
            premade_gap_max,
            relaxing,
        }
    })
}

fn read_hold(object: &mut Object<'_>, distances: &[DistanceRule]) -> Option<Hold> {
    let until_s = object.whole("until_s", 0);
    if let Some(until_s) = until_s.filter(|until_s| *until_s > MAX_UNTIL_S) {
        let allowed = format!("allowed are whole numbers from 0 to {MAX_UNTIL_S}");
        object.fault("until_s", &until_s.into(), allowed);
    }
    let tick_s = object.number("tick_s", MAX_TICK_S);
    if tick_s == Some(0.0) {
        let allowed = format!("allowed are numbers above 0, to {MAX_TICK_S}");
        object.fault("tick_s", &0.into(), allowed);
    }
    let allowed = || {
        "it says for one attribute of a matching rule, or more, what a second of waiting is worth"
            .to_owned()
    };
    if !object.require("point_per_second", allowed) {
        return None;
    }
    let rates = object.map("point_per_second")?;
    if rates.is_empty() {
        object.fault("point_per_second", &Value::Object(rates), allowed());
        return None;
    }
    let mut exchange = Vec::new();
    for (attribute, value) in rates {
        let path = format!("point_per_second.{attribute}");
        let Some(place) = measured(distances, &attribute) else {
            object.fault(
                &path,
                &value,
                "no matching rule of `distance` has that attribute",
            );
            continue;
        };
        match value.as_f64().filter(|rate| *rate > 0.0 && *rate <= 1e9) {
            Some(rate) => exchange.push((place, rate)),
            None => object.fault(&path, &value, "allowed are numbers above 0, to 1e9"),
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most ten minutes")]
    let tick_ms = (tick_s.unwrap_or(TICK_S) * 1e3).round() as i64;
    Some(Hold {
        exchange,
        until_ms: i64::from(until_s.unwrap_or(UNTIL_S)) * 1000,
        tick_ms: tick_ms.max(1),
    })
}

fn ratings(object: &mut Object<'_>, distances: &[DistanceRule]) -> Vec<RatingRule> {
    let Some(fields) = object.map("rating") else {
        return Vec::new();
    };
    let read = object.each_named("rating", fields, MAX_RULES, |_, rating| {
        let deviation = rating
            .has("deviation")
            .then(|| rating.required_name("deviation"));
        let scale = rating.number("scale", f64::INFINITY);
        if scale == Some(0.0) {
            rating.fault("scale", &0.into(), "allowed are numbers above 0");
        }
        (deviation.flatten(), scale)
    });
    let mut ratings = Vec::with_capacity(read.len());
    for (attribute, path, (deviation, scale)) in read {
        if deviation.is_some() && measured(distances, &attribute).is_none() {
            let text = "has no effect: no matching rule of `distance` has that attribute";
            let path = format!("{path}.deviation");
            object.report().warn_as(Lint::NO_EFFECT, path, text);
        }
        ratings.push(RatingRule {
            attribute,
            deviation,
            scale,
        });
    }
    ratings
}

fn win_chance(object: &mut Object<'_>, ratings: &[RatingRule]) -> Option<f64> {
    let max = object.number("win_chance_max", 1.0)?;
    if max <= 0.5 {
        let allowed =
            "allowed are numbers above 0.5, to 1: the stronger of two teams never has less";
        object.fault("win_chance_max", &max.into(), allowed);
        return None;
    }
    if ratings.iter().all(|rating| rating.scale.is_none()) {
        let allowed = "it needs `rating`, with the `scale` of an attribute";
        object.fault("win_chance_max", &max.into(), allowed);
        return None;
    }
    Some(max)
}

fn relaxing(object: &mut Object<'_>, has_maxima: bool) -> Option<Relaxing> {
    let from_s = object.whole("relax_from_s", 0);
    let until_s = object.whole("relax_until_s", 1);
    let (from, until) = ("relax_from_s", "relax_until_s");
    object.at_most((from, from_s), (until, until_s));
    if from_s.is_some() && until_s.is_none() {
        object.warn_as(
            Lint::NO_EFFECT,
            from,
            "has no effect without `relax_until_s`",
        );
    }
    if until_s.is_some() && !has_maxima {
        let text = "has no effect without `win_chance_max` and `premade_gap_max`";
        object.warn_as(Lint::NO_EFFECT, until, text);
    }
    if until_s.is_none() && has_maxima {
        let text =
            "has maxima that hold at any age: without `relax_until_s` a ticket may wait for ever";
        object.warn_of_itself(ids::QUALITY_FOREVER, text);
    }
    let (from_s, until_s) = (from_s.unwrap_or(0), until_s?);
    let ms = |seconds| i64::from(seconds) * 1000;
    Some(Relaxing {
        from_ms: ms(from_s),
        // Equal ones are a step.
        until_ms: ms(until_s).max(ms(from_s) + 1),
    })
}

/// The place of the rule that measures an attribute.
fn measured(distances: &[DistanceRule], attribute: &str) -> Option<usize> {
    let of_attribute = |rule: &DistanceRule| rule.is_distance() && *rule.attribute == *attribute;
    distances.iter().position(of_attribute)
}
