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

    /// Seconds that running calls may take to end after SIGTERM or SIGINT.
    #[arg(long, env = "SHUTDOWN_GRACE_SECOND", default_value_t = 20, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(..=3600))]
    pub shutdown_grace_second: u32,
}

impl Settings {
    /// [`Settings::shutdown_grace_second`] as a duration.
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_second.into())
    }
}
