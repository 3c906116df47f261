//! Flags and environment variables to settings, with all faults at once.

use std::error::Error as _;
use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};

use super::parse::boolean;
use super::value::{self, Unreadable, one_line};

/// What is wrong with the configuration: every fault, not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl ConfigError {
    /// Exit code for it (`EX_USAGE` of sysexits.h).
    pub const EXIT_CODE: u8 = 64;

    /// An error of one fault.
    pub fn one(fault: String) -> Self {
        Self(vec![fault])
    }

    /// An error of these faults; `None` if there are none.
    pub fn of(faults: Vec<String>) -> Option<Self> {
        (!faults.is_empty()).then_some(Self(faults))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.0.join("; ")))
    }
}

impl std::error::Error for ConfigError {}

/// Parses arguments for `command`, whose own arguments may also be given as variables.
///
/// An argument with an alias has another variable, too: the alias in capital letters.
///
/// # Errors
///
/// If a value cannot be read, or two names of one setting have different values: every such fault,
/// with the variable's name and what is allowed.
pub fn parse(
    command: Command,
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<ArgMatches, ConfigError> {
    let settings = Setting::all(&command);
    let (mut words, mut faults) = words_of(&settings, arguments, variable);
    let command = for_words(command);
    loop {
        let texts = words.iter().map(|word| &word.text);
        let error = match command.clone().try_get_matches_from(texts) {
            Ok(matches) => return ConfigError::of(faults).map_or(Ok(matches), Err),
            Err(error) => error,
        };
        let wrong = words.iter().position(|word| word.is_named_by(&error));
        let given = wrong.and_then(|at| words.remove(at).given);
        if let Some(given) = given {
            faults.push(given.fault(&reason(&error)));
        } else {
            let text = error.render().to_string();
            let mut lines = text.lines();
            let first = lines.next().unwrap_or_default();
            let fault = first.trim_start_matches("error: ");
            let tip = lines.find_map(|line| line.trim().strip_prefix("tip: "));
            faults.push(match tip {
                Some(tip) => format!("{fault} ({tip})"),
                None => fault.to_owned(),
            });
            return Err(ConfigError(faults));
        }
    }
}

/// The words of a command line for `command` in which its variables are flags, too. To be parsed by
/// the command as [`for_words`] changes it.
///
/// # Errors
///
/// If a value has a control character or is not UTF-8, or two names of one setting have different
/// values.
pub fn words(
    command: &Command,
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<OsString>, ConfigError> {
    let settings = Setting::all(command);
    let (words, faults) = words_of(&settings, arguments, variable);
    let texts = words.into_iter().map(|word| word.text).collect();
    ConfigError::of(faults).map_or(Ok(texts), Err)
}

/// A command that does not read variables itself, and for which the last of several values counts.
///
/// The variables are read here and not by clap so that an empty one is an unset one, all faults are
/// found, and tests need not change the environment of the process.
pub fn for_words(command: Command) -> Command {
    command
        .mut_args(|arg| arg.env(None::<&str>))
        .args_override_self(true)
}

/// The first argument, the variables as flags, and the other arguments; beside them what is wrong with
/// the values before they are parsed.
fn words_of<'s>(
    settings: &'s [Setting],
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> (Vec<Word<'s>>, Vec<String>) {
    let mut arguments = arguments.into_iter().peekable();
    let (mut words, mut faults) = (Vec::new(), Vec::new());
    words.extend(arguments.next().map(Word::other));
    // Before the flags: the last value of a setting counts.
    for setting in settings {
        let mut given = Vec::new();
        for name in &setting.names {
            match variable(&name.variable).map(|text| setting.read(name, &text)) {
                Some(Ok(one)) if !one.value.is_empty() => given.push(one),
                Some(Err(fault)) => faults.push(fault),
                Some(Ok(_)) | None => {}
            }
        }
        faults.extend(disagreement(&given));
        words.extend(given.into_iter().map(Word::from));
    }
    while let Some(argument) = arguments.next() {
        let Some((setting, name, value)) = setting_of(settings, &argument) else {
            words.push(Word::other(argument));
            continue;
        };
        // As clap has it: what begins with `-` is the next flag.
        let next = || arguments.next_if(|next| !next.as_encoded_bytes().starts_with(b"-"));
        match value.or_else(next).map(|text| setting.read(name, &text)) {
            Some(Ok(given)) => words.push(given.into()),
            Some(Err(fault)) => faults.push(fault),
            None => words.push(Word::other(argument)),
        }
    }
    (words, faults)
}

/// The setting of a flag, and its value if that is in the same argument.
fn setting_of<'s>(
    settings: &'s [Setting],
    argument: &OsStr,
) -> Option<(&'s Setting, &'s Name, Option<OsString>)> {
    let argument = argument.to_str()?.strip_prefix("--")?;
    let (flag, value) = match argument.split_once('=') {
        Some((flag, value)) => (flag, Some(value.into())),
        None => (argument, None),
    };
    let named = |setting: &'s Setting| {
        let name = setting.names.iter().find(|name| name.flag == flag)?;
        Some((setting, name))
    };
    let (setting, name) = settings.iter().find_map(named)?;
    Some((setting, name, value))
}

/// A fault if a setting has different values under its names.
fn disagreement(given: &[Given<'_>]) -> Option<String> {
    let (first, rest) = given.split_first()?;
    let other = rest
        .iter()
        .find(|other| !agree(&other.value, &first.value))?;
    Some(format!(
        "{} and {}; they are two names of one setting: set one, or both alike",
        first.shown(),
        other.shown()
    ))
}

/// Whether two texts are one value: the same text, or spellings of the same switch.
fn agree(one: &str, other: &str) -> bool {
    one == other || boolean(one).is_ok_and(|on| boolean(other) == Ok(on))
}

/// Why clap does not take a value.
fn reason(error: &clap::Error) -> String {
    match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(allowed))) => {
            format!("allowed are {}", allowed.join(", "))
        }
        (None, _) => "not allowed".to_owned(),
    }
}

/// An argument that can be given as a variable.
struct Setting {
    /// What it is called; clap knows it by the first.
    names: Vec<Name>,
    /// Its value is not repeated: it may hold a password.
    secret: bool,
}

/// A flag and its variable.
struct Name {
    flag: String,
    variable: String,
}

impl Setting {
    fn all(command: &Command) -> Vec<Self> {
        command.get_arguments().filter_map(Self::of).collect()
    }

    fn of(arg: &clap::Arg) -> Option<Self> {
        let mut names = vec![Name {
            flag: arg.get_long()?.to_owned(),
            variable: arg.get_env()?.to_str()?.to_owned(),
        }];
        for alias in arg.get_visible_aliases().unwrap_or_default() {
            names.push(Name {
                flag: alias.to_owned(),
                variable: variable_of_alias(alias),
            });
        }
        Some(Self {
            names,
            secret: arg.is_hide_env_values_set(),
        })
    }

    /// A text that was given for it; the error is a fault.
    fn read<'s>(&'s self, name: &'s Name, text: &OsStr) -> Result<Given<'s>, String> {
        let secret = self.secret;
        value::read(text)
            .map(|value| Given {
                setting: self,
                name,
                value: value.to_owned(),
            })
            .map_err(|fault| match &fault {
                Unreadable::Encoding if !secret => format!("{name} is {text:?}: {fault}"),
                Unreadable::Control { value, .. } if !secret => {
                    format!("{name} is {value:?}: {fault}")
                }
                Unreadable::Encoding | Unreadable::Control { .. } => format!("{name}: {fault}"),
            })
    }
}

/// The variable that an alias of a flag stands for: `service-port` is SERVICE_PORT.
pub fn variable_of_alias(alias: &str) -> String {
    alias.to_ascii_uppercase().replace('-', "_")
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (--{})", self.variable, self.flag)
    }
}

/// A value under one of a setting's names.
struct Given<'s> {
    setting: &'s Setting,
    name: &'s Name,
    value: String,
}

impl Given<'_> {
    /// The name, with the value unless it is a secret.
    fn shown(&self) -> String {
        if self.setting.secret {
            self.name.to_string()
        } else {
            format!("{} is {:?}", self.name, self.value)
        }
    }

    fn fault(&self, reason: &str) -> String {
        format!("{}: {reason}", self.shown())
    }
}

/// A word of the command line.
struct Word<'s> {
    text: OsString,
    /// What it says, if that is the value of a setting.
    given: Option<Given<'s>>,
}

impl<'s> From<Given<'s>> for Word<'s> {
    fn from(given: Given<'s>) -> Self {
        Self {
            text: format!("--{}={}", given.name.flag, given.value).into(),
            given: Some(given),
        }
    }
}

impl Word<'_> {
    fn other(text: OsString) -> Self {
        Self { text, given: None }
    }

    /// Whether the error is about this word's value.
    fn is_named_by(&self, error: &clap::Error) -> bool {
        let about_a_value = matches!(
            error.kind(),
            ErrorKind::ValueValidation | ErrorKind::InvalidValue
        );
        let context =
            [ContextKind::InvalidArg, ContextKind::InvalidValue].map(|kind| error.get(kind));
        match (&self.given, context) {
            (
                Some(Given { setting, value, .. }),
                [
                    Some(ContextValue::String(arg)),
                    Some(ContextValue::String(wrong)),
                ],
            ) if about_a_value => {
                let flag = arg.split([' ', '=']).next().unwrap_or_default();
                flag.strip_prefix("--") == Some(&setting.names[0].flag) && value == wrong
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
