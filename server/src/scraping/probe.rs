//! Looking at something from outside, as the blackbox exporter does: a target at the address [`ADDRESS`] is not asked for a page but
//! probed, and the page is what was found.
//!
//! What is looked at is the parameter `target`, and how is the parameter `module`. Everything goes through the one way out.

mod dns;
mod http;
mod tcp;

use std::time::{Duration, Instant};

use crowsnest_scrape::{Family, text};
use openssl::asn1::Asn1Time;
use openssl::x509::X509Ref;

use crate::fetch::Fetcher;

/// The address that means us: what the blackbox exporter's own would be.
pub(super) const ADDRESS: &str = "self";

/// Ways to look, by the names that the blackbox exporter's own configuration gives them.
const MODULES: &[(&str, Prober)] = &[
    ("http_2xx", Prober::Http("GET")),
    ("http_head_2xx", Prober::Http("HEAD")),
    ("http_post_2xx", Prober::Http("POST")),
    ("tcp_connect", Prober::Tcp),
    ("tls_connect", Prober::Tls),
    ("dns_udp", Prober::Dns),
];

#[derive(Clone, Copy, Debug)]
enum Prober {
    /// A method; any answer of 2xx is a success, after redirects.
    Http(&'static str),
    Tcp,
    Tls,
    Dns,
}

/// What is to be looked at, taken from the parameters of a target's URL.
#[derive(Debug, Default)]
pub(super) struct Question {
    target: String,
    module: String,
    query_name: String,
    query_type: String,
}

/// What has been found so far.
pub(super) struct Findings {
    families: Vec<Family>,
    began: Instant,
}

/// Why a probe does not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProbeError {
    #[error("there is no module {0:?}; there are {known}", known = known())]
    Module(String),
    #[error("the parameter target is missing")]
    NoTarget,
    #[error("{0:?} is no target for this module: {1}")]
    BadTarget(String, &'static str),
    #[error(transparent)]
    Fetch(#[from] crate::fetch::FetchError),
    #[error("{0}")]
    Failed(String),
}

fn known() -> String {
    MODULES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl Question {
    /// The question in the query of a URL.
    pub(super) fn of(path_and_query: &str) -> Self {
        let query = path_and_query.split_once('?').map_or("", |(_, query)| query);
        let mut question = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "target" => &mut question.target,
                "module" => &mut question.module,
                "query_name" => &mut question.query_name,
                "query_type" => &mut question.query_type,
                _ => continue,
            };
            *field = value.into_owned();
        }
        question
    }
}

/// Looks, for so long at most, and says what there was as a page; with why it was no success.
pub(super) async fn probe(
    fetcher: &Fetcher,
    question: &Question,
    limit: Duration,
) -> (String, Option<ProbeError>) {
    let mut findings = Findings { families: Vec::new(), began: Instant::now() };
    let looked = tokio::time::timeout(limit, look(fetcher, question, &mut findings)).await;
    let failure = match looked {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(_) => Some(ProbeError::Failed(format!("no result within {limit:?}"))),
    };
    let success = if failure.is_none() { 1.0 } else { 0.0 };
    let took = findings.began.elapsed().as_secs_f64();
    findings.gauge("probe_success", "Displays whether or not the probe was a success", success);
    findings.gauge("probe_duration_seconds", "Returns how long the probe took to complete in seconds", took);
    let mut page = String::new();
    text::encode(&mut page, &findings.families);
    (page, failure)
}

async fn look(fetcher: &Fetcher, question: &Question, findings: &mut Findings) -> Result<(), ProbeError> {
    let module = if question.module.is_empty() { "http_2xx" } else { &question.module };
    let prober = MODULES.iter().find(|(name, _)| *name == module).map(|(_, prober)| *prober);
    let prober = prober.ok_or_else(|| ProbeError::Module(module.to_owned()))?;
    if question.target.is_empty() {
        return Err(ProbeError::NoTarget);
    }
    match prober {
        Prober::Http(method) => http::look(fetcher, &question.target, method, findings).await,
        Prober::Tcp => tcp::connect(fetcher, &question.target, findings).await,
        Prober::Tls => tcp::connect_tls(fetcher, &question.target, findings).await,
        Prober::Dns => dns::look(fetcher, question, findings).await,
    }
}

impl Findings {
    /// Adds a family of one sample.
    fn gauge(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.families.push(Family::gauge(name, help).with(&[], value));
    }

    /// Adds which version of IP is used, and how long it took to learn the address.
    fn resolved(&mut self, address: std::net::SocketAddr, took: Duration) {
        self.gauge(
            "probe_dns_lookup_time_seconds",
            "Returns the time taken for probe dns lookup in seconds",
            took.as_secs_f64(),
        );
        let version = if address.is_ipv4() { 4.0 } else { 6.0 };
        self.gauge("probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6", version);
    }

    /// Adds when the first of these certificates ends.
    fn certificates<'c>(&mut self, chain: impl IntoIterator<Item = &'c X509Ref>) {
        let ends = chain.into_iter().filter_map(|certificate| {
            let epoch = Asn1Time::from_unix(0).ok()?;
            let since = epoch.diff(certificate.not_after()).ok()?;
            Some(f64::from(since.days) * 86_400.0 + f64::from(since.secs))
        });
        if let Some(earliest) = ends.min_by(f64::total_cmp) {
            self.gauge(
                "probe_ssl_earliest_cert_expiry",
                "Returns last SSL chain expiry in unixtime",
                earliest,
            );
        }
    }
}

/// Host and port of a target like `host:port`.
fn host_and_port(target: &str) -> Result<(&str, u16), ProbeError> {
    let wrong = || ProbeError::BadTarget(target.to_owned(), "it is like host:port");
    let (host, port) = target.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() { Err(wrong()) } else { Ok((host, port.parse().map_err(|_| wrong())?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn page(question: &str) -> (String, Option<String>) {
        let (page, error) = probe(&Fetcher::default(), &Question::of(question), Duration::from_secs(5)).await;
        let samples =
            page.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        (samples, error.map(|error| error.to_string()))
    }

    #[tokio::test]
    async fn a_port_that_takes_connections_is_a_success_and_one_that_does_not_is_none() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (found, error) = page(&format!("/probe?module=tcp_connect&target={address}")).await;
        assert!(
            found.contains("probe_success 1\n") && found.contains("probe_ip_protocol 4\n"),
            "{found} {error:?}"
        );
        drop(listener);
        let (found, error) = page(&format!("/probe?module=tcp_connect&target={address}")).await;
        assert!(found.contains("probe_success 0\n") && error.is_some(), "{found}");
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_told() {
        for (question, why) in [
            ("/probe?target=x&module=bang", "there is no module \"bang\"; there are http_2xx, "),
            ("/probe", "the parameter target is missing"),
            ("/probe?target=x&module=tcp_connect", "it is like host:port"),
            ("/probe?target=http://169.254.169.254/", "clouds hand out credentials there"),
            ("/probe?target=127.0.0.1:1&module=dns_udp", "query_name"),
        ] {
            let (found, error) = page(question).await;
            assert!(found.contains("probe_success 0\n"), "{found}");
            assert!(error.as_ref().unwrap().contains(why), "{error:?}");
        }
    }
}
