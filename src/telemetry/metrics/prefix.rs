//! The prefix of the application's own metrics.

use std::fmt;
use std::str::FromStr;

/// What the names of the application's own metrics begin with, before a `_`: ASCII letters, digits
/// and `_`, not beginning with a digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPrefix(String);

impl MetricPrefix {
    /// The prefix that an application's name gives: each character that the name of a metric cannot
    /// have becomes `_`, and a digit at the start gets one before it.
    pub fn of_application(name: &str) -> Self {
        let allowed = |letter: char| if is_allowed(letter) { letter } else { '_' };
        let mut prefix: String = name.chars().map(allowed).collect();
        if prefix.is_empty() || prefix.starts_with(is_digit) {
            prefix.insert(0, '_');
        }
        Self(prefix)
    }
}

fn is_allowed(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

impl FromStr for MetricPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.starts_with(is_digit) || !text.chars().all(is_allowed) {
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
        for (name, expected) in [
            ("", "_"),
            ("app-server", "app_server"),
            ("my app-server.eu", "my_app_server_eu"),
            ("5v5-ranked", "_5v5_ranked"),
            ("match/func", "match_func"),
            ("マッチ", "___"),
            ("٣v٣", "_v_"),
        ] {
            let prefix = MetricPrefix::of_application(name);
            assert_eq!(prefix.to_string(), expected);
            assert_eq!(expected.parse(), Ok(prefix));
        }
    }
}
