use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::rsa::Rsa;
use openssl::x509::X509NameBuilder;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};

use super::*;
use crate::doctor::finding::Level;

const DAY: i64 = 24 * 3600;

fn key() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

/// A certificate for these days from now, of an authority's, or its own.
fn issue(key: &PKey<Private>, by: Option<(&X509, &PKey<Private>)>, days: [i64; 2], names: &[&str]) -> X509 {
    let name = |text: &str| {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, text).unwrap();
        name.build()
    };
    let now = jiff::Timestamp::now().as_second();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name(if by.is_some() { "server" } else { "authority" })).unwrap();
    builder
        .set_issuer_name(by.map_or(&name("authority"), |(authority, _)| authority.subject_name()))
        .unwrap();
    builder.set_not_before(&Asn1Time::from_unix(now + days[0] * DAY).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(now + days[1] * DAY + DAY / 2).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    if by.is_none() {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    }
    if !names.is_empty() {
        let mut alternatives = SubjectAlternativeName::new();
        for name in names {
            match name.parse::<std::net::IpAddr>() {
                Ok(_) => alternatives.ip(name),
                Err(_) => alternatives.dns(name),
            };
        }
        let extension = alternatives.build(&builder.x509v3_context(None, None)).unwrap();
        builder.append_extension(extension).unwrap();
    }
    builder.sign(by.map_or(key, |(_, key)| key), MessageDigest::sha256()).unwrap();
    builder.build()
}

/// A good one for `nest.example` and 192.0.2.7, for these days.
fn good(days: [i64; 2]) -> Bundle {
    let (ca_key, own_key) = (key(), key());
    let ca = issue(&ca_key, None, [-10, 3000], &[]);
    let own = issue(&own_key, Some((&ca, &ca_key)), days, &["nest.example", "*.nest.example", "192.0.2.7"]);
    Bundle { called: "server.crt".into(), chain: vec![own], key: own_key, authorities: vec![ca] }
}

#[track_caller]
fn check_bundle(bundle: &Bundle, names: &[&str], expected: &[(Level, &str)]) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let found = judge(bundle, &names);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (finding, (level, words)) in found.iter().zip(expected) {
        assert!(finding.level == *level && finding.what.contains(words), "{finding}");
    }
}

#[test]
fn a_certificate_that_fits_is_fine() {
    let names = ["nest.example", "a.nest.example", "192.0.2.7"];
    check_bundle(&good([-1, 200]), &names, &[(Level::Ok, "good for 200 days")]);
}

#[test]
fn when_a_certificate_ends_or_begins_is_told() {
    check_bundle(&good([-1, 10]), &["nest.example"], &[(Level::Warn, "ends in 10 days")]);
    check_bundle(&good([-90, -2]), &["nest.example"], &[(Level::Fail, "has ended")]);
    check_bundle(&good([3, 90]), &["nest.example"], &[(Level::Fail, "begins only in")]);
}

#[test]
fn a_name_that_is_not_in_it_fails() {
    let expected = [(Level::Ok, "200 days"), (Level::Fail, "does not name other.example")];
    check_bundle(&good([-1, 200]), &["other.example"], &expected);
    let expected = [(Level::Ok, "200 days"), (Level::Fail, "does not name 192.0.2.8")];
    check_bundle(&good([-1, 200]), &["192.0.2.8"], &expected);
}

#[test]
fn a_key_of_another_certificate_fails() {
    let bundle = Bundle { key: key(), ..good([-1, 200]) };
    check_bundle(&bundle, &[], &[(Level::Fail, "the key beside it")]);
}

#[test]
fn an_authority_that_has_not_signed_it_fails() {
    let other = issue(&key(), None, [-10, 3000], &[]);
    let bundle = Bundle { authorities: vec![other], ..good([-1, 200]) };
    check_bundle(&bundle, &[], &[(Level::Ok, "200 days"), (Level::Fail, "not signed by the authority")]);
    let bundle = Bundle { authorities: Vec::new(), ..good([-1, 200]) };
    check_bundle(
        &bundle,
        &[],
        &[(Level::Ok, "200 days"), (Level::Warn, "no authority that this machine knows")],
    );
}

#[test]
fn files_that_hold_no_certificate_or_no_key_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let [cert, pem_key, ca] = ["tls.crt", "tls.key", "ca.crt"].map(|name| dir.path().join(name));
    let why = |cert: &Path, key: &Path| read(cert, key, &ca).err().unwrap();
    assert!(why(&cert, &pem_key).contains("tls.crt: No such file"));
    fs::write(&cert, "nothing").unwrap();
    assert!(why(&cert, &pem_key).contains("no PEM certificate"));
    fs::write(&cert, good([-1, 200]).chain[0].to_pem().unwrap()).unwrap();
    fs::write(&pem_key, "nothing").unwrap();
    assert!(why(&cert, &pem_key).contains("no PEM key"));
}
