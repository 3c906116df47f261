//! Which lines are logged.

use std::str::FromStr;

use tracing_subscriber::filter::EnvFilter;

/// Directives that say which lines are logged, such as `info,match_function=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// Whether there is no directive.
    pub(in crate::telemetry) fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// The directives.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The filter of the subscriber.
    pub(super) fn to_env_filter(&self) -> EnvFilter {
        // Nothing is lost: the directives have been read before.
        EnvFilter::builder().parse_lossy(&self.0)
    }
}

impl FromStr for LogFilter {
    type Err = String;

    /// A blank text has no directive.
    fn from_str(text: &str) -> Result<Self, String> {
        let directives = Self(text.to_owned());
        if !directives.is_blank()
            && let Err(error) = EnvFilter::builder().parse(text)
        {
            return Err(error.to_string());
        }
        Ok(directives)
    }
}

/// The least severe level that is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLevel {
    text: String,
    level: &'static str,
}

impl LogLevel {
    /// The level as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The level for the whole program.
    pub(in crate::telemetry) fn filter(&self) -> LogFilter {
        LogFilter(match self.level {
            // The transport's own debug lines are for its authors; RUST_LOG still gets them.
            level @ ("trace" | "debug") => format!("info,match_function={level}"),
            level => level.to_owned(),
        })
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let level = match text.trim().to_ascii_lowercase().as_str() {
            "trace" => "trace",
            "debug" => "debug",
            "info" => "info",
            "warn" | "warning" => "warn",
            "error" | "critical" | "fatal" => "error",
            "off" | "none" => "off",
            _ => {
                return Err(format!(
                    "is {text:?}; use one of trace, debug, info, warning, error, critical, off"
                ));
            }
        };
        Ok(Self {
            text: text.to_owned(),
            level,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_filter_for_the_whole_program() {
        for (text, directives) in [
            (" Info ", "info"),
            ("WARNING", "warn"),
            ("fatal", "error"),
            ("none", "off"),
            ("debug", "info,match_function=debug"),
        ] {
            let level: LogLevel = text.parse().expect(text);
            assert_eq!(level.filter().as_str(), directives);
            assert_eq!(directives.parse(), Ok(level.filter()));
            assert_eq!(level.as_str(), text);
        }
        let fault = "loud".parse::<LogLevel>().expect_err("not a level");
        assert!(
            fault.contains("loud") && fault.contains("warning"),
            "{fault}"
        );
    }

    #[test]
    fn directives_are_checked() {
        assert!("a=b=c".parse::<LogFilter>().is_err());
        assert!(" ".parse::<LogFilter>().expect("no directive").is_blank());
    }
}
