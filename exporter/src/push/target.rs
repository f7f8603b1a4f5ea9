//! Where to push: the server's URL, taken apart and checked, and whom to trust there.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use http::Uri;
use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslConnectorBuilder, SslFiletype, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

/// The path of remote write below the server's base URL.
const WRITE_PATH: &str = "api/v1/write";

/// Whether the token and the samples may travel without TLS to other machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// To this machine only.
    LoopbackOnly,
    /// Anywhere; somebody said so.
    Anywhere,
}

/// A checked destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name or address, as TLS verifies it; without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The request's path.
    pub path: String,
    /// The `Host` header.
    pub authority: String,
    /// How the server is known.
    pub trust: Trust,
    /// The certificate that is shown to the server, if it wants one.
    pub identity: Option<ClientIdentity>,
}

/// A client certificate. Both files are read again for every connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// PEM file with the certificate and those of its issuers.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
}

/// How the server is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Not at all: plain HTTP.
    Plain,
    /// By the certificate authorities of the system.
    System,
    /// By the certificate authorities in this PEM file and no others.
    File(PathBuf),
}

/// Why a destination cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The URL is not one.
    #[error("{url:?} is not a URL like https://crowsnest.example:8443/")]
    Malformed {
        /// The URL.
        url: String,
    },
    /// The URL holds credentials, a query or a fragment.
    #[error("the server's URL must not hold {what}")]
    Superfluous {
        /// What it must not hold.
        what: &'static str,
    },
    /// Samples and token would travel in the clear.
    #[error("plain http:// to {host} would send the token in the clear; use https://, or --allow-plain-http")]
    Plain {
        /// The host.
        host: String,
    },
    /// The CA file cannot be read.
    #[error("cannot read the CA file {}", path.display())]
    ReadCa {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The CA file holds no usable certificate.
    #[error("the CA file {} holds no PEM certificate", path.display())]
    NoCa {
        /// The file.
        path: PathBuf,
    },
    /// The client certificate or its key cannot be used.
    #[error("cannot use the client certificate {} with the key {}", certificate.display(), key.display())]
    Identity {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why not.
        source: ErrorStack,
    },
    /// OpenSSL refuses.
    #[error("cannot set up TLS")]
    Tls(#[from] ErrorStack),
}

impl Target {
    /// The destination below the base `url`; `ca` replaces the system's certificate authorities.
    pub fn new(url: &str, ca: Option<&Path>, plain: PlainHttp) -> Result<Self, TargetError> {
        let malformed = || TargetError::Malformed { url: without_credentials(url) };
        if url.contains('#') {
            return Err(TargetError::Superfluous { what: "a fragment" });
        }
        let uri: Uri = url.parse().map_err(|_| malformed())?;
        let authority = uri.authority().ok_or_else(malformed)?;
        if authority.as_str().contains('@') {
            return Err(TargetError::Superfluous { what: "credentials; put the token into a file" });
        }
        if uri.query().is_some() {
            return Err(TargetError::Superfluous { what: "a query" });
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (trust, default_port) = match (uri.scheme_str(), ca) {
            (Some("http"), _) if plain == PlainHttp::Anywhere || is_loopback(&host) => (Trust::Plain, 80),
            (Some("http"), _) => return Err(TargetError::Plain { host }),
            (Some("https"), None) => (Trust::System, 443),
            (Some("https"), Some(file)) => (Trust::File(file.to_owned()), 443),
            _ => return Err(malformed()),
        };
        let target = Self {
            port: authority.port_u16().unwrap_or(default_port),
            path: format!("{}/{WRITE_PATH}", uri.path().trim_end_matches('/')),
            authority: authority.as_str().to_owned(),
            host,
            trust,
            identity: None,
        };
        // Finds a wrong CA file at the start and not at the first push.
        target.tls()?;
        Ok(target)
    }

    /// The same with a client certificate.
    pub fn with_identity(self, identity: Option<ClientIdentity>) -> Result<Self, TargetError> {
        if identity.is_some() && self.trust == Trust::Plain {
            return Err(TargetError::Superfluous { what: "http:// with a client certificate; use https://" });
        }
        let target = Self { identity, ..self };
        target.tls()?;
        Ok(target)
    }

    /// What TLS needs, `None` for plain HTTP. Made anew for every connection: a CA file that was replaced counts from
    /// then on, and nothing stays in memory in between.
    pub(super) fn tls(&self) -> Result<Option<SslConnector>, TargetError> {
        let file = match &self.trust {
            Trust::Plain => return Ok(None),
            Trust::System => None,
            Trust::File(path) => Some(path),
        };
        let mut builder = client_tls(file.map(PathBuf::as_path))?;
        if let Some(identity) = &self.identity {
            identity.apply(&mut builder).map_err(|source| TargetError::Identity {
                certificate: identity.certificate.clone(),
                key: identity.key.clone(),
                source,
            })?;
        }
        Ok(Some(builder.build()))
    }
}

impl ClientIdentity {
    fn apply(&self, builder: &mut SslConnectorBuilder) -> Result<(), ErrorStack> {
        builder.set_certificate_chain_file(&self.certificate)?;
        builder.set_private_key_file(&self.key, SslFiletype::PEM)?;
        builder.check_private_key()
    }
}

/// TLS 1.2 or newer with servers that the system's certificate authorities know, or those in the file and no others.
pub(crate) fn client_tls(ca: Option<&Path>) -> Result<SslConnectorBuilder, TargetError> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_verify(SslVerifyMode::PEER);
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    if let Some(path) = ca {
        let pem = fs::read(path).map_err(|source| TargetError::ReadCa { path: path.to_owned(), source })?;
        let certificates = X509::stack_from_pem(&pem).unwrap_or_default();
        if certificates.is_empty() {
            return Err(TargetError::NoCa { path: path.to_owned() });
        }
        let mut store = X509StoreBuilder::new()?;
        for certificate in certificates {
            store.add_cert(certificate)?;
        }
        builder.set_cert_store(store.build());
    }
    Ok(builder)
}

pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A URL for an error message.
fn without_credentials(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, String> {
        Target::new(url, None, PlainHttp::LoopbackOnly).map_err(|error| error.to_string())
    }

    #[test]
    fn the_write_path_is_added_to_any_base_path() {
        for (url, path) in [
            ("http://127.0.0.1:8080", "/api/v1/write"),
            ("http://localhost/", "/api/v1/write"),
            ("http://[::1]:80/p/q/", "/p/q/api/v1/write"),
        ] {
            assert_eq!(target(url).unwrap().path, path);
        }
        assert_eq!(target("http://[::1]:81/").unwrap().host, "::1");
        assert_eq!(target("https://example.org").unwrap().port, 443);
    }

    #[test]
    fn plain_http_is_for_loopback_unless_allowed() {
        assert!(target("http://example.org").unwrap_err().contains("in the clear"));
        assert!(Target::new("http://example.org", None, PlainHttp::Anywhere).is_ok());
    }

    #[test]
    fn urls_that_are_none_or_hold_secrets_are_refused_without_repeating_the_secret() {
        for url in ["", "example.org:8443", "ftp://example.org", "https:///x"] {
            assert!(target(url).is_err(), "{url}");
        }
        let error = target("https://user:secret@example.org").unwrap_err();
        assert!(!error.contains("secret"), "{error}");
        assert!(target("https://example.org/?a=b").unwrap_err().contains("a query"));
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, "not PEM").unwrap();
        let refused =
            |path: &Path| Target::new("https://localhost", Some(path), PlainHttp::LoopbackOnly).unwrap_err();
        assert!(matches!(refused(&path), TargetError::NoCa { .. }));
        assert!(matches!(refused(&folder.path().join("none")), TargetError::ReadCa { .. }));
    }
}
