//! Certificates: that key and certificate fit, who signed it, whom it names, and when it ends.

use std::fs;
use std::path::Path;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509, X509Ref, X509StoreContext, X509VerifyResult};

use super::finding::Finding;
use super::patient::Patient;
use crate::cluster::shown_by;
use crate::config::Config;

pub(super) const SUBJECT: &str = "certificates";

/// A certificate that ends sooner is told. Our own are made anew 30 days before.
const SOON_DAYS: i32 = 21;

/// A certificate with what belongs to it.
struct Bundle {
    /// What it is called to people.
    called: String,
    chain: Vec<X509>,
    key: PKey<Private>,
    /// Whom clients trust; empty for whom this machine trusts.
    authorities: Vec<X509>,
}

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(config) = patient.known.config() {
        findings.extend(own(patient, config));
    }
    if let Some(cluster) = patient.cluster() {
        if let Some(shown) = cluster.shown_certificate().await {
            findings.push(ends("that of the API server", &shown, "renew it: kubeadm certs renew apiserver"));
        }
        let authorities = X509::stack_from_pem(&cluster.authority().unwrap_or_default()).unwrap_or_default();
        let told = authorities.iter().map(|one| {
            ends("the authority of the API server", one, "renew it, and every kubeconfig with it")
        });
        findings.extend(told);
    }
    if let Some((host, port)) = patient.server().and_then(crate::client::Server::tls_address)
        && let Some(shown) = shown_by(&host, port).await
    {
        let called = format!("that of the running server at {host}:{port}");
        findings.push(ends(&called, &shown, "renew it, or restart a server that has made its own"));
    }
    findings
}

/// The certificate that a server with these settings shows, and its authority.
fn own(patient: &Patient, config: &Config) -> Vec<Finding> {
    let folder = patient.data_dir.join("tls");
    let (cert, key, ca) = match &config.tls_files {
        Some((cert, key)) => (cert.clone(), key.clone(), cert.with_file_name("ca.crt")),
        None => (folder.join("server.crt"), folder.join("server.key"), folder.join("ca.crt")),
    };
    if config.tls_files.is_none() && !cert.exists() {
        return vec![Finding::ok(SUBJECT, "none of our own yet; the server makes one when it starts")];
    }
    let mut names: Vec<String> = config.tls_names.clone();
    names.extend(config.external_url.as_ref().map(|url| url.host().to_owned()));
    match read(&cert, &key, &ca) {
        Ok(bundle) => {
            let mut findings = judge(&bundle, &names);
            let authorities = bundle.authorities.iter().map(|one| {
                ends(
                    &format!("the authority in {}", ca.display()),
                    one,
                    "agents and browsers need another by then",
                )
            });
            findings.extend(authorities);
            findings
        }
        Err(why) => {
            vec![Finding::fail(SUBJECT, why, "the server cannot start with it; bring the right files")]
        }
    }
}

fn read(cert: &Path, key: &Path, ca: &Path) -> Result<Bundle, String> {
    let file = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let chain = X509::stack_from_pem(&file(cert)?).unwrap_or_default();
    if chain.is_empty() {
        return Err(format!("{} has no PEM certificate in it", cert.display()));
    }
    let key = PKey::private_key_from_pem(&file(key)?)
        .map_err(|_| format!("{} has no PEM key in it", key.display()))?;
    let authorities =
        if ca.exists() { X509::stack_from_pem(&file(ca)?).unwrap_or_default() } else { Vec::new() };
    Ok(Bundle { called: cert.display().to_string(), chain, key, authorities })
}

fn judge(bundle: &Bundle, names: &[String]) -> Vec<Finding> {
    let Some(own) = bundle.chain.first() else { return Vec::new() };
    let called = &bundle.called;
    if !fits(own, &bundle.key) {
        let what = format!("{called}: the key beside it is that of another certificate");
        return vec![Finding::fail(SUBJECT, what, "bring certificate and key that were made together")];
    }
    let mut findings = vec![ends(called, own, "renew it; the server reads it again within seconds")];
    match verify(bundle, None) {
        // When it ends has been told.
        Ok(result) if result == X509VerifyResult::OK || is_about_time(result) => {
            let unnamed = names.iter().filter(|name| !is_named(bundle, name));
            findings.extend(unnamed.map(|name| {
                let what = format!("{called} does not name {name}");
                Finding::fail(
                    SUBJECT,
                    what,
                    "browsers and agents refuse it there; have it made for that name, too",
                )
            }));
        }
        Ok(result) if bundle.authorities.is_empty() => {
            let what = format!(
                "{called}: no authority that this machine knows has signed it ({})",
                result.error_string()
            );
            let remedy = "put the authority into ca.crt beside it, and give it to agents and browsers";
            findings.push(Finding::warn(SUBJECT, what, remedy));
        }
        Ok(result) => {
            let what =
                format!("{called}: it is not signed by the authority beside it ({})", result.error_string());
            findings.push(Finding::fail(
                SUBJECT,
                what,
                "bring the authority and the chain that belong to it",
            ));
        }
        Err(error) => findings.push(Finding::fail(SUBJECT, format!("{called}: {error}"), "bring another")),
    }
    findings
}

fn fits(certificate: &X509Ref, key: &PKeyRef<Private>) -> bool {
    certificate.public_key().is_ok_and(|public| public.public_eq(key))
}

fn is_about_time(result: X509VerifyResult) -> bool {
    // X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED.
    matches!(result.as_raw(), 9 | 10)
}

/// Whether clients take the certificate for a name or an address. What else may be wrong has been found before.
fn is_named(bundle: &Bundle, name: &str) -> bool {
    verify(bundle, Some(name)).is_ok_and(|result| result == X509VerifyResult::OK || is_about_time(result))
}

fn verify(bundle: &Bundle, name: Option<&str>) -> Result<X509VerifyResult, ErrorStack> {
    let store = trusted(&bundle.authorities, name)?;
    let mut chain = Stack::new()?;
    for certificate in bundle.chain.iter().skip(1) {
        chain.push(certificate.clone())?;
    }
    let Some(own) = bundle.chain.first() else { return Ok(X509VerifyResult::OK) };
    let result = X509StoreContext::new()?.init(&store, own, &chain, |context| {
        context.verify_cert()?;
        Ok(context.error())
    });
    // A refusal leaves its reasons behind for whatever TLS this thread does next.
    drop(ErrorStack::get());
    result
}

fn trusted(authorities: &[X509], name: Option<&str>) -> Result<X509Store, ErrorStack> {
    let mut builder = X509StoreBuilder::new()?;
    if authorities.is_empty() {
        builder.set_default_paths()?;
    }
    for authority in authorities {
        builder.add_cert(authority.clone())?;
    }
    if let Some(name) = name {
        let mut parameters = X509VerifyParam::new()?;
        match name.parse() {
            Ok(address) => parameters.set_ip(address)?,
            Err(_) => parameters.set_host(name)?,
        }
        builder.set_param(&parameters)?;
    }
    Ok(builder.build())
}

/// When a certificate ends.
fn ends(called: &str, certificate: &X509Ref, remedy: &str) -> Finding {
    let (Some(since), Some(left)) =
        (days_until(certificate.not_before()), days_until(certificate.not_after()))
    else {
        return Finding::fail(SUBJECT, format!("{called}: its dates cannot be read"), remedy);
    };
    let end = certificate.not_after();
    if since > 0 {
        let remedy = "see whether this machine's clock is right";
        return Finding::fail(SUBJECT, format!("{called} begins only in {since} days"), remedy);
    }
    match left {
        ..0 => Finding::fail(SUBJECT, format!("{called} has ended on {end}"), remedy),
        0..SOON_DAYS => Finding::warn(SUBJECT, format!("{called} ends in {left} days, on {end}"), remedy),
        _ => Finding::ok(SUBJECT, format!("{called} is good for {left} days")),
    }
}

/// Whole days from now; below zero for what is over.
fn days_until(time: &Asn1TimeRef) -> Option<i32> {
    let between = Asn1Time::days_from_now(0).ok()?.diff(time).ok()?;
    Some(if between.secs < 0 { between.days - 1 } else { between.days })
}

#[cfg(test)]
mod tests;
