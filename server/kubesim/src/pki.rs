//! The cluster's certificate authority: the server's certificate, client certificates, and signing requests.

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, PKeyRef, Private, Public},
    x509::{
        X509, X509Builder, X509Name, X509NameBuilder, X509Ref, X509Req,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
        },
    },
};

const YEAR_SECONDS: i64 = 365 * 24 * 3600;
/// How long an authority is good for.
pub(crate) const AUTHORITY_SECONDS: i64 = 10 * YEAR_SECONDS;
/// Certificates are valid from a little before they were made, for clocks that are behind.
const BACKDATE_SECONDS: i64 = 300;

/// A client certificate and its key, both PEM.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate.
    pub certificate_pem: String,
    /// The private key (PKCS #8).
    pub key_pem: String,
}

/// The certificate authority of one cluster.
pub(crate) struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

/// A new P-256 key.
pub(crate) fn new_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// The text of an OpenSSL failure, for messages.
pub(crate) fn describe(error: &ErrorStack) -> String {
    format!("cannot sign: {error}")
}

enum Use {
    Server,
    Client,
}

impl Authority {
    /// A new authority of this name, valid for ten years from `now` (seconds since 1970).
    pub(crate) fn new(name: &str, now: i64) -> Result<Authority, ErrorStack> {
        let key = new_key()?;
        let name = subject(name, &[])?;
        let mut builder = builder(&name, &key, now, AUTHORITY_SECONDS)?;
        builder.set_issuer_name(&name)?;
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        builder.append_extension(
            KeyUsage::new().critical().key_cert_sign().crl_sign().digital_signature().build()?,
        )?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Authority { key, certificate: builder.build() })
    }

    pub(crate) fn certificate(&self) -> &X509Ref {
        &self.certificate
    }

    pub(crate) fn pem(&self) -> Result<String, ErrorStack> {
        self.certificate.to_pem().map(|pem| String::from_utf8_lossy(&pem).into_owned())
    }

    /// A certificate and key for the server itself, on loopback.
    pub(crate) fn server(&self, now: i64) -> Result<(X509, PKey<Private>), ErrorStack> {
        let key = new_key()?;
        let name = subject("kube-apiserver", &[])?;
        let certificate = self.issue(&name, &key, now, YEAR_SECONDS, &Use::Server)?;
        Ok((certificate, key))
    }

    /// A certificate for a user and its groups, valid for a year.
    pub(crate) fn client(
        &self,
        user: &str,
        groups: &[&str],
        now: i64,
    ) -> Result<ClientCertificate, ErrorStack> {
        let key = new_key()?;
        let name = subject(user, groups)?;
        let certificate = self.issue(&name, &key, now, YEAR_SECONDS, &Use::Client)?;
        Ok(ClientCertificate {
            certificate_pem: String::from_utf8_lossy(&certificate.to_pem()?).into_owned(),
            key_pem: String::from_utf8_lossy(&key.private_key_to_pem_pkcs8()?).into_owned(),
        })
    }

    /// Signs a client's request.
    pub(crate) fn sign(&self, request: &X509Req, now: i64, seconds: i64) -> Result<X509, ErrorStack> {
        let key = request.public_key()?;
        self.issue(request.subject_name(), &key, now, seconds, &Use::Client)
    }

    fn issue<K>(
        &self,
        subject: &openssl::x509::X509NameRef,
        key: &PKeyRef<K>,
        now: i64,
        seconds: i64,
        usage: &Use,
    ) -> Result<X509, ErrorStack>
    where
        K: openssl::pkey::HasPublic,
    {
        let mut builder = X509Builder::new()?;
        prepare(&mut builder, now, seconds)?;
        builder.set_subject_name(subject)?;
        builder.set_pubkey(key)?;
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        builder
            .append_extension(KeyUsage::new().critical().digital_signature().key_encipherment().build()?)?;
        let mut extended = ExtendedKeyUsage::new();
        match usage {
            Use::Server => extended.server_auth(),
            Use::Client => extended.client_auth(),
        };
        builder.append_extension(extended.build()?)?;
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let authority = AuthorityKeyIdentifier::new().issuer(true).build(&context)?;
        let names = SubjectAlternativeName::new()
            .dns("localhost")
            .dns("kubernetes.default.svc")
            .ip("127.0.0.1")
            .ip("::1")
            .build(&context)?;
        builder.append_extension(authority)?;
        if matches!(usage, Use::Server) {
            builder.append_extension(names)?;
        }
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(builder.build())
    }
}

fn builder(name: &X509Name, key: &PKey<Private>, now: i64, seconds: i64) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509Builder::new()?;
    prepare(&mut builder, now, seconds)?;
    builder.set_subject_name(name)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

/// Version, serial number and validity.
fn prepare(builder: &mut X509Builder, now: i64, seconds: i64) -> Result<(), ErrorStack> {
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    let from = Asn1Time::from_unix(now - BACKDATE_SECONDS)?;
    let until = Asn1Time::from_unix(now + seconds)?;
    builder.set_not_before(&from)?;
    builder.set_not_after(&until)
}

fn subject(user: &str, groups: &[&str]) -> Result<X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    for group in groups {
        name.append_entry_by_nid(Nid::ORGANIZATIONNAME, group)?;
    }
    name.append_entry_by_nid(Nid::COMMONNAME, user)?;
    Ok(name.build())
}

/// Whether a request was signed with the key that it carries.
pub(crate) fn is_self_signed(request: &X509Req) -> bool {
    let key: Result<PKey<Public>, ErrorStack> = request.public_key();
    let is_signed = key.and_then(|key| request.verify(&key));
    // A refusal leaves its reason behind for whatever TLS this thread does next.
    drop(ErrorStack::get());
    is_signed.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::certificate::user_of;

    #[test]
    fn a_client_certificate_names_its_user_and_groups() {
        let authority = Authority::new("kubernetes", 1_700_000_000).unwrap();
        let made = authority.client("alice", &["devs", "ops"], 1_700_000_000).unwrap();
        let certificate = X509::from_pem(made.certificate_pem.as_bytes()).unwrap();
        let user = user_of(&certificate).unwrap();
        assert_eq!(user.name, "alice");
        assert_eq!(user.groups, ["devs", "ops", "system:authenticated"]);
        assert_eq!(authority.certificate().issued(&certificate), openssl::x509::X509VerifyResult::OK);
    }
}
