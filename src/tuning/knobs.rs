//! What can be turned in a ruleset: durations, references, steps of regions, weights, and `quality`.

use std::fmt::Write;

use serde_json::{Map, Value, json};

/// By how much a number is turned at most, up or down.
const MOST: f64 = 2.5;

/// The position of a knob that leaves its numbers as they are.
const NEUTRAL: f64 = 0.5;

/// What a second of waiting may be worth, beside the largest reference of the attribute.
const WORTH: (f64, f64) = (0.001, 0.3);

/// For how long matches may be put off, in s.
const UNTIL_S: (f64, f64) = (30.0, 300.0);

/// Matching rules that are turned; more are left as they are.
const MAX_RULES: usize = 4;

/// A number of a ruleset, or several that are turned together.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Knob {
    /// All references of an attribute.
    References(String),
    /// When the references of an attribute change.
    Steps(String),
    /// When the teams change.
    TeamSteps,
    /// How often regions open further, or by how much.
    Region(&'static str, &'static str),
    /// The weight of a matching rule, by its place.
    Weight(usize),
    /// Whether matches are improved, and what a second is worth.
    Worth,
    /// For how long matches are put off.
    Until,
}

/// The knobs of a ruleset.
#[derive(Debug, Clone)]
pub struct Knobs {
    base: Map<String, Value>,
    all: Vec<Knob>,
    /// The first measured attribute with its largest reference.
    measured: Option<(String, f64)>,
    tick_s: f64,
}

impl Knobs {
    /// The knobs of a ruleset, for ticks that many seconds apart.
    pub fn of(base: Map<String, Value>, tick_s: f64) -> Self {
        let mut all = Vec::new();
        let rules = entries(&base, "matching_rule");
        let mut measured: Option<(String, f64)> = None;
        for (place, rule) in rules.iter().enumerate().take(MAX_RULES) {
            let Some(attribute) = attribute(rule) else {
                continue;
            };
            let flexing = entries(&base, "flexing_rule");
            let flexing = flexing
                .iter()
                .filter(|flex| self::attribute(flex) == Some(attribute));
            let references = flexing.clone().chain([rule]).filter_map(reference);
            let largest = references.fold(0.0, f64::max);
            if largest <= 0.0 {
                continue;
            }
            all.push(Knob::References(attribute.to_owned()));
            if flexing.count() > 0 {
                all.push(Knob::Steps(attribute.to_owned()));
            }
            if place > 0 {
                all.push(Knob::Weight(place));
            }
            measured.get_or_insert((attribute.to_owned(), largest));
        }
        if !entries(&base, "alliance_flexing_rule").is_empty() {
            all.push(Knob::TeamSteps);
        }
        let regions = [
            (
                "region_expansion_rate_ms",
                "the time until regions open further",
            ),
            (
                "region_expansion_range_ms",
                "how much further regions open at a time",
            ),
            ("region_latency_rule_weight", "the weight of the latency"),
        ];
        for (key, what) in regions {
            if base
                .get(key)
                .and_then(Value::as_f64)
                .is_some_and(|number| number > 0.0)
            {
                all.push(Knob::Region(key, what));
            }
        }
        if base.contains_key("alliance") {
            all.push(Knob::Worth);
            if measured.is_some() {
                all.push(Knob::Until);
            }
        }
        Self {
            base,
            all,
            measured,
            tick_s,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether nothing can be turned.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Positions that leave all numbers as they are and turn on `quality`: improving alone, then putting off
    /// more and more.
    pub fn with_quality_alone(&self) -> Vec<Vec<f64>> {
        let Some(at) = self.all.iter().position(|knob| *knob == Knob::Worth) else {
            return Vec::new();
        };
        let worths = match self.measured {
            Some(_) => &[0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9][..],
            None => &[0.2],
        };
        let with = |worth: &f64| {
            let mut positions = vec![NEUTRAL; self.all.len()];
            positions[at] = *worth;
            positions
        };
        worths.iter().map(with).collect()
    }

    /// The ruleset with its knobs at these positions, each from 0 to 1, and what is changed by that, a
    /// sentence each.
    pub fn turned(&self, positions: &[f64]) -> (Map<String, Value>, Vec<String>) {
        let (mut ruleset, mut changes) = (self.base.clone(), Vec::new());
        let mut until_s = 60.0;
        let mut worth = None;
        for (knob, position) in self.all.iter().zip(positions) {
            let factor = MOST.powf(2.0 * position - 1.0);
            let is_turned = *position != NEUTRAL;
            match knob {
                Knob::Worth => worth = Some(*position),
                Knob::Until => until_s = between(UNTIL_S, *position),
                _ if !is_turned => {}
                Knob::References(attribute) => {
                    let mut told = Vec::new();
                    for list in ["matching_rule", "flexing_rule"] {
                        turn(&mut ruleset, list, Some(attribute), "reference", |number| {
                            told.push((number, two_digits(number * factor)));
                            two_digits(number * factor)
                        });
                    }
                    note(
                        &mut changes,
                        &format!("the references of {attribute} are"),
                        &told,
                        "",
                    );
                }
                Knob::Steps(attribute) => {
                    let mut told = Vec::new();
                    turn(
                        &mut ruleset,
                        "flexing_rule",
                        Some(attribute),
                        "duration",
                        |number| {
                            told.push((number, seconds(number * factor)));
                            seconds(number * factor)
                        },
                    );
                    note(
                        &mut changes,
                        &format!("the references of {attribute} change after"),
                        &told,
                        " s",
                    );
                }
                Knob::TeamSteps => {
                    let mut told = Vec::new();
                    turn(
                        &mut ruleset,
                        "alliance_flexing_rule",
                        None,
                        "duration",
                        |number| {
                            told.push((number, seconds(number * factor)));
                            seconds(number * factor)
                        },
                    );
                    note(&mut changes, "the teams change after", &told, " s");
                }
                Knob::Region(key, what) => {
                    let number = ruleset.get(*key).and_then(Value::as_f64).unwrap_or(0.0);
                    let turned = match *key {
                        "region_latency_rule_weight" => two_digits(number * factor).min(1000.0),
                        _ => two_digits(number * factor).max(1.0).round(),
                    };
                    ruleset.insert((*key).to_owned(), numeric(turned));
                    let unit = if key.ends_with("_ms") { " ms" } else { "" };
                    note(
                        &mut changes,
                        &format!("{what} is"),
                        &[(number, turned)],
                        unit,
                    );
                }
                Knob::Weight(place) => {
                    let entry = entries_mut(&mut ruleset, "matching_rule").get_mut(*place);
                    if let Some(rule) = entry.and_then(Value::as_object_mut) {
                        let number = rule.get("weight").and_then(Value::as_f64).unwrap_or(1.0);
                        let turned = two_digits(number * factor).min(1000.0);
                        rule.insert("weight".to_owned(), numeric(turned));
                        let what = format!("the weight of matching rule {} is", place + 1);
                        note(&mut changes, &what, &[(number, turned)], "");
                    }
                }
            }
        }
        if let Some(worth) = worth {
            self.quality(&mut ruleset, &mut changes, worth, until_s);
        }
        (ruleset, changes)
    }

    /// Sets `quality`: as it is, then improving alone, then with an exchange rate that falls.
    fn quality(
        &self,
        ruleset: &mut Map<String, Value>,
        changes: &mut Vec<String>,
        position: f64,
        until_s: f64,
    ) {
        const AS_IT_IS: f64 = 0.15;
        const ALONE: f64 = 0.3;
        if position < AS_IT_IS {
            return;
        }
        let mut quality = ruleset
            .get("quality")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        if quality.get("improve") != Some(&json!(true)) {
            changes.push("matches are improved together".to_owned());
        }
        quality.insert("improve".to_owned(), json!(true));
        let was_held = quality.remove("hold").is_some_and(|hold| !hold.is_null());
        match &self.measured {
            Some((attribute, largest)) if position >= ALONE => {
                let share = (position - ALONE) / (1.0 - ALONE);
                // Waiting costs less and less.
                let rate = two_digits(largest * between((WORTH.1, WORTH.0), share));
                let until_s = (until_s / 10.0).round() * 10.0;
                quality.insert(
                    "hold".to_owned(),
                    json!({
                        "point_per_second": {attribute: numeric(rate)},
                        "until_s": numeric(until_s),
                        "tick_s": numeric(self.tick_s),
                    }),
                );
                changes.push(format!(
                    "a match is put off while a better one is expected, a second being worth {rate} of {attribute}, until {until_s} s"
                ));
            }
            _ if was_held => changes.push("nothing is put off any more".to_owned()),
            _ => {}
        }
        ruleset.insert("quality".to_owned(), Value::Object(quality));
    }
}

/// Notes what numbers become, if they change.
fn note(changes: &mut Vec<String>, what: &str, told: &[(f64, f64)], unit: &str) {
    if told.iter().all(|(before, after)| before == after) {
        return;
    }
    let list = |of: fn(&(f64, f64)) -> f64| {
        let mut text = String::new();
        for (at, number) in told.iter().map(of).enumerate() {
            let _ = write!(text, "{}{number}", if at > 0 { ", " } else { "" });
        }
        text
    };
    let (before, after) = (list(|told| told.0), list(|told| told.1));
    changes.push(format!("{what} {after}{unit} instead of {before}{unit}"));
}

/// A place between two numbers, on a scale of ratios.
fn between((low, high): (f64, f64), position: f64) -> f64 {
    low * (high / low).powf(position)
}

/// With two digits that say something.
fn two_digits(number: f64) -> f64 {
    if number <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powf(number.log10().floor() - 1.0);
    // A division by a whole power of ten gives back what was meant, a product with 0.01 does not.
    match unit < 1.0 {
        true => (number / unit).round() / (1.0 / unit).round(),
        false => (number / unit).round() * unit,
    }
}

/// Whole seconds, at least one.
fn seconds(number: f64) -> f64 {
    number.round().max(1.0)
}

/// A number as people write it: whole if it is.
fn numeric(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
    match number.fract() == 0.0 && number.abs() < 1e15 {
        true => json!(number as i64),
        false => json!(number),
    }
}

fn entries<'r>(ruleset: &'r Map<String, Value>, key: &str) -> &'r [Value] {
    let list = ruleset.get(key).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn entries_mut<'r>(ruleset: &'r mut Map<String, Value>, key: &str) -> &'r mut [Value] {
    let list = ruleset.get_mut(key).and_then(Value::as_array_mut);
    list.map_or(&mut [], Vec::as_mut_slice)
}

fn attribute(entry: &Value) -> Option<&str> {
    let is_distance = entry["criteria"].as_str() == Some("distance");
    entry["attribute"].as_str().filter(|_| is_distance)
}

fn reference(entry: &Value) -> Option<f64> {
    entry["reference"].as_f64()
}

/// Turns a number of each entry of a list, those of an attribute or all.
fn turn(
    ruleset: &mut Map<String, Value>,
    list: &str,
    of: Option<&str>,
    key: &str,
    mut to: impl FnMut(f64) -> f64,
) {
    for entry in entries_mut(ruleset, list) {
        if of.is_none() || attribute(entry) == of {
            let number = entry[key].as_f64();
            if let (Some(number), Some(entry)) = (number, entry.as_object_mut()) {
                entry.insert(key.to_owned(), numeric(to(number)));
            }
        }
    }
}
