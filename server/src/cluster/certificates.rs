//! When certificates end: what the API server shows, what cert-manager keeps, what was signed, and what TLS Secrets hold.
//!
//! All of it is read as the user. Of a Secret only `tls.crt` is taken out of the answer, and of that only whom it names and when it ends.

use std::pin::Pin;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crowsnest_api::about::{Certificate, CertificateOf};
use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_rbac::Credential;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::nid::Nid;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use openssl::x509::{X509, X509NameRef, X509Ref};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::{Cluster, ClusterError};

/// A handshake takes no longer.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Pages that are read of a list.
const MAX_PAGES: usize = 4;
const DAY: f64 = 86_400.0;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Name {
    name: String,
    namespace: String,
}

/// A Secret of type `kubernetes.io/tls`, as far as it is looked at: never its key.
#[derive(Deserialize)]
struct TlsSecret {
    metadata: Name,
    #[serde(default)]
    data: TlsData,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TlsData {
    #[serde(rename = "tls.crt")]
    certificate: String,
}

/// A CertificateSigningRequest.
#[derive(Deserialize)]
struct Request {
    metadata: Name,
    #[serde(default)]
    status: Signed,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Signed {
    certificate: String,
}

/// A `Certificate` of cert-manager.
#[derive(Deserialize)]
struct Managed {
    metadata: Name,
    #[serde(default)]
    status: ManagedStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ManagedStatus {
    not_after: Option<jiff::Timestamp>,
}

impl Cluster {
    /// The certificate that the API server shows, looked at without believing it; no request is made over that connection.
    pub(crate) async fn shown_certificate(&self) -> Option<X509> {
        let (host, port) = self.source.host()?;
        shown_by(&host, port).await
    }

    /// Certificates of signing requests and of cert-manager, as far as the user may read them. What may not be read is added to `unread`.
    pub(crate) async fn kept_certificates(
        &self,
        credential: &Credential,
        scopes: &[Scope],
        unread: &mut Vec<String>,
    ) -> Result<Vec<Certificate>, ClusterError> {
        let mut found = Vec::new();
        let requests: Vec<Request> = self
            .all(
                credential,
                ("certificates.k8s.io", "certificatesigningrequests"),
                &Scope::CLUSTER,
                "",
                unread,
            )
            .await?;
        found.extend(requests.into_iter().filter_map(|request| {
            let certificate = first_of(&request.status.certificate)?;
            let name = request.metadata.name;
            Some(Certificate { name, ..seen(CertificateOf::SigningRequest, &certificate)? })
        }));
        for scope in scopes {
            let managed: Vec<Managed> =
                self.all(credential, ("cert-manager.io", "certificates"), scope, "", unread).await?;
            found.extend(managed.into_iter().filter_map(|one| {
                let ends = one.status.not_after?.as_millisecond() as f64 / 1e3;
                let Name { name, namespace } = one.metadata;
                Some(Certificate {
                    of: CertificateOf::CertManager,
                    namespace,
                    name,
                    issuer: String::new(),
                    ends,
                })
            }));
        }
        Ok(found)
    }

    /// Those in Secrets of type `kubernetes.io/tls`.
    pub(crate) async fn secret_certificates(
        &self,
        credential: &Credential,
        scopes: &[Scope],
        unread: &mut Vec<String>,
    ) -> Result<Vec<Certificate>, ClusterError> {
        let mut found = Vec::new();
        for scope in scopes {
            let secrets: Vec<TlsSecret> =
                self.all(credential, ("", "secrets"), scope, "type=kubernetes.io/tls", unread).await?;
            found.extend(secrets.into_iter().filter_map(|secret| {
                let certificate = first_of(&secret.data.certificate)?;
                let Name { name, namespace } = secret.metadata;
                Some(Certificate { namespace, name, ..seen(CertificateOf::Secret, &certificate)? })
            }));
        }
        Ok(found)
    }

    /// All objects of a kind, or none and why. What is not served is nothing that could not be read.
    async fn all<T: DeserializeOwned + Send + 'static>(
        &self,
        credential: &Credential,
        (group, resource): (&str, &str),
        scope: &Scope,
        fields: &str,
        unread: &mut Vec<String>,
    ) -> Result<Vec<T>, ClusterError> {
        let kind =
            Kind::new(group, "v1", resource).map_err(|error| ClusterError::Answer(error.to_string()))?;
        match self.readable(credential, (&kind, scope, fields), MAX_PAGES, unread).await {
            Err(error) if error.code() == Some(404) => Ok(Vec::new()),
            read => read,
        }
    }
}

/// The certificate that is shown at an address, looked at without believing it.
pub(crate) async fn shown_by(host: &str, port: u16) -> Option<X509> {
    let look = async {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).ok()?;
        builder.set_verify(SslVerifyMode::NONE);
        let mut configuration = builder.build().configure().ok()?;
        configuration.set_verify_hostname(false);
        let ssl = configuration.into_ssl(host).ok()?;
        let stream = TcpStream::connect((host, port)).await.ok()?;
        let mut stream = SslStream::new(ssl, stream).ok()?;
        Pin::new(&mut stream).connect().await.ok()?;
        stream.ssl().peer_certificate()
    };
    tokio::time::timeout(HANDSHAKE, look).await.ok().flatten()
}

/// The first certificate of PEM in base64.
fn first_of(encoded: &str) -> Option<X509> {
    X509::from_pem(&STANDARD.decode(encoded).ok()?).ok()
}

/// What is told of a certificate.
pub(crate) fn seen(of: CertificateOf, certificate: &X509Ref) -> Option<Certificate> {
    let name_of = |name: &X509NameRef| {
        let entry = name.entries_by_nid(Nid::COMMONNAME).next();
        let entry = entry.or_else(|| name.entries().next());
        entry.and_then(|entry| entry.data().to_string().ok()).unwrap_or_default()
    };
    Some(Certificate {
        of,
        namespace: String::new(),
        name: name_of(certificate.subject_name()),
        issuer: name_of(certificate.issuer_name()),
        ends: seconds(certificate.not_after())?,
    })
}

fn seconds(time: &Asn1TimeRef) -> Option<f64> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    Some(f64::from(since.days) * DAY + f64::from(since.secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_told_by_its_common_name_and_its_end() {
        let key = openssl::pkey::PKey::from_ec_key(
            openssl::ec::EcKey::generate(
                &openssl::ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap(),
            )
            .unwrap(),
        )
        .unwrap();
        let mut name = openssl::x509::X509NameBuilder::new().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, "shop.example.org").unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_subject_name(&name.build()).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(1_900_000_123).unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.sign(&key, openssl::hash::MessageDigest::sha256()).unwrap();
        let pem = STANDARD.encode(builder.build().to_pem().unwrap());
        let told = seen(CertificateOf::Secret, &first_of(&pem).unwrap()).unwrap();
        assert_eq!((told.name.as_str(), told.ends), ("shop.example.org", 1_900_000_123.0));
        assert!(first_of("not base64").is_none() && first_of(&STANDARD.encode("no PEM")).is_none());
    }

    #[test]
    fn the_key_of_a_secret_is_not_even_read() {
        let secret: TlsSecret = serde_json::from_str(
            r#"{"metadata":{"name":"a","namespace":"b"},"data":{"tls.crt":"x","tls.key":"y"}}"#,
        )
        .unwrap();
        assert_eq!((secret.metadata.name.as_str(), secret.data.certificate.as_str()), ("a", "x"));
    }
}
