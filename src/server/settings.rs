//! Settings of the gRPC port.

use std::net::IpAddr;
use std::time::Duration;

use crate::config::parse::boolean;

/// The gRPC port.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "gRPC port")]
pub struct Settings {
    /// Port of the gRPC service; 0: any free one. Other name: SERVICE_PORT.
    #[arg(
        long,
        env = "PORT",
        visible_alias = "service-port",
        default_value_t = 6565,
        value_name = "PORT"
    )]
    pub port: u16,

    /// Address of the gRPC service. `::` is every address, IPv4 and IPv6; on a host without IPv6,
    /// every IPv4 address.
    #[arg(long, env = "GRPC_ADDR", default_value = "::", value_name = "IP")]
    pub grpc_addr: IpAddr,

    /// Serve grpc.health.v1. Other name: ENABLE_HEALTH_CHECKING.
    #[arg(long, env = "ENABLE_HEALTH_CHECK", visible_alias = "enable-health-checking",
        default_value = "true", value_name = "SWITCH",
        value_parser = boolean, action = clap::ArgAction::Set)]
    pub enable_health_check: bool,

    /// Serve gRPC reflection, v1 and v1alpha.
    #[arg(long, env = "ENABLE_REFLECTION", default_value = "true", value_name = "SWITCH",
        value_parser = boolean, action = clap::ArgAction::Set)]
    pub enable_reflection: bool,

    /// Maximum number of concurrent calls on one connection; further calls wait at the client.
    #[arg(long, env = "MAX_CONCURRENT_STREAMS", default_value_t = 100, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub max_concurrent_streams: u32,

    /// Maximum number of connections. A new one beyond it takes the place of the one that has been
    /// without a call for the longest time, or is closed if all have calls.
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 128, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Seconds after which a connection without calls is closed, after telling the client (GOAWAY).
    #[arg(long, env = "CONNECTION_IDLE_TIMEOUT_SECOND", default_value_t = 300,
        value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub connection_idle_timeout_second: u32,

    /// Seconds that a unary call may take in all.
    #[arg(long, env = "UNARY_TIMEOUT_SECOND", default_value_t = 15, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub unary_timeout_second: u32,

    /// Seconds that running calls may take to end after SIGTERM or SIGINT.
    #[arg(long, env = "SHUTDOWN_GRACE_SECOND", default_value_t = 20, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(..=3600))]
    pub shutdown_grace_second: u32,
}

impl Settings {
    /// [`Settings::connection_idle_timeout_second`] as a duration.
    pub fn connection_idle_timeout(&self) -> Duration {
        Duration::from_secs(self.connection_idle_timeout_second.into())
    }

    /// [`Settings::unary_timeout_second`] as a duration.
    pub fn unary_timeout(&self) -> Duration {
        Duration::from_secs(self.unary_timeout_second.into())
    }

    /// [`Settings::shutdown_grace_second`] as a duration.
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_second.into())
    }
}
