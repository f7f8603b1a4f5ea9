//! Where the server's certificate comes from: the operator's files, or a small CA of our own in the data folder.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder, X509Ref};
use tracing::info;

use super::authority;
use super::tls::Certificate;
use crate::data_dir::{write_private, write_public};

/// Browsers refuse server certificates that are good for more than 398 days.
const SERVER_DAYS: u32 = 365;
/// Names of one certificate, which every handshake sends.
const MAX_NAMES: usize = 512;
/// A certificate that ends sooner is made anew.
const RENEW_DAYS: u32 = 30;

/// Makes or reads the server's certificate.
pub(crate) enum CertificateStore {
    /// Files of the operator's.
    Files {
        /// Certificate chain, PEM.
        cert: PathBuf,
        /// Private key, PEM.
        key: PathBuf,
    },
    /// Our own CA, `ca.crt`, and the certificate it has signed, `server.crt`, in `folder`.
    Own {
        /// The folder.
        folder: PathBuf,
        /// The address the server listens on.
        address: IpAddr,
        /// What else it is called.
        names: Vec<String>,
    },
}

impl CertificateStore {
    /// The certificate to show now. Our own is made, or made anew, when it is missing, ends soon, or does not name
    /// this machine any more, or one of `more`.
    pub(crate) fn load(&self, more: &[String]) -> anyhow::Result<Certificate> {
        match self {
            Self::Files { cert, key } => read(cert, key),
            Self::Own { folder, address, names } => {
                let names = subject_names(*address, names.iter().chain(more));
                let ca = authority::signing(folder)?;
                let (cert, key) = (folder.join("server.crt"), folder.join("server.key"));
                if cert.exists() {
                    let current = read(&cert, &key)?;
                    if current.chain.first().is_some_and(|own| is_good(own, &ca) && is_for(own, &names)) {
                        return Ok(current);
                    }
                }
                let made = issue_server(&ca, &names).context("cannot make a server certificate")?;
                save(&cert, &key, &made)?;
                info!(file = %cert.display(), names = names.join(","), "made a server certificate");
                Ok(made)
            }
        }
    }

    /// The CA that clients must trust: our own, or `ca.crt` beside the operator's certificate, where cert-manager has it.
    pub(crate) fn ca_file(&self) -> Option<PathBuf> {
        match self {
            Self::Files { cert, .. } => Some(cert.with_file_name("ca.crt")).filter(|file| file.exists()),
            Self::Own { folder, .. } => Some(folder.join("ca.crt")),
        }
    }
}

/// The names a client may use for this machine.
fn subject_names<'a>(address: IpAddr, more: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let hostname = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    // A name that is not one would make OpenSSL refuse the whole certificate.
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    names.extend(hostname.filter(|name| !name.is_empty() && name.chars().all(is_name)));
    if !address.is_unspecified() {
        names.push(address.to_string());
    }
    names.extend(more.cloned());
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if unique.len() < MAX_NAMES && !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}

fn read(cert: &Path, key: &Path) -> anyhow::Result<Certificate> {
    let pem = fs::read(cert).with_context(|| format!("cannot read the certificate {}", cert.display()))?;
    let chain =
        X509::stack_from_pem(&pem).with_context(|| format!("{} is not a PEM certificate", cert.display()))?;
    ensure!(!chain.is_empty(), "{} has no certificate in it", cert.display());
    let pem = fs::read(key).with_context(|| format!("cannot read the private key {}", key.display()))?;
    let key =
        PKey::private_key_from_pem(&pem).with_context(|| format!("{} is not a PEM key", key.display()))?;
    Ok(Certificate { chain, key })
}

fn save(cert: &Path, key: &Path, made: &Certificate) -> anyhow::Result<()> {
    // The key first: a certificate without its key would be taken for a good one after a crash.
    write_private(key, &made.key.private_key_to_pem_pkcs8()?)?;
    let mut pem = Vec::new();
    for certificate in &made.chain {
        pem.extend(certificate.to_pem()?);
    }
    write_public(cert, &pem)
}

/// Whether a certificate is good for more than some days.
pub(super) fn lasts(certificate: &X509Ref, days: u32) -> bool {
    Asn1Time::days_from_now(days).is_ok_and(|soon| certificate.not_after() > soon)
}

/// Whether our certificate is one of this authority's, and another of its would not last longer.
fn is_good(own: &X509Ref, ca: &Certificate) -> bool {
    let ends_with_it = ca.chain.first().is_some_and(|ca| own.not_after() >= ca.not_after());
    let is_signed = own.verify(&ca.key).unwrap_or(false);
    // A refusal leaves its reason behind for whatever TLS this thread does next.
    drop(ErrorStack::get());
    is_signed && (lasts(own, RENEW_DAYS) || ends_with_it)
}

fn is_for(certificate: &X509, names: &[String]) -> bool {
    let Some(alternatives) = certificate.subject_alt_names() else { return false };
    names.iter().all(|name| {
        alternatives.iter().any(|alternative| match name.parse::<IpAddr>() {
            Ok(IpAddr::V4(v4)) => alternative.ipaddress() == Some(&v4.octets()),
            Ok(IpAddr::V6(v6)) => alternative.ipaddress() == Some(&v6.octets()),
            Err(_) => alternative.dnsname() == Some(name),
        })
    })
}

fn issue_server(ca: &Certificate, names: &[String]) -> anyhow::Result<Certificate> {
    let issuer = ca.chain.first().context("the CA has no certificate")?;
    let key = new_key()?;
    let own = Asn1Time::days_from_now(SERVER_DAYS)?;
    // Clients refuse what outlives its authority as soon as that has ended.
    let ends = if own > *issuer.not_after() { issuer.not_after() } else { &own };
    let mut builder = new_certificate("crowsnest", ends, &key)?;
    builder.set_issuer_name(issuer.subject_name())?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    let mut alternatives = SubjectAlternativeName::new();
    for name in names {
        match name.parse::<IpAddr>() {
            Ok(_) => alternatives.ip(name),
            Err(_) => alternatives.dns(name),
        };
    }
    let context = builder.x509v3_context(Some(issuer), None);
    let extensions = [
        alternatives.build(&context)?,
        SubjectKeyIdentifier::new().build(&context)?,
        AuthorityKeyIdentifier::new().keyid(true).build(&context)?,
    ];
    for extension in extensions {
        builder.append_extension(extension)?;
    }
    builder.sign(&ca.key, MessageDigest::sha256())?;
    Ok(Certificate { chain: vec![builder.build(), issuer.clone()], key })
}

pub(super) fn new_key() -> anyhow::Result<PKey<Private>> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
}

pub(super) fn new_certificate(
    common_name: &str,
    ends: &Asn1TimeRef,
    key: &PKey<Private>,
) -> anyhow::Result<X509Builder> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::ONE, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    let begins = Asn1Time::days_from_now(0)?;
    builder.set_not_before(&begins)?;
    builder.set_not_after(ends)?;
    let subject = name(common_name)?;
    builder.set_subject_name(&subject)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

pub(super) fn name(common_name: &str) -> anyhow::Result<openssl::x509::X509Name> {
    let mut builder = X509NameBuilder::new()?;
    builder.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(builder.build())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn own(folder: &Path, address: [u8; 4]) -> CertificateStore {
        CertificateStore::Own {
            folder: folder.to_owned(),
            address: Ipv4Addr::from(address).into(),
            names: vec!["crowsnest.crowsnest.svc".to_owned()],
        }
    }

    fn serial(certificate: &Certificate) -> String {
        certificate.chain[0].serial_number().to_bn().unwrap().to_string()
    }

    #[test]
    fn a_certificate_is_made_once_and_kept_with_private_keys() {
        let dir = tempfile::tempdir().unwrap();
        let store = own(dir.path(), [127, 0, 0, 1]);
        let first = store.load(&[]).unwrap();
        assert_eq!(serial(&first), serial(&store.load(&[]).unwrap()));
        for key in ["ca.key", "server.key"] {
            let mode = fs::metadata(dir.path().join(key)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
    }

    #[test]
    fn the_certificate_is_signed_by_the_ca_and_names_this_machine() {
        let dir = tempfile::tempdir().unwrap();
        let made = own(dir.path(), [192, 0, 2, 7]).load(&[]).unwrap();
        let ca = X509::from_pem(&fs::read(dir.path().join("ca.crt")).unwrap()).unwrap();
        assert!(made.chain[0].verify(&ca.public_key().unwrap()).unwrap());
        let names = ["localhost", "::1", "192.0.2.7", "crowsnest.crowsnest.svc"].map(str::to_owned);
        assert!(is_for(&made.chain[0], &names));
        assert!(!is_for(&made.chain[0], &["elsewhere".into()]));
        let shown = authority::fingerprint(&dir.path().join("ca.crt")).unwrap();
        assert!(shown.len() == 95 && shown.chars().all(|c| c.is_ascii_hexdigit() || c == ':'), "{shown}");
    }

    #[test]
    fn a_new_node_gets_a_new_certificate_and_one_that_is_gone_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let store = own(dir.path(), [127, 0, 0, 1]);
        let first = store.load(&[]).unwrap();
        let nodes = ["node-1".to_owned(), "192.0.2.1".to_owned()];
        let second = store.load(&nodes).unwrap();
        assert_ne!(serial(&first), serial(&second));
        assert!(is_for(&second.chain[0], &nodes));
        assert_eq!(serial(&second), serial(&store.load(&nodes[..1]).unwrap()));
        assert_eq!(
            serial(&second),
            serial(&store.load(&[]).unwrap()),
            "as after a restart without the cluster"
        );
    }

    #[test]
    fn another_listen_address_gets_another_certificate_from_the_same_ca() {
        let dir = tempfile::tempdir().unwrap();
        let first = own(dir.path(), [127, 0, 0, 1]).load(&[]).unwrap();
        let ca = fs::read(dir.path().join("ca.crt")).unwrap();
        let second = own(dir.path(), [192, 0, 2, 7]).load(&[]).unwrap();
        assert_ne!(serial(&first), serial(&second));
        assert_eq!(fs::read(dir.path().join("ca.crt")).unwrap(), ca);
    }

    #[test]
    fn a_certificate_that_ends_soon_is_renewed() {
        let dir = tempfile::tempdir().unwrap();
        let store = own(dir.path(), [127, 0, 0, 1]);
        store.load(&[]).unwrap();
        let ca = read(&dir.path().join("ca.crt"), &dir.path().join("ca.key")).unwrap();
        let key = new_key().unwrap();
        let soon = Asn1Time::days_from_now(RENEW_DAYS - 1).unwrap();
        let mut builder = new_certificate("crowsnest", &soon, &key).unwrap();
        builder.set_issuer_name(ca.chain[0].subject_name()).unwrap();
        builder.sign(&ca.key, MessageDigest::sha256()).unwrap();
        let ending = Certificate { chain: vec![builder.build()], key };
        save(&dir.path().join("server.crt"), &dir.path().join("server.key"), &ending).unwrap();
        assert_ne!(serial(&store.load(&[]).unwrap()), serial(&ending));
    }

    #[test]
    fn a_certificate_ends_with_its_authority_and_is_not_made_again_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = own(dir.path(), [127, 0, 0, 1]);
        store.load(&[]).unwrap();
        let key = read(&dir.path().join("ca.crt"), &dir.path().join("ca.key")).unwrap().key;
        let ending = authority::issue(&key, 20).unwrap();
        fs::write(dir.path().join("ca.crt"), ending.to_pem().unwrap()).unwrap();
        fs::remove_file(dir.path().join("server.crt")).unwrap();
        let made = store.load(&[]).unwrap();
        assert!(made.chain[0].not_after() == made.chain[1].not_after());
        assert_eq!(serial(&made), serial(&store.load(&[]).unwrap()));
    }
}
