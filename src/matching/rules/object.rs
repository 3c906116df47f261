//! Objects of a ruleset while they are read: each field with its path, every fault kept.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::allowed::{choices_allowed, name_allowed, whole_allowed};
use super::near::unknown;
use super::{Finding, Lint, ParsedRules, Report, RulesError, excerpt, find, whole_number};
use crate::matching::Text;

/// Largest number of characters of a name in a ruleset: an attribute, a match option.
pub const MAX_NAME: usize = 64;

/// Reads a ruleset: takes its fields, and gives the rules that they make.
///
/// All faults are found in one reading, so `rules` goes on after one, with any value in its place;
/// what it returns is dropped then. A field that it does not take is warned of.
///
/// ```
/// use match_function::matching::rules;
///
/// let ruleset = rules::object(r#"{"band_width": 0, "bandwidth": 50}"#)?;
/// let error = rules::read(ruleset, |ruleset| ruleset.whole("band_width", 1).unwrap_or(100))
///     .expect_err("bands have to have a width");
/// assert_eq!(
///     error.to_string(),
///     "`band_width` is 0: allowed are whole numbers from 1 to 2147483647"
/// );
/// # Ok::<(), rules::RulesError>(())
/// ```
///
/// # Errors
///
/// Every fault that was reported; if nothing else is wrong, what is not supported.
pub fn read<R>(
    fields: Map<String, Value>,
    rules: impl FnOnce(&mut Object<'_>) -> R,
) -> Result<ParsedRules<R>, RulesError> {
    let (rules, report) = report_on(fields, rules);
    let warnings = report.finish()?;
    Ok(ParsedRules { rules, warnings })
}

/// Reads a ruleset as [`read`] does, and gives all that it found: faults first, then what is warned of.
/// If there is a fault, the rules are not to be used.
pub fn examine<R>(
    fields: Map<String, Value>,
    rules: impl FnOnce(&mut Object<'_>) -> R,
) -> (R, Vec<Finding>) {
    let (rules, report) = report_on(fields, rules);
    (rules, report.into_findings())
}

fn report_on<R>(
    fields: Map<String, Value>,
    rules: impl FnOnce(&mut Object<'_>) -> R,
) -> (R, Report) {
    let mut report = Report::default();
    let mut root = Object::new(String::new(), fields, &mut report);
    let rules = rules(&mut root);
    root.close();
    (rules, report)
}

/// An object of a ruleset, as [`read`] hands it out.
///
/// Fields are taken out of it one by one, each under its known key: the exact spelling first, then
/// any in other case, as AGS's own decoder does. `null` counts as absent. A field of a wrong type or
/// out of its range is a fault and gives `None`, as if it were absent. Fields that were not taken
/// when the reading of the object ends are unknown and warned of.
#[derive(Debug)]
pub struct Object<'r> {
    path: String,
    fields: Map<String, Value>,
    taken: Vec<&'static str>,
    report: &'r mut Report,
}

impl<'r> Object<'r> {
    fn new(path: String, fields: Map<String, Value>, report: &'r mut Report) -> Self {
        Self {
            path,
            fields,
            taken: Vec::new(),
            report,
        }
    }

    /// The path of a field, as `alliance.max_number`.
    pub fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The report on the whole ruleset, for what concerns another object than this one.
    pub fn report(&mut self) -> &mut Report {
        self.report
    }

    /// Reports a fault of a field.
    pub fn fault(&mut self, key: &str, found: &Value, allowed: impl Into<String>) {
        self.report.fault(self.at(key), found, allowed);
    }

    /// Reports a fault of a field, of a kind of its own.
    pub fn fault_as(&mut self, lint: Lint, key: &str, found: &Value, allowed: impl Into<String>) {
        self.report.fault_as(lint, self.at(key), found, allowed);
    }

    /// Reports that a field asks for something that the logic does not do.
    pub fn unsupported(&mut self, key: &str, found: &Value, text: impl Into<String>) {
        self.report.unsupported(self.at(key), found, text);
    }

    /// Warns of a field that has no effect.
    pub fn warn(&mut self, key: &str, text: impl Into<String>) {
        self.report.warn(self.at(key), text);
    }

    /// Warns of a field.
    pub fn warn_as(&mut self, lint: Lint, key: &str, text: impl Into<String>) {
        self.report.warn_as(lint, self.at(key), text);
    }

    /// Warns of the object itself.
    pub fn warn_of_itself(&mut self, lint: Lint, text: impl Into<String>) {
        self.report.warn_as(lint, self.path.clone(), text);
    }

    /// A field of any type.
    pub fn take(&mut self, key: &'static str) -> Option<Value> {
        self.taken.push(key);
        super::take(&mut self.fields, key)
    }

    /// Whether a field is there.
    pub fn has(&self, key: &str) -> bool {
        find(&self.fields, key).is_some()
    }

    /// Whether a field is there; that it is missing is a fault.
    pub fn require(&mut self, key: &'static str, allowed: impl FnOnce() -> String) -> bool {
        if self.has(key) {
            return true;
        }
        // A `null` counts as absent. It is taken out, so that it is not warned of as well.
        self.take(key);
        self.report.fault_of(
            Lint::MISSING_KEY,
            self.at(key),
            "missing".to_owned(),
            allowed(),
        );
        false
    }

    /// A whole number from `min` to [`MAX_INTEGER`](super::MAX_INTEGER).
    pub fn whole(&mut self, key: &'static str, min: u32) -> Option<u32> {
        let value = self.take(key)?;
        let number = whole_number(&value)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number >= min);
        if number.is_none() {
            self.fault(key, &value, whole_allowed(min));
        }
        number
    }

    /// A [whole number](Self::whole) that has to be there.
    pub fn required_whole(&mut self, key: &'static str, min: u32) -> Option<u32> {
        self.require(key, || whole_allowed(min))
            .then(|| self.whole(key, min))?
    }

    /// A number from 0 to `max`; infinity means that there is no maximum.
    pub fn number(&mut self, key: &'static str, max: f64) -> Option<f64> {
        let value = self.take(key)?;
        let number = value
            .as_f64()
            .filter(|number| number.is_finite() && (0.0..=max).contains(number));
        if number.is_none() {
            let allowed = if max.is_finite() {
                format!("allowed are numbers from 0 to {max}")
            } else {
                "allowed are numbers from 0 on".to_owned()
            };
            self.fault(key, &value, allowed);
        }
        number
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.fault(key, &value, "allowed are true and false");
        }
        flag
    }

    /// A name of 1 to [`MAX_NAME`] characters, which has to be there.
    pub fn required_name(&mut self, key: &'static str) -> Option<Text> {
        if !self.require(key, name_allowed) {
            return None;
        }
        let value = self.take(key)?;
        let name = value
            .as_str()
            .filter(|text| (1..=MAX_NAME).contains(&text.chars().count()))
            .map(Text::from);
        if name.is_none() {
            self.fault(key, &value, name_allowed());
        }
        name
    }

    /// One of these texts, exactly as it is spelled here, and what it stands for. An empty text can
    /// be chosen but is not listed among what is allowed.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.take(key)?;
        let chosen = choices
            .iter()
            .find(|(name, _)| value.as_str() == Some(name));
        if chosen.is_none() {
            self.fault(key, &value, choices_allowed(choices));
        }
        chosen.map(|(_, choice)| *choice)
    }

    /// A [choice](Self::choice) that has to be there.
    pub fn required_choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        self.require(key, || choices_allowed(choices))
            .then(|| self.choice(key, choices))?
    }

    /// An object whose fields may be anything.
    pub fn map(&mut self, key: &'static str) -> Option<Map<String, Value>> {
        match self.take(key)? {
            Value::Object(fields) => Some(fields),
            other => {
                self.fault(key, &other, "it has to be an object");
                None
            }
        }
    }

    /// Reads an object inside this one.
    pub fn inner<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Object<'_>) -> T,
    ) -> Option<T> {
        let fields = self.map(key)?;
        Some(self.enter(self.at(key), fields, read))
    }

    /// Reads an object that was taken from somewhere inside this one, and has that path.
    pub fn enter<T>(
        &mut self,
        path: String,
        fields: Map<String, Value>,
        read: impl FnOnce(&mut Object<'_>) -> T,
    ) -> T {
        let mut inner = Object::new(path, fields, self.report);
        let found = read(&mut inner);
        inner.close();
        found
    }

    /// Reads each object of a [taken](Self::take) object of at most `max` fields, whose keys are names
    /// of 1 to [`MAX_NAME`] characters; a larger one is a fault and none of it is read. Each comes
    /// with its name and its path.
    pub fn each_named<T>(
        &mut self,
        key: &str,
        fields: Map<String, Value>,
        max: usize,
        mut read: impl FnMut(&str, &mut Object<'_>) -> T,
    ) -> Vec<(Text, String, T)> {
        if fields.len() > max {
            let found = format!("an object of {}", fields.len());
            let allowed = format!("at most {max} entries are allowed");
            self.report
                .fault_of(Lint::TOO_MANY, self.at(key), found, allowed);
            return Vec::new();
        }
        let mut all = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let path = match &*name {
                "" => format!("{}.\"\"", self.at(key)),
                name => format!("{}.{}", self.at(key), excerpt(name)),
            };
            if !(1..=MAX_NAME).contains(&name.chars().count()) {
                let allowed = format!("names have 1 to {MAX_NAME} characters");
                self.report.fault(path.clone(), &value, allowed);
            }
            match value {
                Value::Object(fields) => {
                    let found = self.enter(path.clone(), fields, |inner| read(&name, inner));
                    all.push((name.into(), path, found));
                }
                other => self.report.fault(path, &other, "it has to be an object"),
            }
        }
        all
    }

    /// Reads each object of a list of at most `max` entries; a longer list is a fault and none of it
    /// is read. Entries for which `read` gives nothing are left out. Each comes with its path.
    pub fn each<T>(
        &mut self,
        key: &'static str,
        max: usize,
        mut read: impl FnMut(&mut Object<'_>) -> Option<T>,
    ) -> Vec<(String, T)> {
        let entries = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(other) => {
                self.fault(key, &other, "it has to be a list of objects");
                return Vec::new();
            }
        };
        if entries.len() > max {
            let found = format!("a list of {}", entries.len());
            let allowed = format!("at most {max} entries are allowed");
            self.report
                .fault_of(Lint::TOO_MANY, self.at(key), found, allowed);
            return Vec::new();
        }
        let mut all = Vec::with_capacity(entries.len());
        for (at, entry) in entries.into_iter().enumerate() {
            let path = format!("{}[{at}]", self.at(key));
            match entry {
                Value::Object(fields) => {
                    let found = self.enter(path.clone(), fields, &mut read);
                    all.extend(found.map(|found| (path, found)));
                }
                other => self.report.fault(path, &other, "it has to be an object"),
            }
        }
        all
    }

    /// Checks that of two fields, each with what was read from it, the first is at most the second.
    /// There is nothing to check if one of them was not given.
    pub fn at_most(&mut self, low: (&str, Option<u32>), high: (&str, Option<u32>)) {
        self.at_most_as(Lint::MIN_ABOVE_MAX, low, high);
    }

    /// The same, as a fault of a kind of its own.
    pub fn at_most_as(&mut self, lint: Lint, low: (&str, Option<u32>), high: (&str, Option<u32>)) {
        if let ((low, Some(min)), (high, Some(max))) = (low, high)
            && min > max
        {
            let high = self.at(high);
            let allowed = format!("it may not be more than `{high}`, which is {max}");
            self.fault_as(lint, low, &min.into(), allowed);
        }
    }

    /// Takes fields that are known but not used here, and warns of each that is there.
    pub fn ignore(&mut self, lint: Lint, keys: &[&'static str], text: &str) {
        for key in keys {
            if self.take(key).is_some() {
                self.warn_as(lint, key, text);
            }
        }
    }

    /// Warns of every field that was not taken.
    fn close(self) {
        for key in self.fields.keys() {
            let known = self
                .taken
                .iter()
                .find(|taken| taken.eq_ignore_ascii_case(key));
            let (lint, text) = match known {
                Some(known) => {
                    let text = format!("has no effect beside `{known}`, which is spelled exactly");
                    (Lint::NO_EFFECT, text)
                }
                None => unknown(key, &self.taken),
            };
            self.report.warn_as(lint, self.at(&excerpt(key)), text);
        }
    }
}
