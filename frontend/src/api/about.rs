//! The cluster itself: what the API server says of itself, certificates, clocks, and tokens with which nodes join.

use crowsnest_api::about::{
    AboutCluster, BootstrapTokens, Certificates, MadeBootstrapToken, NewBootstrapToken,
};
use crowsnest_api::gone::Gone;
use crowsnest_api::recent::Recent;
use web_sys::AbortSignal;

use super::{ApiError, Client, Line, instant};
use crate::arrange::Arrange as _;
use crate::router::encode;

const API: &str = "api/crowsnest/v1";

/// By how many seconds the clock of a node that is scraped is ahead of whoever scrapes it.
const CLOCKS: &str = "max by (node) (node_time_seconds - timestamp(node_time_seconds))";
/// Seconds until the certificates of kubelets end.
const KUBELETS: &str =
    r#"min by (__name__, node) ({__name__=~"kubelet_certificate_manager_(client|server)_ttl_seconds"})"#;
/// What somebody has asked the API server for although it is going to be taken away.
const DEPRECATED: &str =
    "max by (group, version, resource, removed_release) (apiserver_requested_deprecated_apis) > 0";

/// What the API server says about itself.
pub(crate) async fn fetch_about(client: Client, abort: AbortSignal) -> Result<AboutCluster, ApiError> {
    client.get(&format!("{API}/cluster"), "", Some(&abort)).await
}

/// Certificates in some namespaces (none is everywhere), those in TLS Secrets only where that is asked for.
pub(crate) async fn fetch_certificates(
    client: Client,
    places: Vec<String>,
    secrets: bool,
    abort: AbortSignal,
) -> Result<Certificates, ApiError> {
    let mut query = named(&places);
    query.extend(secrets.then(|| "secrets=read".to_owned()));
    client.get(&format!("{API}/certificates"), &query.join("&"), Some(&abort)).await
}

/// What was rolled out lately in some namespaces; none is everywhere.
pub(crate) async fn fetch_recent(
    client: Client,
    places: Vec<String>,
    abort: AbortSignal,
) -> Result<Recent, ApiError> {
    client.get(&format!("{API}/recent"), &named(&places).join("&"), Some(&abort)).await
}

/// Pods of that name that are gone.
pub(crate) async fn fetch_gone(
    client: Client,
    namespace: &str,
    name: &str,
    abort: AbortSignal,
) -> Result<Gone, ApiError> {
    client.get(&format!("{API}/gone/{}/{}", encode(namespace), encode(name)), "", Some(&abort)).await
}

/// Places as parameters; one that is empty is everywhere.
fn named(places: &[String]) -> Vec<String> {
    let named = places.iter().filter(|place| !place.is_empty());
    named.map(|place| format!("in={}", encode(place))).collect()
}

/// Tokens with which nodes join, without what is secret.
pub(crate) async fn fetch_tokens(client: Client, abort: AbortSignal) -> Result<BootstrapTokens, ApiError> {
    client.get(&format!("{API}/bootstrap-tokens"), "", Some(&abort)).await
}

/// Makes such a token.
pub(crate) async fn make_token(
    client: Client,
    asked: &NewBootstrapToken,
) -> Result<MadeBootstrapToken, ApiError> {
    let text = client.post(&format!("{API}/bootstrap-tokens"), asked).await?;
    serde_json::from_str(&text).map_err(|_| ApiError::Unreadable)
}

/// By how many seconds the clocks of scraped nodes are ahead.
pub(crate) async fn fetch_clocks(
    client: Client,
    abort: &AbortSignal,
) -> Result<Vec<(String, f64)>, ApiError> {
    let lines = instant(client, CLOCKS, None, abort).await?.result.into_lines();
    Ok(lines.iter().filter_map(|line| Some((label(line, "node"), value(line)?))).collect())
}

/// The nodes whose kubelets tell when their certificates end: whether it is the one that they show, and in how many seconds.
pub(crate) async fn fetch_kubelets(
    client: Client,
    abort: &AbortSignal,
) -> Result<Vec<(String, bool, f64)>, ApiError> {
    let lines = instant(client, KUBELETS, None, abort).await?.result.into_lines();
    let told = |line: &Line| {
        let is_shown = line.labels.metric_name().contains("_server_");
        Some((label(line, "node"), is_shown, value(line)?))
    };
    Ok(lines.iter().filter_map(told).collect())
}

/// An API that is asked for although it is going to be taken away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeprecatedUse {
    /// `group/version resource`
    pub(crate) what: String,
    /// The release without it; may be empty.
    pub(crate) removed: String,
}

/// Those that are known from the API server's own metrics.
pub(crate) async fn fetch_deprecated(
    client: Client,
    abort: AbortSignal,
) -> Result<Vec<DeprecatedUse>, ApiError> {
    let lines = instant(client, DEPRECATED, None, &abort).await?.result.into_lines();
    let mut used: Vec<DeprecatedUse> = lines
        .iter()
        .map(|line| {
            let (group, version) = (label(line, "group"), label(line, "version"));
            let slash = if group.is_empty() { "" } else { "/" };
            let what = format!("{group}{slash}{version} {}", label(line, "resource"));
            DeprecatedUse { what, removed: label(line, "removed_release") }
        })
        .collect();
    used.arrange_by(Ord::cmp);
    Ok(used)
}

fn label(line: &Line, name: &str) -> String {
    line.labels.get(name).map(ToString::to_string).unwrap_or_default()
}

fn value(line: &Line) -> Option<f64> {
    line.points.last().map(|(_, value)| *value).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_can_be_read() {
        for query in [CLOCKS, KUBELETS, DEPRECATED] {
            assert!(crowsnest_promql::parse(query).is_ok(), "{query}");
        }
    }
}
