//! The certificate of `/metrics` off loopback: self-made, kept beside the queue so that scrapers may pin it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::unistd::gethostname;
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

/// Ten years: nobody renews it, and nothing is signed with it but itself.
const VALID_DAYS: u32 = 3650;
const CERTIFICATE: &str = "metrics-cert.pem";
const KEY: &str = "metrics-key.pem";

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// It cannot be kept.
    #[error("cannot keep {file} in the queue folder")]
    Keep {
        /// The file's name.
        file: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// OpenSSL refuses, a damaged file included.
    #[error("cannot make or read the certificate {CERTIFICATE} and its key {KEY}")]
    Tls(#[from] ErrorStack),
}

/// What TLS needs, with the certificate in `state`, or a new one that is kept there.
pub(super) fn acceptor(state: Option<&Path>) -> Result<SslAcceptor, CertificateError> {
    let (certificate, key) = match state.and_then(read) {
        Some((certificate, key)) => (X509::from_pem(&certificate)?, PKey::private_key_from_pem(&key)?),
        None => {
            let (certificate, key) = make()?;
            if let Some(folder) = state {
                keep(folder, KEY, &key.private_key_to_pem_pkcs8()?)?;
                keep(folder, CERTIFICATE, &certificate.to_pem()?)?;
            }
            (certificate, key)
        }
    };
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_certificate(&certificate)?;
    builder.set_private_key(&key)?;
    builder.check_private_key()?;
    Ok(builder.build())
}

fn read(folder: &Path) -> Option<(Vec<u8>, Vec<u8>)> {
    Some((fs::read(folder.join(CERTIFICATE)).ok()?, fs::read(folder.join(KEY)).ok()?))
}

fn keep(folder: &Path, file: &'static str, pem: &[u8]) -> Result<(), CertificateError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let written = options.open(folder.join(file)).and_then(|mut open| open.write_all(pem));
    written.map_err(|source| CertificateError::Keep { file, source })
}

fn make() -> Result<(X509, PKey<Private>), ErrorStack> {
    let host =
        gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "localhost".to_owned());
    let key = PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)?;
    let mut name = X509NameBuilder::new()?;
    // A common name holds at most 64 characters.
    name.append_entry_by_nid(Nid::COMMONNAME, &host.chars().take(64).collect::<String>())?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_pubkey(&key)?;
    builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    builder.set_not_after(&*Asn1Time::days_from_now(VALID_DAYS)?)?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    let names = SubjectAlternativeName::new()
        .dns(&host)
        .dns("localhost")
        .build(&builder.x509v3_context(None, None))?;
    builder.append_extension(names)?;
    builder.sign(&key, MessageDigest::sha256())?;
    Ok((builder.build(), key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_certificate_is_made_once_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let serial = |acceptor: SslAcceptor| {
            acceptor.context().certificate().unwrap().serial_number().to_bn().unwrap().to_vec()
        };
        let first = serial(acceptor(Some(folder.path())).unwrap());
        assert_eq!(serial(acceptor(Some(folder.path())).unwrap()), first);
        let mode = fs::metadata(folder.path().join(KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
