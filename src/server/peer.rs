//! Who is at the other end of a connection.

use std::net::SocketAddr;
use std::sync::Arc;

/// The client of a connection, in the extensions of its requests. Cheap to clone: the text is made once, not
/// for each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its IP address.
    pub address: Arc<str>,
    /// Its port.
    pub port: u16,
}

impl Peer {
    /// The peer of this address. A socket for both IPv4 and IPv6 has IPv4 addresses in the form of IPv6: those
    /// are told as IPv4.
    pub fn of(address: SocketAddr) -> Self {
        Self {
            address: address.ip().to_canonical().to_string().into(),
            port: address.port(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_in_its_own_form() {
        for (address, text) in [
            ("[::ffff:127.0.0.1]:7", "127.0.0.1"),
            ("127.0.0.1:7", "127.0.0.1"),
            ("[::1]:7", "::1"),
        ] {
            let peer = Peer::of(address.parse().expect("an address"));
            assert_eq!((&*peer.address, peer.port), (text, 7));
        }
    }
}
