//! Whom we believe about who somebody is: the authority of the cluster's client certificates, and the API server that passes
//! requests on with their sender's name.

use crowsnest_api::Timestamp;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext};

use crate::certificate::{CertificateClaims, CertificateError, check};
use crate::{Digest, Impersonation};

/// Certificates of one authority, or of several; more are a mistake.
const MAX_AUTHORITIES: usize = 64;
/// Fingerprints of one deny-list.
const MAX_DENIED: usize = 100_000;
/// Groups of one user.
const MAX_GROUPS: usize = 1000;

/// Who signs certificates that are believed.
#[derive(Clone)]
pub struct Authorities(Vec<X509>);

impl Authorities {
    /// Reads certificates, PEM.
    ///
    /// # Errors
    /// When there is none, or something else.
    pub fn parse(pem: &[u8]) -> Result<Self, String> {
        let certificates = X509::stack_from_pem(pem).map_err(|error| format!("this is not PEM: {error}"))?;
        match certificates.len() {
            0 => Err("there is no PEM certificate in it".to_owned()),
            1..=MAX_AUTHORITIES => Ok(Self(certificates)),
            many => Err(format!("{many} certificates are more than {MAX_AUTHORITIES}")),
        }
    }

    /// The certificates; TLS tells clients their names, so that they show a fitting certificate or none.
    pub fn certificates(&self) -> &[X509] {
        &self.0
    }

    /// Whether a certificate, with those that lead to an authority behind it, shows who somebody is at `now`.
    ///
    /// # Errors
    /// Why it does not.
    pub fn verify(&self, chain: &[X509], now: Timestamp) -> Result<CertificateClaims, CertificateError> {
        let (own, others) = chain.split_first().ok_or(CertificateError::NoCertificate)?;
        // What the certificate says itself is told in better words than OpenSSL's.
        let claims = check(own, now)?;
        if !self.has_signed(own, others, now)? {
            return Err(CertificateError::Untrusted);
        }
        Ok(claims)
    }

    fn has_signed(&self, own: &X509Ref, others: &[X509], now: Timestamp) -> Result<bool, CertificateError> {
        let mut store = X509StoreBuilder::new()?;
        for certificate in &self.0 {
            store.add_cert(certificate.clone())?;
        }
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_time(now.millis().div_euclid(1000));
        parameters.set_purpose(X509PurposeId::SSL_CLIENT)?;
        store.set_param(&parameters)?;
        let mut between = Stack::new()?;
        for certificate in others {
            between.push(certificate.clone())?;
        }
        let mut context = X509StoreContext::new()?;
        let signed = context.init(&store.build(), own, &between, |context| context.verify_cert());
        // A refusal leaves its reason in this thread's queue, where the next connection's TLS takes it for its own and ends.
        drop(ErrorStack::get());
        Ok(signed?)
    }
}

/// The API server, where it passes requests on: who it is then, by `kube-system/extension-apiserver-authentication`.
#[derive(Clone)]
pub struct FrontProxy {
    authorities: Authorities,
    /// Common names; none is every name, as Kubernetes has it.
    allowed: Vec<String>,
}

impl FrontProxy {
    /// Reads `requestheader-client-ca-file` and `requestheader-allowed-names`, a JSON list.
    ///
    /// # Errors
    /// What is wrong with them. A list that cannot be read does not become an empty one.
    pub fn parse(ca: &[u8], allowed: &str) -> Result<Self, String> {
        let allowed = match allowed.trim() {
            "" => Vec::new(),
            json => serde_json::from_str(json)
                .map_err(|error| format!("requestheader-allowed-names is no list of names: {error}"))?,
        };
        Ok(Self { authorities: Authorities::parse(ca)?, allowed })
    }

    /// The certificates that sign the API server's.
    pub fn certificates(&self) -> &[X509] {
        self.authorities.certificates()
    }

    /// Whether a connection with this certificate is the API server's.
    pub fn is_proxy(&self, chain: &[X509], now: Timestamp) -> bool {
        self.authorities
            .verify(chain, now)
            .is_ok_and(|claims| self.allowed.is_empty() || self.allowed.contains(&claims.user))
    }
}

/// Client certificates that are no longer believed, by SHA-256; Kubernetes itself has no such list.
#[derive(Clone, Debug, Default)]
pub struct DeniedCertificates(Vec<String>);

impl DeniedCertificates {
    /// One fingerprint a line, as `openssl x509 -fingerprint -sha256` prints it; empty lines and those that begin with `#`
    /// are skipped.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut denied = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let digits = line.rsplit('=').next().unwrap_or(line).replace(':', "").to_ascii_lowercase();
            if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(format!("{}: not a SHA-256 fingerprint of a certificate", index + 1));
            }
            if denied.len() >= MAX_DENIED {
                return Err(format!("{}: more than {MAX_DENIED} fingerprints", index + 1));
            }
            denied.push(digits);
        }
        denied.sort_unstable();
        Ok(Self(denied))
    }

    /// Whether a certificate with this fingerprint is on the list.
    pub fn has(&self, fingerprint: &str) -> bool {
        self.0.binary_search_by(|denied| denied.as_str().cmp(fingerprint)).is_ok()
    }
}

/// Whom a client certificate makes its holder, once it is [verified](Authorities::verify).
///
/// # Errors
/// When its names cannot be those of a user.
pub fn user_of_certificate(
    certificate: &X509Ref,
    claims: CertificateClaims,
) -> Result<Impersonation, CertificateError> {
    if !has_plain_names(certificate) {
        return Err(CertificateError::Nameless);
    }
    let fingerprint = Digest::of(&certificate.to_der()?).to_hex();
    let ends = Some(claims.ends);
    Impersonation::new(claims.user, claims.groups, ends, Some(fingerprint))
        .map_err(CertificateError::Unspeakable)
}

/// SHA-256 of a certificate, as [`DeniedCertificates`] has it.
///
/// # Errors
/// When OpenSSL cannot write the certificate.
pub fn certificate_fingerprint(certificate: &X509Ref) -> Result<String, CertificateError> {
    Ok(Digest::of(&certificate.to_der()?).to_hex())
}

impl Impersonation {
    /// A user whom somebody else has shown to be who they are.
    ///
    /// # Errors
    /// When a header cannot carry the names as they are: a request with another name would be somebody else's.
    pub fn new(
        user: String,
        groups: Vec<String>,
        ends: Option<Timestamp>,
        certificate: Option<String>,
    ) -> Result<Self, String> {
        let is_carried = |name: &str| {
            !name.is_empty()
                && name.trim() == name
                && !name.chars().any(|c| c.is_control())
                && name.len() <= 1024
        };
        if !is_carried(&user) {
            return Err(format!("the user name {user:?} cannot be used"));
        }
        if user == "system:anonymous" {
            return Err("the API server does not know who you are".to_owned());
        }
        if groups.len() > MAX_GROUPS {
            return Err(format!("{} groups are more than {MAX_GROUPS}", groups.len()));
        }
        if let Some(odd) = groups.iter().find(|group| !is_carried(group)) {
            return Err(format!("the group name {odd:?} cannot be used"));
        }
        Ok(Self { user, groups, ends, certificate })
    }

    /// The groups that have to be asked for. Kubernetes adds by itself that somebody is authenticated, and to a ServiceAccount
    /// the groups that go with it; asking for those would need a right of its own.
    pub fn asked_groups(&self) -> Vec<&str> {
        let namespace =
            self.user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
        let by_itself = |group: &str| match (group, namespace) {
            ("system:authenticated", _) => true,
            ("system:serviceaccounts", Some(_)) => true,
            (group, Some((namespace, _))) => group.strip_prefix("system:serviceaccounts:") == Some(namespace),
            _ => false,
        };
        let asked: Vec<&str> =
            self.groups.iter().map(String::as_str).filter(|group| !by_itself(group)).collect();
        match namespace {
            // With one group asked for, those that go with the account are no longer added.
            Some(_) if !asked.is_empty() => self
                .groups
                .iter()
                .map(String::as_str)
                .filter(|group| *group != "system:authenticated")
                .collect(),
            _ => asked,
        }
    }
}

/// Whether a certificate names one user: of two names Kubernetes takes the last, others the first; and text after a NUL is
/// not seen by all.
fn has_plain_names(certificate: &X509Ref) -> bool {
    let names = certificate.subject_name();
    names.entries_by_nid(Nid::COMMONNAME).count() == 1
        && names.entries().all(|entry| !entry.data().as_slice().contains(&0))
}

#[cfg(test)]
mod tests {
    use openssl::x509::extension::ExtendedKeyUsage;

    use super::*;
    use crate::certificate::tests::made;

    const NOW: i64 = 1_800_000_000;
    const ALICE: &[(Nid, &str)] = &[(Nid::ORGANIZATIONNAME, "devs"), (Nid::COMMONNAME, "alice")];

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW * 1000)
    }

    /// A certificate that is its own authority.
    fn own(names: &[(Nid, &str)], shift: i64) -> (X509, Authorities) {
        let mut usage = ExtendedKeyUsage::new();
        usage.client_auth();
        let (certificate, _) = made(names, Some(usage), shift);
        let authorities = Authorities::parse(&certificate.to_pem().unwrap()).unwrap();
        (certificate, authorities)
    }

    #[test]
    fn a_certificate_of_the_authority_shows_who_its_holder_is() {
        let (certificate, authorities) = own(ALICE, 0);
        let claims = authorities.verify(std::slice::from_ref(&certificate), now()).unwrap();
        let user = user_of_certificate(&certificate, claims).unwrap();
        assert_eq!((user.user.as_str(), user.groups.as_slice()), ("alice", ["devs".to_owned()].as_slice()));
        assert_eq!(user.certificate, Some(certificate_fingerprint(&certificate).unwrap()));
    }

    #[test]
    fn certificates_of_others_and_of_other_times_are_refused_with_the_reason() {
        let (_, authorities) = own(ALICE, 0);
        let (stranger, _) = own(ALICE, 0);
        let refused = |certificate: X509, authorities: &Authorities| {
            authorities.verify(&[certificate], now()).unwrap_err().to_string()
        };
        assert!(refused(stranger, &authorities).contains("another authority"));
        for (shift, why) in [(-7200, "has expired"), (7200, "not valid yet")] {
            let (certificate, authorities) = own(ALICE, shift);
            assert!(refused(certificate, &authorities).contains(why));
        }
        assert!(authorities.verify(&[], now()).is_err());
        assert!(ErrorStack::get().errors().is_empty(), "the next connection on this thread would end of it");
    }

    #[test]
    fn only_a_certificate_with_an_allowed_name_is_the_api_server() {
        let (alice, _) = own(ALICE, 0);
        let pem = alice.to_pem().unwrap();
        let is_proxy = |allowed: &str| {
            FrontProxy::parse(&pem, allowed).unwrap().is_proxy(std::slice::from_ref(&alice), now())
        };
        assert!(is_proxy(r#"["front-proxy-client", "alice"]"#));
        assert!(is_proxy("[]") && is_proxy(""));
        assert!(!is_proxy(r#"["front-proxy-client"]"#));
        assert!(FrontProxy::parse(&pem, "alice").is_err());
        let (stranger, _) = own(ALICE, 0);
        assert!(!FrontProxy::parse(&pem, "").unwrap().is_proxy(&[stranger], now()));
    }

    #[test]
    fn names_that_a_header_would_change_are_refused() {
        let new = |user: &str, groups: &[&str]| {
            Impersonation::new(
                user.to_owned(),
                groups.iter().map(|group| (*group).to_owned()).collect(),
                None,
                None,
            )
        };
        assert!(new("alice", &["devs", "개발"]).is_ok());
        for wrong in ["", " alice", "alice ", "a\nb", "a\0b", "system:anonymous", &"x".repeat(2000)] {
            assert!(new(wrong, &[]).is_err(), "{wrong:?}");
        }
        for wrong in ["", " devs", "a\rb"] {
            assert!(new("alice", &["ops", wrong]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn groups_that_kubernetes_adds_by_itself_are_not_asked_for() {
        let asked = |user: &str, groups: &[&str]| {
            let groups = groups.iter().map(|group| (*group).to_owned()).collect();
            let user = Impersonation::new(user.to_owned(), groups, None, None).unwrap();
            user.asked_groups().into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(asked("alice", &["devs", "system:authenticated"]), ["devs"]);
        let account = "system:serviceaccount:shop:viewer";
        let own = ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"];
        assert!(asked(account, &own).is_empty());
        assert_eq!(asked(account, &["system:serviceaccounts:data"]), ["system:serviceaccounts:data"]);
        assert_eq!(asked("alice", &own[..2]), own[..2], "for somebody else they are groups like others");
    }

    #[test]
    fn a_deny_list_has_fingerprints_as_openssl_prints_them() {
        let (alice, _) = own(ALICE, 0);
        let fingerprint = certificate_fingerprint(&alice).unwrap();
        let pairs: Vec<String> = fingerprint
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).to_uppercase())
            .collect();
        let list = format!("# lost laptop\n\nsha256 Fingerprint={}\n", pairs.join(":"));
        assert!(DeniedCertificates::parse(&list).unwrap().has(&fingerprint));
        assert!(DeniedCertificates::parse(&fingerprint).unwrap().has(&fingerprint));
        assert!(!DeniedCertificates::default().has(&fingerprint));
        assert!(DeniedCertificates::parse("# one\nalice").unwrap_err().starts_with("2:"));
    }
}
