//! Objects of a ruleset while they are read: each field with its path, every fault kept.

use serde_json::{Map, Value};

use crate::matching::rules::{self, MAX_INTEGER};
use crate::matching::{RuleFault, RuleWarning, RulesError, Text};

/// Most characters of a name in a ruleset: an attribute, a match option.
pub(super) const MAX_NAME: usize = 64;

/// Faults that are listed. They travel in the trailers of a gRPC answer, which have a bound.
const MAX_FAULTS: usize = 20;

/// What is wrong with a ruleset, and what its author should know.
#[derive(Debug, Default)]
pub(super) struct Report {
    faults: Vec<RuleFault>,
    unsupported: Vec<RuleFault>,
    warnings: Vec<RuleWarning>,
}

impl Report {
    pub(super) fn fault(&mut self, path: String, found: &Value, allowed: impl Into<String>) {
        self.faults.push(RuleFault::new(path, found, allowed));
    }

    pub(super) fn unsupported(&mut self, path: String, found: &Value, allowed: &str) {
        self.unsupported.push(RuleFault::new(path, found, allowed));
    }

    pub(super) fn warn(&mut self, path: String, text: impl Into<String>) {
        let text = text.into();
        self.warnings.push(RuleWarning { path, text });
    }

    /// The warnings, if nothing is wrong. What is not supported is told apart only if all else is
    /// well; otherwise it is one fault among the others.
    pub(super) fn finish(self) -> Result<Vec<RuleWarning>, RulesError> {
        let (mut faults, unsupported) = (self.faults, self.unsupported);
        if faults.is_empty() && unsupported.is_empty() {
            return Ok(self.warnings);
        }
        let wrong = !faults.is_empty();
        faults.extend(unsupported);
        if faults.len() > MAX_FAULTS {
            let more = faults.len() - MAX_FAULTS;
            faults.truncate(MAX_FAULTS);
            faults.push(RuleFault {
                path: "rules.json".to_owned(),
                found: format!("wrong in {more} more places"),
                allowed: "mend these first".to_owned(),
            });
        }
        if wrong {
            return Err(RulesError::Invalid(faults));
        }
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        Err(RulesError::Unsupported(texts.join("; ")))
    }
}

/// An object of the ruleset. Fields are taken out of it one by one; those that are left when it is
/// [closed](Object::close) are unknown.
#[derive(Debug)]
pub(super) struct Object<'r> {
    path: String,
    fields: Map<String, Value>,
    taken: Vec<&'static str>,
    pub(super) report: &'r mut Report,
}

impl<'r> Object<'r> {
    /// The ruleset itself.
    pub(super) fn root(fields: Map<String, Value>, report: &'r mut Report) -> Self {
        Object {
            path: String::new(),
            fields,
            taken: Vec::new(),
            report,
        }
    }

    /// The path of a field.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// A field of any type; `null` counts as absent.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.taken.push(key);
        rules::take(&mut self.fields, key)
    }

    fn fault(&mut self, key: &str, found: &Value, allowed: impl Into<String>) {
        let path = self.at(key);
        self.report.fault(path, found, allowed);
    }

    /// Whether a field is there.
    pub(super) fn has(&self, key: &str) -> bool {
        rules::find(&self.fields, key).is_some()
    }

    /// Whether a field is there; that it is missing is a fault.
    pub(super) fn needs(&mut self, key: &'static str, allowed: impl FnOnce() -> String) -> bool {
        if self.has(key) {
            return true;
        }
        // A `null` goes, too.
        self.take(key);
        self.report.faults.push(RuleFault {
            path: self.at(key),
            found: "missing".to_owned(),
            allowed: allowed(),
        });
        false
    }

    /// A whole number from `least` to [`MAX_INTEGER`].
    pub(super) fn whole(&mut self, key: &'static str, least: u32) -> Option<u32> {
        let value = self.take(key)?;
        let number = rules::whole_number(&value)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number >= least);
        if number.is_none() {
            self.fault(key, &value, whole_allowed(least));
        }
        number
    }

    /// A whole number that has to be there.
    pub(super) fn needed_whole(&mut self, key: &'static str, least: u32) -> Option<u32> {
        self.needs(key, || whole_allowed(least))
            .then(|| self.whole(key, least))?
    }

    /// A number from 0 to `most`; infinity stands for no bound.
    pub(super) fn number(&mut self, key: &'static str, most: f64) -> Option<f64> {
        let value = self.take(key)?;
        let number = value
            .as_f64()
            .filter(|number| number.is_finite() && (0.0..=most).contains(number));
        if number.is_none() {
            let allowed = if most.is_finite() {
                format!("allowed are numbers from 0 to {most}")
            } else {
                "allowed are numbers from 0 on".to_owned()
            };
            self.fault(key, &value, allowed);
        }
        number
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, key: &'static str) -> Option<bool> {
        let value = self.take(key)?;
        let truth = value.as_bool();
        if truth.is_none() {
            self.fault(key, &value, "allowed are true and false");
        }
        truth
    }

    /// A name of 1 to [`MAX_NAME`] characters, which has to be there.
    pub(super) fn needed_name(&mut self, key: &'static str) -> Option<Text> {
        let allowed = || format!("allowed are texts of 1 to {MAX_NAME} characters");
        if !self.needs(key, allowed) {
            return None;
        }
        let value = self.take(key)?;
        let fits = |text: &&str| (1..=MAX_NAME).contains(&text.chars().count());
        let name = value.as_str().filter(fits).map(Text::from);
        if name.is_none() {
            self.fault(key, &value, allowed());
        }
        name
    }

    /// One of these texts.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let value = self.take(key)?;
        let chosen = choices
            .iter()
            .find(|(name, _)| value.as_str() == Some(name));
        if chosen.is_none() {
            self.fault(key, &value, choices_allowed(choices));
        }
        chosen.map(|(_, choice)| *choice)
    }

    /// One of these texts, which has to be there.
    pub(super) fn needed_choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        self.needs(key, || choices_allowed(choices))
            .then(|| self.choice(key, choices))?
    }

    /// The fields of an object.
    pub(super) fn map(&mut self, key: &'static str) -> Option<Map<String, Value>> {
        match self.take(key)? {
            Value::Object(fields) => Some(fields),
            other => {
                self.fault(key, &other, "it has to be an object");
                None
            }
        }
    }

    /// Reads an object inside this one.
    pub(super) fn inner<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Object<'_>) -> T,
    ) -> Option<T> {
        let fields = self.map(key)?;
        Some(self.enter(self.at(key), fields, read))
    }

    /// Reads each object of a list of at most `most`; those that give nothing are left out. Each
    /// comes with its path.
    pub(super) fn each<T>(
        &mut self,
        key: &'static str,
        most: usize,
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
        if entries.len() > most {
            self.report.faults.push(RuleFault {
                path: self.at(key),
                found: format!("a list of {}", entries.len()),
                allowed: format!("at most {most} entries are allowed"),
            });
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

    fn enter<T>(
        &mut self,
        path: String,
        fields: Map<String, Value>,
        read: impl FnOnce(&mut Object<'_>) -> T,
    ) -> T {
        let mut inner = Object {
            path,
            fields,
            taken: Vec::new(),
            report: self.report,
        };
        let found = read(&mut inner);
        inner.close();
        found
    }

    /// Warns of every field that was not taken.
    pub(super) fn close(self) {
        for key in self.fields.keys() {
            let known = self
                .taken
                .iter()
                .find(|taken| taken.eq_ignore_ascii_case(key));
            let text = match known {
                Some(known) => format!("has no effect beside `{known}`, which is spelled exactly"),
                None => "is no key of a ruleset".to_owned(),
            };
            let path = self.at(&rules::short(key));
            self.report.warn(path, text);
        }
    }
}

fn whole_allowed(least: u32) -> String {
    format!("allowed are whole numbers from {least} to {MAX_INTEGER}")
}

fn choices_allowed<T>(choices: &[(&str, T)]) -> String {
    let names: Vec<_> = choices
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !name.is_empty())
        .collect();
    format!("allowed are {}", names.join(", "))
}
