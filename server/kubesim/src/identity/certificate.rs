//! Client certificates: the common name is the user, the organizations are the groups.

use openssl::{hash::MessageDigest, nid::Nid, x509::X509Ref};

use super::{AUTHENTICATED, CREDENTIAL_ID, User};

/// The user that a certificate names. The caller has checked who signed it.
pub(crate) fn user_of(certificate: &X509Ref) -> Option<User> {
    let subject = certificate.subject_name();
    let entries = |nid| {
        subject.entries_by_nid(nid).filter_map(|entry| entry.data().to_string().ok()).collect::<Vec<String>>()
    };
    let name = entries(Nid::COMMONNAME).into_iter().next()?;
    let mut groups = entries(Nid::ORGANIZATIONNAME);
    groups.push(AUTHENTICATED.to_owned());
    let digest = certificate.digest(MessageDigest::sha256()).ok()?;
    let fingerprint: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let extra = [(CREDENTIAL_ID.to_owned(), vec![format!("X509SHA256={fingerprint}")])].into();
    Some(User { name, uid: String::new(), groups, extra })
}
