//! The one way for requests to leave for URLs that somebody wrote: into a file of the operator's, or into a form.
//!
//! A host is looked up once and the addresses are used as they are, so that no second look-up gives others. Proxies of the
//! environment are not used, and redirects are not followed: both would lead where nobody has looked.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use openssl::pkey::PKey;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Identity, Url};

/// Addresses outside the link-local range at which clouds hand out credentials to whoever asks.
const METADATA: &[&str] = &[
    // Alibaba.
    "100.100.100.200",
    // Azure's agent.
    "168.63.129.16",
    // Oracle, of old.
    "192.0.0.192",
    // AWS, over IPv6.
    "fd00:ec2::254",
    // Google, over IPv6.
    "fd20:ce::254",
];

/// Where requests may go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fetcher(Arc<[Destination]>);

/// One entry of `--outbound-allow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A host, by the name that the URL has.
    Host(String),
    /// All hosts below a domain: `*.example.org`.
    Below(String),
    /// Addresses: `10.0.0.0/8`, or one alone.
    Network(IpAddr, u8),
}

/// Why a request is not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("only http and https URLs with a host are fetched")]
    NoHost,
    #[error("{host} is not among the destinations of --outbound-allow")]
    NotListed { host: String },
    #[error("{host} is {address}, where nothing is sent: {why}")]
    Refused { host: String, address: IpAddr, why: &'static str },
    #[error("cannot look up {host}: {why}")]
    LookUp { host: String, why: String },
}

impl Fetcher {
    /// One that goes to these destinations alone, or, if there are none, wherever it is not dangerous.
    pub(crate) fn to(allowed: &[Destination]) -> Self {
        Self(allowed.into())
    }

    /// The beginning of a client for the host of this URL, and for no other.
    ///
    /// # Errors
    /// Why it may not go there.
    pub(crate) async fn client(&self, url: &Url) -> Result<ClientBuilder, FetchError> {
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FetchError::NoHost)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::NoHost);
        }
        let addresses = self.resolve(host, url.port_or_known_default().unwrap_or(443)).await?;
        Ok(Client::builder()
            .user_agent(concat!("Crowsnest/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(Policy::none())
            .resolve_to_addrs(host, &addresses))
    }

    /// The addresses of a host, for what is no HTTP.
    ///
    /// # Errors
    /// Why nothing may go there.
    pub(crate) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, FetchError> {
        self.resolve(host, port).await
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, FetchError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((bare, port)).await;
        let addresses: Vec<SocketAddr> = found
            .map_err(|error| FetchError::LookUp { host: host.to_owned(), why: error.to_string() })?
            .collect();
        for address in &addresses {
            self.check(bare, address.ip())?;
        }
        Ok(addresses)
    }

    /// Whether a host that is at this address may be asked. An address that is refused counts as listed by its own network only.
    fn check(&self, host: &str, address: IpAddr) -> Result<(), FetchError> {
        let address = address.to_canonical();
        let by_network = self.0.iter().any(|allowed| allowed.has_address(address));
        if let Some(why) = refusal(address)
            && !by_network
        {
            return Err(FetchError::Refused { host: host.to_owned(), address, why });
        }
        let listed = self.0.is_empty() || by_network || self.0.iter().any(|allowed| allowed.has_host(host));
        if listed { Ok(()) } else { Err(FetchError::NotListed { host: host.to_owned() }) }
    }
}

/// Why nothing is sent to an address.
fn refusal(address: IpAddr) -> Option<&'static str> {
    let nowhere = match address {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_multicast() || v6.is_unspecified(),
    };
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    if nowhere {
        Some("it is no single machine")
    } else if link_local || METADATA.iter().any(|known| known.parse() == Ok(address)) {
        Some("clouds hand out credentials there")
    } else {
        None
    }
}

impl Destination {
    fn has_host(&self, host: &str) -> bool {
        match self {
            Self::Host(name) => name.eq_ignore_ascii_case(host),
            Self::Below(domain) => {
                let below = host.len().checked_sub(domain.len()).filter(|at| *at > 1);
                below.is_some_and(|at| {
                    host.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
                        && host.get(..at).is_some_and(|begin| begin.ends_with('.'))
                })
            }
            Self::Network(..) => false,
        }
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let prefix = |bits: u128, width: u8, length: u8| {
            bits.checked_shr(u32::from(width - length.min(width))).unwrap_or(0)
        };
        match (self, address) {
            (Self::Network(IpAddr::V4(network), length), IpAddr::V4(address)) => {
                let bits = |v4: std::net::Ipv4Addr| prefix(u128::from(v4.to_bits()), 32, *length);
                bits(*network) == bits(address)
            }
            (Self::Network(IpAddr::V6(network), length), IpAddr::V6(address)) => {
                prefix(network.to_bits(), 128, *length) == prefix(address.to_bits(), 128, *length)
            }
            _ => false,
        }
    }
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is no host (hooks.example.org), domain (*.example.org) or network (10.0.0.0/8)")
        };
        let width = |address: &IpAddr| if address.is_ipv4() { 32 } else { 128 };
        if let Some((address, length)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| wrong())?;
            let length = length.parse().ok().filter(|length| *length <= width(&address)).ok_or_else(wrong)?;
            return Ok(Self::Network(address, length));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            let length = width(&address);
            return Ok(Self::Network(address, length));
        }
        let of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
        let is_name = |name: &str| !name.is_empty() && name.len() <= 253 && name.chars().all(of_a_name);
        match text.strip_prefix("*.") {
            Some(domain) if is_name(domain) => Ok(Self::Below(domain.to_owned())),
            None if is_name(text) => Ok(Self::Host(text.to_owned())),
            _ => Err(wrong()),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Destination {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(host) => f.write_str(host),
            Self::Below(domain) => write!(f, "*.{domain}"),
            Self::Network(address, length) => write!(f, "{address}/{length}"),
        }
    }
}

/// A client certificate out of two PEM files. The key may have any of the forms in which they are found: PKCS #8, PKCS #1,
/// which kubeadm writes, or SEC 1.
///
/// # Errors
/// What is wrong with which of the two; without a word of the key.
pub(crate) fn identity(certificate: &[u8], key: &[u8]) -> Result<Identity, String> {
    // Without a callback OpenSSL would ask for the password of an encrypted key on the terminal.
    let key = PKey::private_key_from_pem_callback(key, |_| Ok(0))
        .and_then(|key| key.private_key_to_pem_pkcs8())
        .map_err(|_| "the private key is not PEM, or has a password".to_owned())?;
    Identity::from_pkcs8_pem(certificate, &key)
        .map_err(|error| format!("the client certificate cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use openssl::asn1::Asn1Time;
    use openssl::hash::MessageDigest;
    use openssl::rsa::Rsa;
    use openssl::x509::X509;

    use super::*;

    #[test]
    fn a_client_certificate_is_taken_with_its_key_in_any_form() {
        let rsa = Rsa::generate(2048).unwrap();
        let key = PKey::from_rsa(rsa.clone()).unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let certificate = builder.build().to_pem().unwrap();
        for form in [key.private_key_to_pem_pkcs8().unwrap(), rsa.private_key_to_pem().unwrap()] {
            assert!(identity(&certificate, &form).is_ok(), "{}", String::from_utf8_lossy(&form));
        }
        let locked =
            key.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_128_cbc(), b"x").unwrap();
        assert!(identity(&certificate, &locked).unwrap_err().contains("password"));
        assert!(identity(b"nothing", &key.private_key_to_pem_pkcs8().unwrap()).is_err());
    }

    fn fetcher(allowed: &[&str]) -> Fetcher {
        Fetcher::to(&allowed.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    #[track_caller]
    fn check(allowed: &[&str], host: &str, address: &str, expected: bool) {
        let found = fetcher(allowed).check(host, address.parse().unwrap());
        assert_eq!(found.is_ok(), expected, "{allowed:?} {host} {address}: {found:?}");
    }

    #[test]
    fn addresses_of_metadata_services_and_of_no_machine_are_refused() {
        for refused in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
        ] {
            check(&[], "hooks.example", refused, false);
            check(&["hooks.example", "*.example"], "hooks.example", refused, false);
        }
        for fine in ["127.0.0.1", "10.0.0.1", "192.0.2.1", "2001:db8::1"] {
            check(&[], "hooks.example", fine, true);
        }
    }

    #[test]
    fn with_a_list_nothing_else_is_asked() {
        let list = &["hooks.example.org", "*.corp.example", "10.0.0.0/8", "2001:db8::/32"];
        check(list, "hooks.example.org", "192.0.2.1", true);
        check(list, "HOOKS.example.org", "192.0.2.1", true);
        check(list, "a.corp.example", "192.0.2.1", true);
        check(list, "anything", "10.1.2.3", true);
        check(list, "anything", "2001:db8::7", true);
        for (host, address) in [
            ("example.org", "192.0.2.1"),
            ("corp.example", "192.0.2.1"),
            ("evilcorp.example", "192.0.2.1"),
            ("anything", "11.0.0.1"),
            ("anything", "2001:db9::7"),
        ] {
            check(list, host, address, false);
        }
    }

    #[test]
    fn an_address_that_is_listed_itself_is_asked_whatever_it_is() {
        check(&["169.254.10.0/24"], "node-local", "169.254.10.7", true);
        check(&["169.254.10.0/24"], "node-local", "169.254.169.254", false);
        check(&["0.0.0.0/0"], "anything", "192.0.2.1", true);
    }

    #[test]
    fn what_is_no_destination_is_refused() {
        for text in ["hooks.example.org", "*.example.org", "10.0.0.0/8", "10.0.0.1/32", "::1/128"] {
            assert_eq!(text.parse::<Destination>().unwrap().to_string(), text);
        }
        for wrong in ["", "*", "*.", "https://x", "x:80", "10.0.0.0/33", "a/8", "x/", "a b"] {
            assert!(wrong.parse::<Destination>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn only_http_goes_out_and_names_are_looked_up_once() {
        let fetch = |url: &str| {
            let url: Url = url.parse().unwrap();
            async move { Fetcher::default().client(&url).await }
        };
        assert!(fetch("http://127.0.0.1:1/").await.is_ok());
        for wrong in [
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "http://169.254.169.254/latest",
            "http://[fe80::1]/",
        ] {
            assert!(fetch(wrong).await.is_err(), "{wrong}");
        }
        // Other ways to write the same address.
        for wrong in ["http://0xa9fea9fe/", "http://2852039166/", "http://0251.0376.0251.0376/"] {
            assert!(fetch(wrong).await.is_err(), "{wrong}");
        }
    }
}
