//! Our own certificate authority, and how another one follows it.
//!
//! `ca.crt` has the authorities that clients are to trust, `ca.key` the key of the one that signs, which stands first. Two months
//! before that one ends the next is made (`ca-next.key`) and stands in `ca.crt` beside it. Whoever reads the file, or the ConfigMap
//! that it is published in, trusts both by the time the next begins to sign. What has ended is left out.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, ensure};
use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Ref};
use tracing::info;

use super::certificate::{lasts, name, new_certificate, new_key};
use super::tls::Certificate;
use crate::data_dir::{write_private, write_public};

const CA_DAYS: u32 = 3650;
/// An authority that ends sooner has a next one, which clients are told of.
const ANNOUNCE_DAYS: u32 = 60;
/// An authority that ends sooner signs no more, once clients have had the next one for [`OVERLAP_DAYS`].
const SIGN_DAYS: u32 = 30;
const OVERLAP_DAYS: u32 = 7;
/// An authority that ends sooner signs no more, whatever clients have heard.
const LAST_DAYS: u32 = 1;

/// The authority in `folder` that signs now. It is made where there is none, and followed by the next one in time.
pub(super) fn signing(folder: &Path) -> anyhow::Result<Certificate> {
    let (cert, key_file) = (folder.join("ca.crt"), folder.join("ca.key"));
    let Some(kept) = read_all(&cert)? else {
        let key = new_key()?;
        // The key first: a certificate without its key would be taken for a good one after a crash.
        write_private(&key_file, &key.private_key_to_pem_pkcs8()?)?;
        let made = issue(&key, CA_DAYS)?;
        write_public(&cert, &made.to_pem()?)?;
        let sha256 = sha256(&made)?;
        info!(file = %cert.display(), sha256, "made a certificate authority; clients must trust it");
        return Ok(Certificate { chain: vec![made], key });
    };
    let mut trusted: Vec<X509> = kept.iter().filter(|one| lasts(one, 0)).cloned().collect();
    let mut key = read_key(&key_file)?;
    let now = of_key(&trusted, &key);
    if !now.as_ref().is_some_and(|now| lasts(now, ANNOUNCE_DAYS)) {
        let next_file = folder.join("ca-next.key");
        let (next_key, next) = next(&next_file, &mut trusted)?;
        if !now.is_some_and(|now| signs_on(&now, &next)) {
            fs::rename(&next_file, &key_file)
                .with_context(|| format!("cannot replace {}", key_file.display()))?;
            info!(sha256 = sha256(&next)?, "another certificate authority of our own signs from now on");
            key = next_key;
        }
    }
    trusted.sort_by_key(|one| !is_of_key(one, &key));
    if trusted != kept {
        write_public(&cert, &pem(&trusted)?)?;
    }
    let signs = of_key(&trusted, &key).context("the certificate authority has no certificate")?;
    Ok(Certificate { chain: vec![signs], key })
}

/// The authority after this one, which is made if need be and is `trusted` from then on.
fn next(key_file: &Path, trusted: &mut Vec<X509>) -> anyhow::Result<(PKey<Private>, X509)> {
    let key = if key_file.exists() {
        read_key(key_file)?
    } else {
        let key = new_key()?;
        write_private(key_file, &key.private_key_to_pem_pkcs8()?)?;
        key
    };
    if let Some(made) = of_key(trusted, &key) {
        return Ok((key, made));
    }
    let made = issue(&key, CA_DAYS)?;
    let sha256 = sha256(&made)?;
    info!(sha256, "our certificate authority ends soon; the next one is in ca.crt beside it");
    trusted.push(made.clone());
    Ok((key, made))
}

/// Whether an authority that ends soon goes on signing for now.
fn signs_on(now: &X509, next: &X509) -> bool {
    let is_known = Asn1Time::days_from_now(0)
        .and_then(|today| next.not_before().diff(&today))
        .is_ok_and(|age| age.days >= i32::try_from(OVERLAP_DAYS).unwrap_or(i32::MAX));
    lasts(now, if is_known { SIGN_DAYS } else { LAST_DAYS })
}

fn of_key(trusted: &[X509], key: &PKey<Private>) -> Option<X509> {
    trusted.iter().find(|one| is_of_key(one, key)).cloned()
}

fn is_of_key(certificate: &X509Ref, key: &PKey<Private>) -> bool {
    let is_same = certificate.public_key().is_ok_and(|public| public.public_eq(key));
    // Keys of different sorts leave an error behind for whatever TLS this thread does next.
    drop(ErrorStack::get());
    is_same
}

fn read_all(cert: &Path) -> anyhow::Result<Option<Vec<X509>>> {
    let pem = match fs::read(cert) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("cannot read {}", cert.display()))?,
    };
    let read = X509::stack_from_pem(&pem).with_context(|| format!("{} is not PEM", cert.display()))?;
    ensure!(!read.is_empty(), "{} has no certificate in it", cert.display());
    Ok(Some(read))
}

fn read_key(file: &Path) -> anyhow::Result<PKey<Private>> {
    let pem = fs::read(file).with_context(|| format!("cannot read the private key {}", file.display()))?;
    PKey::private_key_from_pem(&pem).with_context(|| format!("{} is not a PEM key", file.display()))
}

fn pem(certificates: &[X509]) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    for certificate in certificates {
        all.extend(certificate.to_pem()?);
    }
    Ok(all)
}

pub(super) fn issue(key: &PKey<Private>, days: u32) -> anyhow::Result<X509> {
    let ends = Asn1Time::days_from_now(days)?;
    let mut builder = new_certificate("Crowsnest CA", &ends, key)?;
    let own_name = name("Crowsnest CA")?;
    builder.set_issuer_name(&own_name)?;
    builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// SHA-256 of the first certificate in a PEM file, as browsers and `openssl x509 -fingerprint -sha256` show it.
pub(crate) fn fingerprint(file: &Path) -> anyhow::Result<String> {
    let pem = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let first = X509::from_pem(&pem).with_context(|| format!("{} is not PEM", file.display()))?;
    sha256(&first)
}

fn sha256(certificate: &X509Ref) -> anyhow::Result<String> {
    let digest = certificate.digest(MessageDigest::sha256())?;
    Ok(digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;

    /// A folder whose authority ends in so many days, and has signed until now.
    fn ending_in(days: i64) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        signing(dir.path()).unwrap();
        redate(dir.path(), "ca.key", -9 * 365, days);
        dir
    }

    /// Gives the authority of a key other days, counted from now.
    fn redate(folder: &Path, key: &str, begins: i64, ends: i64) {
        let key = read_key(&folder.join(key)).unwrap();
        let day = |days: i64| {
            let now = jiff::Timestamp::now().as_second();
            Asn1Time::from_unix(now + days * DAY + DAY / 24).unwrap()
        };
        let mut builder = new_certificate("Crowsnest CA", &day(ends), &key).unwrap();
        builder.set_not_before(&day(begins)).unwrap();
        builder.set_issuer_name(&name("Crowsnest CA").unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let mut all = trusted(folder);
        let at = all.iter().position(|one| is_of_key(one, &key)).unwrap();
        all[at] = builder.build();
        fs::write(folder.join("ca.crt"), pem(&all).unwrap()).unwrap();
    }

    fn trusted(folder: &Path) -> Vec<X509> {
        read_all(&folder.join("ca.crt")).unwrap().unwrap()
    }

    #[test]
    fn an_authority_that_ends_in_two_months_has_the_next_beside_it_and_goes_on_signing() {
        let dir = ending_in(50);
        let before = trusted(dir.path());
        let signs = signing(dir.path()).unwrap();
        let both = trusted(dir.path());
        assert_eq!((signs.chain[0].clone(), both.len()), (before[0].clone(), 2));
        assert_eq!(both[0], before[0], "who signs stands first");
        assert!(lasts(&both[1], 3000));
        signing(dir.path()).unwrap();
        assert_eq!(trusted(dir.path()), both, "there is one next authority");
    }

    #[test]
    fn the_next_authority_signs_once_clients_have_had_a_week_to_learn_of_it() {
        let dir = ending_in(20);
        let old = trusted(dir.path()).remove(0);
        assert_eq!(signing(dir.path()).unwrap().chain[0], old, "nobody knows the next one yet");
        redate(dir.path(), "ca-next.key", -8, 3000);
        let next = trusted(dir.path()).remove(1);
        let signs = signing(dir.path()).unwrap();
        assert_eq!(signs.chain[0], next);
        assert!(next.verify(&signs.key).unwrap());
        assert_eq!(trusted(dir.path()), [next, old], "the old one is trusted until it ends");
        assert!(!dir.path().join("ca-next.key").exists());
    }

    #[test]
    fn an_authority_that_ends_tomorrow_or_has_ended_gives_way_at_once() {
        for (days, left) in [(0, 2), (-3, 1)] {
            let dir = ending_in(days);
            let old = trusted(dir.path()).remove(0);
            let signs = signing(dir.path()).unwrap();
            assert_ne!(signs.chain[0], old);
            assert_eq!((trusted(dir.path()).len(), &trusted(dir.path())[0]), (left, &signs.chain[0]));
        }
    }
}
