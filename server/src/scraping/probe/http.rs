//! HTTP: an answer of 2xx, after at most ten redirects, each to where we may go.

use std::time::{Duration, Instant};

use openssl::x509::X509;
use reqwest::tls::TlsInfo;
use reqwest::{Method, Response, Url, Version};

use super::{Findings, ProbeError};
use crate::fetch::Fetcher;
use crate::scraping::ask::AskError;
use crowsnest_scrape::Family;

const MAX_REDIRECTS: u32 = 10;
/// What is read of a body.
const MAX_BODY_BYTES: usize = 10 << 20;

/// How long the parts of an exchange took.
#[derive(Default)]
struct Phases {
    resolve: Duration,
    /// From the connection to the beginning of the answer.
    processing: Duration,
    transfer: Duration,
}

pub(super) async fn look(
    fetcher: &Fetcher,
    target: &str,
    method: &'static str,
    findings: &mut Findings,
) -> Result<(), ProbeError> {
    let with_scheme = if target.contains("://") { target.to_owned() } else { format!("http://{target}") };
    let mut url: Url =
        with_scheme.parse().map_err(|_| ProbeError::BadTarget(target.to_owned(), "it is no URL"))?;
    let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    let mut phases = Phases::default();
    let mut redirects = 0;
    let answer = loop {
        let answer = ask(fetcher, &url, method.clone(), &mut phases).await?;
        let next = answer.headers().get("Location").and_then(|value| value.to_str().ok());
        match next.and_then(|next| url.join(next).ok()).filter(|_| answer.status().is_redirection()) {
            Some(next) if redirects < MAX_REDIRECTS => (url, redirects) = (next, redirects + 1),
            Some(_) => return Err(ProbeError::Failed(format!("more than {MAX_REDIRECTS} redirects"))),
            None => break answer,
        }
    };
    if let Some(address) = answer.remote_addr() {
        findings.resolved(address, phases.resolve);
    }
    findings.gauge("probe_http_redirects", "The number of redirects", f64::from(redirects));
    report(answer, &mut phases, findings).await
}

async fn ask(
    fetcher: &Fetcher,
    url: &Url,
    method: Method,
    phases: &mut Phases,
) -> Result<Response, ProbeError> {
    let started = Instant::now();
    let builder = fetcher.client(url).await?;
    phases.resolve += started.elapsed();
    let started = Instant::now();
    let client = builder.tls_info(true).build().map_err(failed)?;
    let answer = client.request(method, url.clone()).send().await.map_err(failed);
    phases.processing += started.elapsed();
    answer
}

async fn report(
    mut answer: Response,
    phases: &mut Phases,
    findings: &mut Findings,
) -> Result<(), ProbeError> {
    let status = answer.status();
    let is_tls = answer.url().scheme() == "https";
    let version = match answer.version() {
        Version::HTTP_09 => 0.9,
        Version::HTTP_10 => 1.0,
        Version::HTTP_2 => 2.0,
        Version::HTTP_3 => 3.0,
        _ => 1.1,
    };
    let length = answer.content_length().map_or(-1.0, |length| length as f64);
    let certificate = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    if let Some(certificate) = certificate.and_then(|der| X509::from_der(der).ok()) {
        findings.certificates([&*certificate]);
    }
    let started = Instant::now();
    let mut body = 0_usize;
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        body = body.saturating_add(piece.len());
        if body > MAX_BODY_BYTES {
            break;
        }
    }
    phases.transfer = started.elapsed();
    findings.gauge("probe_http_status_code", "Response HTTP status code", f64::from(status.as_u16()));
    findings.gauge("probe_http_version", "Returns the version of HTTP of the probe response", version);
    findings.gauge("probe_http_content_length", "Length of http content response", length);
    findings.gauge(
        "probe_http_uncompressed_body_length",
        "Length of uncompressed response body",
        body as f64,
    );
    let tls = f64::from(u8::from(is_tls));
    findings.gauge("probe_http_ssl", "Indicates if SSL was used for the final redirect", tls);
    let mut durations = Family::gauge(
        "probe_http_duration_seconds",
        "Duration of http request by phase, summed over all redirects",
    );
    for (phase, took) in
        [("resolve", phases.resolve), ("processing", phases.processing), ("transfer", phases.transfer)]
    {
        durations.push(&[("phase", phase)], took.as_secs_f64());
    }
    findings.families.push(durations);
    if status.is_success() { Ok(()) } else { Err(ProbeError::Failed(format!("the answer is {status}"))) }
}

fn failed(error: reqwest::Error) -> ProbeError {
    ProbeError::Failed(AskError::from(error).to_string())
}
