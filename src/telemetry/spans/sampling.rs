//! Which calls are traced.

use std::str::FromStr;

use clap::ValueEnum;
use opentelemetry_sdk::trace::Sampler;

/// Which calls are traced; names of the OpenTelemetry specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SamplerName {
    /// Every call.
    AlwaysOn,
    /// No call.
    AlwaysOff,
    /// A share of the calls, by trace id.
    Traceidratio,
    /// What the caller decided; every call without a caller's decision.
    ParentbasedAlwaysOn,
    /// What the caller decided; no call without a caller's decision.
    ParentbasedAlwaysOff,
    /// What the caller decided; a share of the calls without a caller's decision.
    ParentbasedTraceidratio,
}

/// Share of the calls that a ratio sampler keeps: 0.0 to 1.0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleRatio(f64);

impl Default for SampleRatio {
    /// Every call.
    fn default() -> Self {
        Self(1.0)
    }
}

impl FromStr for SampleRatio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().parse() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(Self(ratio)),
            _ => Err("it has to be a number from 0.0 to 1.0".to_owned()),
        }
    }
}

/// Who decides about a call.
#[derive(Clone, Debug)]
pub(in crate::telemetry) struct Samplers {
    /// For every span.
    pub(in crate::telemetry) all: Sampler,
    /// For calls whose caller gives ids but no decision.
    pub(in crate::telemetry) undecided: Sampler,
}

impl Samplers {
    /// The samplers of this name.
    pub(in crate::telemetry) fn new(name: SamplerName, ratio: SampleRatio) -> Self {
        use SamplerName::*;
        let undecided = match name {
            AlwaysOn | ParentbasedAlwaysOn => Sampler::AlwaysOn,
            AlwaysOff | ParentbasedAlwaysOff => Sampler::AlwaysOff,
            Traceidratio | ParentbasedTraceidratio => Sampler::TraceIdRatioBased(ratio.0),
        };
        match name {
            AlwaysOn | AlwaysOff | Traceidratio => Self {
                all: undecided.clone(),
                undecided,
            },
            ParentbasedAlwaysOn | ParentbasedAlwaysOff | ParentbasedTraceidratio => {
                Self::parent_based(undecided)
            }
        }
    }

    /// For a program that exports no spans: none is made, unless the caller's trace has to be
    /// passed on.
    pub(super) fn none() -> Self {
        Self::parent_based(Sampler::AlwaysOff)
    }

    fn parent_based(undecided: Sampler) -> Self {
        Self {
            all: Sampler::ParentBased(Box::new(undecided.clone())),
            undecided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_a_share() {
        for text in ["", "-0.1", "1.5", "NaN", "half"] {
            assert!(text.parse::<SampleRatio>().is_err(), "{text:?}");
        }
        assert_eq!(" 1 ".parse(), Ok(SampleRatio::default()));
        assert_eq!("0.25".parse(), Ok(SampleRatio(0.25)));
    }
}
