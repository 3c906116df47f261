//! Flags and environment variables to settings, with all faults at once.

use std::error::Error as _;
use std::ffi::OsString;
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};

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
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// Parses arguments for `command`, whose own arguments may also be given as variables.
///
/// # Errors
///
/// If values cannot be read: all of them, each with the variable's name and what is allowed.
pub fn parse(
    command: Command,
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<ArgMatches, ConfigError> {
    let settings: Vec<Setting> = command.get_arguments().filter_map(Setting::of).collect();
    // clap does not read the variables: here an empty one counts as unset, all faults are found,
    // and tests need not change the environment of the process.
    let command = command
        .mut_args(|arg| arg.env(None::<&str>))
        .args_override_self(true);
    let mut arguments = arguments.into_iter();
    let mut words: Vec<OsString> = arguments.next().into_iter().collect();
    for setting in &settings {
        // Put before the flags because the last value wins.
        if let Some(value) = variable(&setting.variable).filter(|value| !value.is_empty()) {
            words.push(format!("--{}={value}", setting.flag).into());
        }
    }
    words.extend(arguments);

    let mut faults = Vec::new();
    loop {
        let error = match command.clone().try_get_matches_from(&words) {
            Ok(matches) => return ConfigError::of(faults).map_or(Ok(matches), Err),
            Err(error) => error,
        };
        let wrong = settings
            .iter()
            .find(|setting| setting.is_at_fault_in(&error));
        match wrong {
            Some(setting) if setting.remove_from(&mut words) => faults.push(setting.fault(&error)),
            _ => {
                let text = error.render().to_string();
                let first = text.lines().next().unwrap_or_default();
                faults.push(first.trim_start_matches("error: ").to_owned());
                return Err(ConfigError(faults));
            }
        }
    }
}

/// An argument that can be given as a variable.
struct Setting {
    flag: String,
    variable: String,
}

impl Setting {
    fn of(arg: &clap::Arg) -> Option<Self> {
        let variable = arg.get_env()?.to_str()?.to_owned();
        Some(Self {
            flag: arg.get_long()?.to_owned(),
            variable,
        })
    }

    /// Whether the error is about this setting's value.
    fn is_at_fault_in(&self, error: &clap::Error) -> bool {
        let about_a_value = matches!(
            error.kind(),
            ErrorKind::ValueValidation | ErrorKind::InvalidValue
        );
        match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(arg)) if about_a_value => {
                let flag = arg.split([' ', '=']).next().unwrap_or_default();
                flag.strip_prefix("--") == Some(&self.flag)
            }
            _ => false,
        }
    }

    /// Takes the setting out of the arguments; false if it is not there.
    fn remove_from(&self, words: &mut Vec<OsString>) -> bool {
        let before = words.len();
        let flag = format!("--{}", self.flag);
        let with_value = format!("{flag}=");
        let mut drop_next = false;
        words.retain(|word| {
            let word = word.to_string_lossy();
            let dropped = drop_next || word == *flag || word.starts_with(&with_value);
            drop_next = word == *flag;
            !dropped
        });
        words.len() < before
    }

    fn fault(&self, error: &clap::Error) -> String {
        let Self { flag, variable } = self;
        let value = match error.get(ContextKind::InvalidValue) {
            Some(ContextValue::String(value)) => value.as_str(),
            _ => "",
        };
        let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
            (Some(source), _) => source.to_string(),
            (None, Some(ContextValue::Strings(allowed))) => {
                format!("allowed are {}", allowed.join(", "))
            }
            (None, _) => "not allowed".to_owned(),
        };
        format!("{variable} (--{flag}) is \"{value}\": {reason}")
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;
    use crate::config::Config;

    fn parse_config(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let command = Config::augment_args(Command::new("test"));
        let arguments = ["test"].iter().chain(arguments).map(OsString::from);
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let matches = parse(command, arguments, variable)?;
        Ok(Config::from_arg_matches(&matches).expect("checked by clap"))
    }

    #[test]
    fn the_flag_wins_over_the_variable_and_that_over_the_default() {
        let port = |arguments: &[&str], variables: &[(&str, &str)]| {
            parse_config(arguments, variables)
                .expect("valid")
                .server
                .port
        };
        assert_eq!(port(&[], &[]), 6565);
        assert_eq!(port(&[], &[("PORT", "7000")]), 7000);
        assert_eq!(port(&["--port", "8000"], &[("PORT", "7000")]), 8000);
        assert_eq!(
            port(&[], &[("PORT", "")]),
            6565,
            "an empty variable is an unset one"
        );
    }

    #[test]
    fn all_faults_are_reported_together() {
        let variables = [
            ("PORT", "70000"),
            ("ENABLE_REFLECTION", "maybe"),
            ("MAX_RULES_BYTES", "1"),
        ];
        let error = parse_config(&["--grpc-addr", "here"], &variables)
            .unwrap_err()
            .to_string();
        for part in [
            "PORT (--port) is \"70000\": 70000 is not in 0..=65535",
            "ENABLE_REFLECTION (--enable-reflection) is \"maybe\": not a switch",
            "MAX_RULES_BYTES (--max-rules-bytes) is \"1\": 1 is not in 2..",
            "GRPC_ADDR (--grpc-addr) is \"here\": invalid IP address syntax",
        ] {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
        assert!(!error.contains('\n'));
    }

    #[test]
    fn an_unknown_flag_is_reported_with_them() {
        let error = parse_config(&["--prot", "1"], &[("PORT", "x")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("unexpected argument '--prot'"), "{error}");
    }

    #[test]
    fn a_wrong_variable_is_a_fault_even_where_a_flag_is_given() {
        assert!(parse_config(&["--port", "1"], &[("PORT", "x")]).is_err());
    }

    #[test]
    fn the_alias_switches_health_off_too() {
        let off = |name| {
            !parse_config(&[], &[(name, "off")])
                .expect("valid")
                .server
                .health_check()
        };
        assert!(off("ENABLE_HEALTH_CHECK"));
        assert!(off("ENABLE_HEALTH_CHECKING"));
    }
}
