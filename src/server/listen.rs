//! The listening socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Maximum number of connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Why a port cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {hint}")]
pub struct ListenError {
    address: SocketAddr,
    hint: String,
}

impl ListenError {
    fn new(address: SocketAddr, setting: &str, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("another program listens there; stop it or set {setting} to a free port")
            }
            io::ErrorKind::PermissionDenied => {
                format!(
                    "this user may not listen there: ports below 1024 need special rights; set {setting} to 1024 or above"
                )
            }
            _ => error.to_string(),
        };
        Self { address, hint }
    }
}

/// Listens on an address, within a tokio runtime. `::` takes IPv4 as well, and becomes `0.0.0.0` on
/// a host without IPv6. `setting` is the variable that the error names.
///
/// # Errors
///
/// If the port is taken, or this user may not listen there.
pub fn listen(address: IpAddr, port: u16, setting: &str) -> Result<TcpListener, ListenError> {
    let wanted = SocketAddr::new(address, port);
    let socket = match bind(wanted) {
        Err(_) if address == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && !has_ipv6() => {
            bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
        }
        other => other,
    };
    socket
        .and_then(|socket| TcpListener::from_std(socket.into()))
        .map_err(|error| ListenError::new(wanted, setting, &error))
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the last connections of the process before it.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

fn has_ipv6() -> bool {
    bind(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_reported_in_one_line() {
        let first = listen(Ipv4Addr::LOCALHOST.into(), 0, "PORT").unwrap();
        let port = first.local_addr().unwrap().port();
        let error = listen(Ipv4Addr::LOCALHOST.into(), port, "PORT")
            .unwrap_err()
            .to_string();
        let expected = format!(
            "cannot listen on 127.0.0.1:{port}: another program listens there; stop it or set PORT \
             to a free port"
        );
        assert_eq!(error, expected);
    }

    #[tokio::test]
    async fn every_address_takes_ipv4() {
        let listener = listen(Ipv6Addr::UNSPECIFIED.into(), 0, "PORT").unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
    }
}
