//! Client certificates, with the private keys that belong to them.

use crowsnest_api::Timestamp;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::{X509, X509ExtendedKeyUsage, X509NameBuilder, X509Ref, X509ReqBuilder};
use serde::{Deserialize, Serialize};

use crate::{Digest, Secret};

/// The largest PKCS #12 file that is looked at; one with a chain of four RSA certificates has some ten kilobytes.
pub const MAX_PKCS12_BYTES: usize = 128 << 10;
/// Certificates of a chain that are kept.
const MAX_CHAIN: usize = 8;

/// A certificate that shows an API server who somebody is (RFC 5280), with its key; both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificate {
    /// The certificate, and after it those that lead to its authority.
    pub chain: String,
    /// Its private key, PKCS #8.
    pub key: Secret,
}

/// A certificate cannot be used to sign in.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Neither DER nor what RFC 7292 says is in it.
    #[error("this is no PKCS #12 file (.p12 or .pfx)")]
    NotPkcs12,
    /// More than [`MAX_PKCS12_BYTES`].
    #[error("this file has more than {MAX_PKCS12_BYTES} bytes; export the certificate and its key alone")]
    TooLarge,
    /// The file's checksum does not fit the password.
    #[error("the password of the file is wrong")]
    Password,
    /// There is nothing to sign with.
    #[error("the file has no private key; export the certificate together with its key")]
    NoKey,
    /// There is nobody to be.
    #[error("the file has no certificate for its private key")]
    NoCertificate,
    /// The text is not PEM, or not of a certificate.
    #[error("{0} is not what PEM files hold: {1}")]
    Pem(&'static str, ErrorStack),
    /// The key is another one's.
    #[error("the private key does not belong to the certificate")]
    OtherKey,
    /// It is over.
    #[error("the certificate has expired ({0}); ask for a new one")]
    Expired(String),
    /// It has not begun, or a clock is wrong.
    #[error("the certificate is not valid yet (from {0}); is the clock right?")]
    NotYet(String),
    /// Made for servers, say.
    #[error("the certificate is not for signing in: its extended key usage lacks client authentication")]
    Usage,
    /// No common name.
    #[error("the certificate names no user: its subject has no common name (CN)")]
    Nameless,
    /// Or of another cluster.
    #[error(
        "the certificate is signed by another authority than the cluster's; is it for another cluster, or from before its \
         authority was renewed?"
    )]
    Untrusted,
    /// On the list of [`DeniedCertificates`](crate::DeniedCertificates).
    #[error("the certificate has been revoked here; ask for a new one")]
    Denied,
    /// Its names are no user's.
    #[error("{0}")]
    Unspeakable(String),
    /// Anything else that OpenSSL does not like.
    #[error("OpenSSL cannot use the certificate: {0}")]
    OpenSsl(#[from] ErrorStack),
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateClaims {
    /// The common name: Kubernetes' name of the user.
    pub user: String,
    /// The organizations: Kubernetes' groups.
    pub groups: Vec<String>,
    /// When it ends.
    pub ends: Timestamp,
}

impl ClientCertificate {
    /// Reads a certificate (its chain may follow) and its key, both PEM.
    ///
    /// # Errors
    /// When they are not, or do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain =
            X509::stack_from_pem(chain).map_err(|error| CertificateError::Pem("the certificate", error))?;
        let key = PKey::private_key_from_pem_callback(key, |_| Ok(0))
            .map_err(|error| CertificateError::Pem("the private key", error))?;
        Self::new(&chain, &key)
    }

    /// Opens a PKCS #12 file.
    ///
    /// The file says how often its password is hashed, and old ones want ciphers that OpenSSL only has once the
    /// [legacy provider](load_legacy_ciphers) is loaded; both are reasons to do this in a process of its own.
    ///
    /// # Errors
    /// When it is none, the password is wrong, or there is no certificate with its key in it.
    pub fn from_pkcs12(der: &[u8], password: &str) -> Result<Self, CertificateError> {
        if der.len() > MAX_PKCS12_BYTES {
            return Err(CertificateError::TooLarge);
        }
        let file = Pkcs12::from_der(der).map_err(|_| CertificateError::NotPkcs12)?;
        let parts = file.parse2(password).map_err(|error| {
            let wrong = error.errors().iter().any(|error| error.reason() == Some("mac verify failure"));
            if wrong { CertificateError::Password } else { CertificateError::OpenSsl(error) }
        })?;
        let key = parts.pkey.ok_or(CertificateError::NoKey)?;
        let mut chain = vec![parts.cert.ok_or(CertificateError::NoCertificate)?];
        chain.extend(parts.ca.into_iter().flatten());
        Self::new(&chain, &key)
    }

    fn new(chain: &[X509], key: &PKey<Private>) -> Result<Self, CertificateError> {
        let own = chain.first().ok_or(CertificateError::NoCertificate)?;
        if !own.public_key()?.public_eq(key) {
            return Err(CertificateError::OtherKey);
        }
        let mut pem = Vec::new();
        for certificate in chain.iter().take(MAX_CHAIN) {
            pem.extend(certificate.to_pem()?);
        }
        let text = |pem: Vec<u8>| String::from_utf8_lossy(&pem).into_owned();
        Ok(Self { chain: text(pem), key: Secret::new(text(key.private_key_to_pem_pkcs8()?)) })
    }

    /// A PKCS #12 file, as browsers and keychains take it. Triple DES and SHA-1 around the key, because macOS knows nothing
    /// newer (and refuses an empty password): what protects it is a good password.
    ///
    /// # Errors
    /// When OpenSSL cannot make one.
    pub fn to_pkcs12(&self, name: &str, password: &str) -> Result<Vec<u8>, CertificateError> {
        let mut chain = X509::stack_from_pem(self.chain.as_bytes())?.into_iter();
        let own = chain.next().ok_or(CertificateError::NoCertificate)?;
        let key = PKey::private_key_from_pem(self.key.reveal().as_bytes())?;
        let mut others = Stack::new()?;
        for certificate in chain {
            others.push(certificate)?;
        }
        let mut builder = Pkcs12::builder();
        builder.name(name).pkey(&key).cert(&own).ca(others);
        builder.key_algorithm(Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC);
        builder.cert_algorithm(Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC);
        builder.mac_md(MessageDigest::sha1());
        Ok(builder.build2(password)?.to_der()?)
    }

    /// Whether it can show who somebody is at `now`, and whom. Who signed it is for whoever accepts it to check.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, now: Timestamp) -> Result<CertificateClaims, CertificateError> {
        let certificate = X509::from_pem(self.chain.as_bytes())?;
        check(&certificate, now)
    }

    /// Tells certificates apart, and tells nothing about them. The key counts: who has the certificate alone, which is
    /// no secret, is not its owner.
    pub fn fingerprint(&self) -> String {
        Digest::of([self.chain.as_str(), self.key.reveal()].concat().as_bytes()).to_hex()
    }

    /// When it ends; `None` if that cannot be read.
    pub fn ends(&self) -> Option<Timestamp> {
        let certificate = X509::from_pem(self.chain.as_bytes()).ok()?;
        seconds(certificate.not_after()).ok().map(|end| Timestamp::from_millis(end * 1000))
    }
}

/// Whether a certificate can show who somebody is at `now`, and whom.
///
/// # Errors
/// Why not.
pub(crate) fn check(certificate: &X509Ref, now: Timestamp) -> Result<CertificateClaims, CertificateError> {
    let now = now.millis().div_euclid(1000);
    let (begins, ends) = (seconds(certificate.not_before())?, seconds(certificate.not_after())?);
    if now > ends {
        return Err(CertificateError::Expired(certificate.not_after().to_string()));
    }
    if now < begins {
        return Err(CertificateError::NotYet(certificate.not_before().to_string()));
    }
    // Without the extension a certificate is for everything.
    let uses = certificate.extended_key_usage();
    if uses
        .is_some_and(|uses| !uses.intersects(X509ExtendedKeyUsage::SSL_CLIENT | X509ExtendedKeyUsage::ANYEKU))
    {
        return Err(CertificateError::Usage);
    }
    let entries = |nid| {
        let entries = certificate.subject_name().entries_by_nid(nid);
        entries.filter_map(|entry| entry.data().to_string().ok()).collect::<Vec<String>>()
    };
    let user = entries(Nid::COMMONNAME).into_iter().next().filter(|name| !name.is_empty());
    Ok(CertificateClaims {
        user: user.ok_or(CertificateError::Nameless)?,
        groups: entries(Nid::ORGANIZATIONNAME),
        ends: Timestamp::from_millis(ends * 1000),
    })
}

/// A new key (PKCS #8, PEM), and a request for a certificate with it (PKCS #10, PEM) that names a user and groups.
///
/// # Errors
/// When there is no randomness, or a name is longer than certificates allow.
pub fn signing_request(user: &str, groups: &[String]) -> Result<(Secret, Vec<u8>), ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
    let mut name = X509NameBuilder::new()?;
    for group in groups {
        name.append_entry_by_nid(Nid::ORGANIZATIONNAME, group)?;
    }
    name.append_entry_by_nid(Nid::COMMONNAME, user)?;
    let mut request = X509ReqBuilder::new()?;
    request.set_subject_name(&name.build())?;
    request.set_pubkey(&key)?;
    request.sign(&key, MessageDigest::sha256())?;
    let pem = key.private_key_to_pem_pkcs8()?;
    Ok((Secret::new(String::from_utf8_lossy(&pem).into_owned()), request.build().to_pem()?))
}

/// Seconds since the Unix epoch.
fn seconds(time: &Asn1TimeRef) -> Result<i64, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days) * 86_400 + i64::from(since.secs))
}

/// Lets OpenSSL read PKCS #12 files of old programs (RC2 and the like), from now on and in the whole process. Where
/// OpenSSL comes without these ciphers, such files go on being refused.
pub fn load_legacy_ciphers() {
    static LOADED: std::sync::OnceLock<Option<openssl::provider::Provider>> = std::sync::OnceLock::new();
    // Kept for ever: they go away again with the provider.
    LOADED.get_or_init(|| openssl::provider::Provider::try_load(None, "legacy", true).ok());
}

#[cfg(test)]
pub(crate) mod tests {
    use openssl::x509::X509Builder;
    use openssl::x509::extension::ExtendedKeyUsage;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// A self-signed certificate that is valid for an hour around [`NOW`], moved by `shift` seconds.
    pub(crate) fn made(
        names: &[(Nid, &str)],
        usage: Option<ExtendedKeyUsage>,
        shift: i64,
    ) -> (X509, PKey<Private>) {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut name = X509NameBuilder::new().unwrap();
        for (nid, text) in names {
            name.append_entry_by_nid(*nid, text).unwrap();
        }
        let name = name.build();
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(2).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(NOW + shift - 1800).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(NOW + shift + 1800).unwrap()).unwrap();
        if let Some(usage) = usage {
            builder.append_extension(usage.build().unwrap()).unwrap();
        }
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        (builder.build(), key)
    }

    const ALICE: &[(Nid, &str)] =
        &[(Nid::ORGANIZATIONNAME, "devs"), (Nid::ORGANIZATIONNAME, "ops"), (Nid::COMMONNAME, "alice")];

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW * 1000)
    }

    fn client() -> Option<ExtendedKeyUsage> {
        let mut usage = ExtendedKeyUsage::new();
        usage.client_auth();
        Some(usage)
    }

    #[test]
    fn a_certificate_names_its_user_its_groups_and_its_end() {
        for usage in [None, client()] {
            let (certificate, key) = made(ALICE, usage, 0);
            let (pem, key) = (certificate.to_pem().unwrap(), key.private_key_to_pem_pkcs8().unwrap());
            let read = ClientCertificate::from_pem(&pem, &key).unwrap();
            let claims = read.check(now()).unwrap();
            assert_eq!((claims.user.as_str(), claims.groups), ("alice", vec!["devs".into(), "ops".into()]));
            assert_eq!(claims.ends, now().plus_millis(1_800_000));
            assert_eq!(read.ends(), Some(claims.ends));
            assert!(!format!("{read:?}").contains("PRIVATE KEY"));
        }
    }

    #[test]
    fn a_certificate_that_signs_nobody_in_is_told_why() {
        let server = || {
            let mut usage = ExtendedKeyUsage::new();
            usage.server_auth();
            Some(usage)
        };
        let nameless: &[(Nid, &str)] = &[(Nid::ORGANIZATIONNAME, "devs")];
        for (names, usage, shift, why) in [
            (ALICE, client(), -7200, "has expired"),
            (ALICE, client(), 7200, "not valid yet"),
            (ALICE, server(), 0, "client authentication"),
            (nameless, client(), 0, "no common name"),
        ] {
            let said = check(&made(names, usage, shift).0, now()).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (certificate, _) = made(ALICE, None, 0);
        let (_, other) = made(ALICE, None, 0);
        let (pem, key) = (certificate.to_pem().unwrap(), other.private_key_to_pem_pkcs8().unwrap());
        assert!(matches!(ClientCertificate::from_pem(&pem, &key), Err(CertificateError::OtherKey)));
        assert!(matches!(ClientCertificate::from_pem(b"x", &key), Err(CertificateError::NoCertificate)));
        assert!(matches!(ClientCertificate::from_pem(&pem, b"x"), Err(CertificateError::Pem(..))));
    }

    #[test]
    fn a_pkcs12_file_opens_with_its_password_and_no_other() {
        let (certificate, key) = made(ALICE, client(), 0);
        let file = Pkcs12::builder().pkey(&key).cert(&certificate).build2("secret").unwrap();
        let der = file.to_der().unwrap();
        let read = ClientCertificate::from_pkcs12(&der, "secret").unwrap();
        assert_eq!(read.check(now()).unwrap().user, "alice");
        assert!(matches!(ClientCertificate::from_pkcs12(&der, "other"), Err(CertificateError::Password)));
        assert!(matches!(ClientCertificate::from_pkcs12(b"junk", ""), Err(CertificateError::NotPkcs12)));
        let large = vec![0; MAX_PKCS12_BYTES + 1];
        assert!(matches!(ClientCertificate::from_pkcs12(&large, ""), Err(CertificateError::TooLarge)));
    }

    #[test]
    fn a_pkcs12_file_that_was_written_is_read_again() {
        let (certificate, key) = made(ALICE, client(), 0);
        let (pem, key) = (certificate.to_pem().unwrap(), key.private_key_to_pem_pkcs8().unwrap());
        let written = ClientCertificate::from_pem(&pem, &key).unwrap();
        let der = written.to_pkcs12("alice", "secret").unwrap();
        assert_eq!(ClientCertificate::from_pkcs12(&der, "secret").unwrap(), written);
    }

    #[test]
    fn a_pkcs12_file_without_a_key_is_told_what_it_lacks() {
        let (certificate, _) = made(ALICE, None, 0);
        let der = Pkcs12::builder().cert(&certificate).build2("secret").unwrap().to_der().unwrap();
        assert!(matches!(ClientCertificate::from_pkcs12(&der, "secret"), Err(CertificateError::NoKey)));
    }

    #[test]
    fn a_pkcs12_file_of_an_old_program_opens_where_the_ciphers_are_there() {
        load_legacy_ciphers();
        let (certificate, key) = made(ALICE, client(), 0);
        let file = Pkcs12::builder()
            .pkey(&key)
            .cert(&certificate)
            .key_algorithm(Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC)
            .cert_algorithm(Nid::PBE_WITHSHA1AND40BITRC2_CBC)
            .mac_md(MessageDigest::sha1())
            .build2("secret")
            .unwrap();
        let read = ClientCertificate::from_pkcs12(&file.to_der().unwrap(), "secret").unwrap();
        assert_eq!(read.check(now()).unwrap().user, "alice");
    }
}
