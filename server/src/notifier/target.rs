//! Where requests may go.

use std::net::{IpAddr, SocketAddr};

/// The addresses of a host, if notifications may go there.
///
/// Link-local addresses are refused, for clouds hand out credentials there to whoever asks; so are those that are no
/// single machine. The addresses are looked up once and used as they are, so that no second look-up gives others.
pub(super) async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((bare, port)).await;
    let addresses: Vec<SocketAddr> =
        found.map_err(|error| format!("cannot look up {host}: {error}"))?.collect();
    match addresses.iter().find(|address| is_refused(address.ip())) {
        Some(address) => Err(format!("{host} is {}, where notifications are not sent", address.ip())),
        None => Ok(addresses),
    }
}

fn is_refused(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_refused(IpAddr::V4(v4)),
            None => v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_metadata_services_and_of_no_machine_are_refused() {
        for refused in
            ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1"]
        {
            assert!(is_refused(refused.parse().unwrap()), "{refused}");
        }
        for allowed in ["127.0.0.1", "10.0.0.1", "192.0.2.1", "2001:db8::1"] {
            assert!(!is_refused(allowed.parse().unwrap()), "{allowed}");
        }
    }
}
