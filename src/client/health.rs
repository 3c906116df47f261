//! Asks a server for its health: what a container's health check calls.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::connection::endpoint;

/// Asks a server for its health (grpc.health.v1); exit code 0 if it takes calls, else 1
#[derive(Debug, Parser)]
#[command(name = "match-function health", version)]
pub struct Health {
    /// Host and port of the server [default: the port of this host that the server's own variables
    /// name]
    #[arg(long, value_name = "HOST:PORT")]
    addr: Option<String>,

    /// Port of the server; not used with --addr. Other name: SERVICE_PORT
    #[arg(
        long,
        env = "PORT",
        visible_alias = "service-port",
        default_value_t = 6565,
        value_name = "PORT"
    )]
    port: u16,

    /// Address that the server listens on; not used with --addr
    #[arg(long, env = "GRPC_ADDR", default_value = "::", value_name = "IP")]
    grpc_addr: IpAddr,

    /// Seconds that the answer may take
    #[arg(long, default_value_t = 2, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Health {
    /// Asks, and writes one line to `out` if the server takes calls.
    ///
    /// # Errors
    ///
    /// If it takes no calls, does not answer in time, or cannot be reached.
    pub async fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let address = self.address()?;
        let limit = Duration::from_secs(self.timeout);
        match tokio::time::timeout(limit, ask(&address, limit)).await {
            Ok(Ok(())) => Ok(writeln!(out, "SERVING at {address}")?),
            Ok(Err(error)) => Err(error),
            Err(_) => bail!(
                "the server at {address} gave no answer within {} s",
                self.timeout
            ),
        }
    }

    fn address(&self) -> anyhow::Result<String> {
        if let Some(address) = &self.addr {
            return Ok(address.clone());
        }
        if self.port == 0 {
            bail!("PORT is 0, so the server took any free port; set --addr to its address");
        }
        // A server that listens everywhere listens on the loopback. IPv4, because `::` takes it too
        // and `0.0.0.0` does not take IPv6.
        let everywhere = [
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        ];
        let ip = if everywhere.contains(&self.grpc_addr) {
            Ipv4Addr::LOCALHOST.into()
        } else {
            self.grpc_addr
        };
        Ok(SocketAddr::new(ip, self.port).to_string())
    }
}

async fn ask(address: &str, limit: Duration) -> anyhow::Result<()> {
    let channel = endpoint(address)?
        .connect_timeout(limit)
        .connect()
        .await
        .with_context(|| format!("no server answers at {address}"))?;
    let answer = HealthClient::new(channel)
        .check(HealthCheckRequest::default())
        .await
        .map_err(|status| refusal(address, &status))?;
    match answer.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        other => bail!("the server at {address} is {}", other.as_str_name()),
    }
}

fn refusal(address: &str, status: &Status) -> anyhow::Error {
    if status.code() == Code::Unimplemented {
        return anyhow::anyhow!(
            "the server at {address} has no grpc.health.v1; ENABLE_HEALTH_CHECK switches it on"
        );
    }
    anyhow::anyhow!(
        "the server at {address} refused: {:?}: {}",
        status.code(),
        status.message()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(arguments: &[&str]) -> anyhow::Result<String> {
        let arguments = ["health"].iter().chain(arguments);
        Health::try_parse_from(arguments)
            .expect("valid flags")
            .address()
    }

    #[test]
    fn it_asks_where_the_server_listens() {
        let asked = |arguments: &[&str]| address(arguments).expect("an address");
        assert_eq!(asked(&["--port", "7"]), "127.0.0.1:7");
        assert_eq!(
            asked(&["--port", "7", "--grpc-addr", "0.0.0.0"]),
            "127.0.0.1:7"
        );
        assert_eq!(asked(&["--port", "7", "--grpc-addr", "::1"]), "[::1]:7");
        assert_eq!(
            asked(&["--port", "7", "--grpc-addr", "10.1.2.3"]),
            "10.1.2.3:7"
        );
        assert_eq!(
            asked(&["--port", "7", "--addr", "server:6565"]),
            "server:6565"
        );
        let error = address(&["--port", "0"]).expect_err("which one?");
        assert!(error.to_string().contains("--addr"), "{error}");
    }
}
