//! The prefix of the application's own metrics.

use std::fmt;
use std::str::FromStr;

/// What the names of the application's own metrics begin with, before a `_`: ASCII letters, digits
/// and `_`, not beginning with a digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPrefix(String);

impl MetricPrefix {
    /// The prefix that an application's name gives: space, `-` and `.` become `_`.
    ///
    /// # Errors
    ///
    /// If the name has another character that the name of a metric cannot have.
    pub fn of_application(name: &str) -> Result<Self, String> {
        name.replace([' ', '-', '.'], "_").parse()
    }
}

impl FromStr for MetricPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let starts_with_a_digit = text.starts_with(|c: char| c.is_ascii_digit());
        let has_only_allowed = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if text.is_empty() || starts_with_a_digit || !has_only_allowed {
            return Err(
                "the name of a metric has only letters, digits and _, and does not start with a digit"
                    .to_owned(),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MetricPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_begins_the_name_of_a_metric() {
        for text in ["", "1a", "a-b", "a b", "ä", "a:b"] {
            assert!(text.parse::<MetricPrefix>().is_err(), "{text:?}");
        }
        for text in ["a", "_", "app_server2"] {
            let prefix: MetricPrefix = text.parse().expect(text);
            assert_eq!(prefix.to_string(), text);
        }
    }

    #[test]
    fn an_applications_name_gives_one() {
        let prefix = MetricPrefix::of_application("my app-server.eu").expect("a prefix");
        assert_eq!(prefix.to_string(), "my_app_server_eu");
        assert!(MetricPrefix::of_application("1-a").is_err());
    }
}
