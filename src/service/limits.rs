//! Bounds on everything that a client controls.

use std::collections::HashMap;
use std::time::Duration;

use super::memory;
use crate::matching::Needs;

/// The least budget in which a stream of some size has room, in bytes.
const MIN_MEMORY: u64 = 16 << 20;

/// More than any machine has, in bytes.
const MAX_MEMORY: u64 = 1 << 48;

/// How much a client may send and how long it may take.
///
/// A stream or a ruleset beyond a bound is INVALID_ARGUMENT with the bound's name, since the same
/// request would exceed it again. A single ticket or session beyond one is left out, and the others
/// of the stream are matched as without it.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Bounds on requests")]
pub struct Limits {
    /// Bytes that all open calls may hold together, with their tickets as they were parsed; 0: 60 % of
    /// the memory limit of the container, or of 2 GiB without one. Nearly used, the newest large
    /// streams wait; used, they are refused.
    #[arg(long, env = "MAX_MEMORY_BYTES", default_value_t = 0, value_name = "BYTES",
        value_parser = memory_bytes)]
    pub max_memory_bytes: u64,

    /// Maximum size of a message in bytes (a ticket, a session, a ruleset).
    #[arg(long, env = "MAX_MESSAGE_BYTES", default_value_t = 4 << 20, value_name = "BYTES",
        value_parser = clap::value_parser!(u32).range(1024..=1 << 30))]
    pub max_message_bytes: u32,

    /// Maximum size of a stream in bytes, all of its messages together.
    #[arg(long, env = "MAX_STREAM_BYTES", default_value_t = 256 << 20, value_name = "BYTES",
        value_parser = clap::value_parser!(u64).range(1024..))]
    pub max_stream_bytes: u64,

    /// Maximum number of tickets and sessions in one stream.
    #[arg(long, env = "MAX_TICKETS_PER_STREAM", default_value_t = 200_000, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub max_tickets_per_stream: u32,

    /// Maximum number of players in one ticket.
    #[arg(long, env = "MAX_PLAYERS_PER_TICKET", default_value_t = 256, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub max_players_per_ticket: u32,

    /// Maximum number of regions, and of excluded sessions, in one ticket.
    #[arg(long, env = "MAX_REGIONS_PER_TICKET", default_value_t = 64, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub max_regions_per_ticket: u32,

    /// Maximum number of attribute values in one ticket, those of its players and within lists and
    /// objects included.
    #[arg(long, env = "MAX_ATTRIBUTES_PER_TICKET", default_value_t = 4096, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub max_attributes_per_ticket: u32,

    /// Maximum nesting of lists and objects in an attribute.
    #[arg(long, env = "MAX_ATTRIBUTE_DEPTH", default_value_t = 16, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=64))]
    pub max_attribute_depth: u32,

    /// Maximum size of a match or a proposal in bytes; gRPC clients take 4 MiB unless told otherwise
    #[arg(long, env = "MAX_ANSWER_BYTES", default_value_t = 4 << 20, value_name = "BYTES",
        value_parser = clap::value_parser!(u32).range(1024..=1 << 30))]
    pub max_answer_bytes: u32,

    /// Maximum size of a ruleset in bytes.
    #[arg(long, env = "MAX_RULES_BYTES", default_value_t = 256 << 10, value_name = "BYTES",
        value_parser = clap::value_parser!(u32).range(2..))]
    pub max_rules_bytes: u32,

    /// Seconds that a stream may stay without a message before its half-close.
    #[arg(long, env = "STREAM_IDLE_TIMEOUT_SECOND", default_value_t = 30, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub stream_idle_timeout_second: u32,

    /// Seconds that a stream may take in all.
    #[arg(long, env = "STREAM_TIMEOUT_SECOND", default_value_t = 120, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub stream_timeout_second: u32,

    /// Seconds that a tick may match after the half-close; tickets that are left wait for the next
    /// tick. Envoy cuts a stream 15 s after the half-close, so keep it well below that.
    #[arg(long, env = "MATCH_TIME_LIMIT_SECOND", default_value_t = 4, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub match_time_limit_second: u32,

    /// Number of ticks that match at the same time; 0: one for each CPU.
    #[arg(long, env = "MAX_CONCURRENT_TICKS", default_value_t = 0, value_name = "N",
        value_parser = clap::value_parser!(u32).range(..=4096))]
    pub max_concurrent_ticks: u32,
}

/// Reads a budget: 0, or at least [`MIN_MEMORY`].
fn memory_bytes(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(bytes @ (0 | MIN_MEMORY..=MAX_MEMORY)) => Ok(bytes),
        _ => Err(format!(
            "allowed are 0 and numbers from {MIN_MEMORY} to {MAX_MEMORY}"
        )),
    }
}

impl Limits {
    /// [`Limits::max_memory_bytes`], or the share of the container's memory.
    pub fn memory_bytes(&self) -> u64 {
        match self.max_memory_bytes {
            0 => memory::default_budget(),
            bytes => bytes,
        }
    }

    /// [`Limits::stream_idle_timeout_second`] as a duration.
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.stream_idle_timeout_second.into())
    }

    /// [`Limits::stream_timeout_second`] as a duration.
    pub fn stream_timeout(&self) -> Duration {
        Duration::from_secs(self.stream_timeout_second.into())
    }

    /// [`Limits::match_time_limit_second`] as a duration.
    pub fn match_time_limit(&self) -> Duration {
        Duration::from_secs(self.match_time_limit_second.into())
    }

    /// [`Limits::max_concurrent_ticks`] as a number of ticks, at least 1.
    pub fn concurrent_ticks(&self) -> usize {
        match self.max_concurrent_ticks {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n as usize,
        }
    }

    /// What a recorded tick says of them: those that decide what becomes of a stream.
    pub(super) fn recorded(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("MAX_MESSAGE_BYTES", self.max_message_bytes.into()),
            ("MAX_STREAM_BYTES", self.max_stream_bytes),
            ("MAX_TICKETS_PER_STREAM", self.max_tickets_per_stream.into()),
            ("MAX_PLAYERS_PER_TICKET", self.max_players_per_ticket.into()),
            ("MAX_REGIONS_PER_TICKET", self.max_regions_per_ticket.into()),
            (
                "MAX_ATTRIBUTES_PER_TICKET",
                self.max_attributes_per_ticket.into(),
            ),
            ("MAX_ATTRIBUTE_DEPTH", self.max_attribute_depth.into()),
            ("MAX_ANSWER_BYTES", self.max_answer_bytes.into()),
            ("MAX_RULES_BYTES", self.max_rules_bytes.into()),
        ]
    }

    /// The bounds of a recorded tick. What it does not name, or names beyond what can be, has its default.
    pub(super) fn of_recorded(bounds: &HashMap<String, u64>) -> Self {
        let of = |name: &str| bounds.get(name).copied();
        let small = |name: &str, default: u32| {
            let value = of(name).and_then(|value| u32::try_from(value).ok());
            value.unwrap_or(default)
        };
        let default = Self::default();
        Self {
            max_message_bytes: small("MAX_MESSAGE_BYTES", default.max_message_bytes),
            max_stream_bytes: of("MAX_STREAM_BYTES").unwrap_or(default.max_stream_bytes),
            max_tickets_per_stream: small("MAX_TICKETS_PER_STREAM", default.max_tickets_per_stream),
            max_players_per_ticket: small("MAX_PLAYERS_PER_TICKET", default.max_players_per_ticket),
            max_regions_per_ticket: small("MAX_REGIONS_PER_TICKET", default.max_regions_per_ticket),
            max_attributes_per_ticket: small(
                "MAX_ATTRIBUTES_PER_TICKET",
                default.max_attributes_per_ticket,
            ),
            max_attribute_depth: small("MAX_ATTRIBUTE_DEPTH", default.max_attribute_depth).min(64),
            max_answer_bytes: small("MAX_ANSWER_BYTES", default.max_answer_bytes),
            max_rules_bytes: small("MAX_RULES_BYTES", default.max_rules_bytes),
            ..default
        }
    }

    /// What unary calls need of their ticket: all of it.
    pub(super) fn unary_needs() -> Needs {
        Needs::everything()
    }
}

impl Default for Limits {
    /// The defaults of `--help`.
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            limits: Limits,
        }
        <Alone as clap::Parser>::parse_from([""]).limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_left_to_the_container_or_large_enough_for_a_stream() {
        assert_eq!(memory_bytes("0"), Ok(0));
        assert_eq!(memory_bytes("16777216"), Ok(16 << 20));
        for text in ["1", "16777215", "-1", "1e9", "", "999999999999999"] {
            let error = memory_bytes(text).expect_err(text);
            assert!(error.contains("16777216"), "{error}");
        }
        assert!(Limits::default().memory_bytes() > MIN_MEMORY);
    }
}
