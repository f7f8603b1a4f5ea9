//! The settings with defaults filled in, checked against each other.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use crowsnest_api::cluster::{ObjectName, Scope};
use crowsnest_api::{Labels, METRIC_NAME};
use crowsnest_cluster_metrics::{AllowList, CustomState, KINDS};
use crowsnest_promql::{PatternBudget, Resolution, parse_matchers};
use crowsnest_tsdb::{Options, RetentionRule, Tier};

use crate::auth::{OidcSettings, Opened};
use crate::cluster::ClusterSource;
use crate::cluster_metrics::{ClusterMetricsSettings, default_kinds};
use crate::external_url::ExternalUrl;
use crate::fetch::Destination;
use crate::http::{BasePath, CorsOrigin};
use crate::notifier::forward::Forwarding;
use crate::rules::curated;
use crate::settings::{AuthMode, Kube, LogFormat, Settings};
use crate::units::{Span, parse_duration};

/// Queries that may be allowed to run at once.
const MAX_CONCURRENCY: usize = 400;
const DEFAULT_RETENTION: Duration = Duration::from_secs(15 * 24 * 3600);

const DEFAULT_CLUSTER_METRICS_INTERVAL: Duration = Duration::from_secs(15);
/// Where people publish dashboards.
const DASHBOARDS_URL: &str = "https://grafana.com/api/dashboards";
const DEFAULT_EVALUATION_INTERVAL: Duration = Duration::from_mins(1);

/// What the server runs with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) data_dir: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) http_listen: Option<SocketAddr>,
    pub(crate) external_url: Option<ExternalUrl>,
    pub(crate) base_path: BasePath,
    /// Certificate chain and key, when the operator brings them.
    pub(crate) tls_files: Option<(PathBuf, PathBuf)>,
    /// What our own certificate names beside this machine.
    pub(crate) tls_names: Vec<String>,
    /// Whether it names the cluster's nodes.
    pub(crate) tls_node_names: bool,
    /// Namespace and name of the ConfigMap that says which authority to trust.
    pub(crate) publish_ca: Option<(Scope, ObjectName)>,
    /// Users whom others show to be who they are.
    pub(crate) opened: Opened,
    pub(crate) client_ca: Option<PathBuf>,
    pub(crate) client_cert_deny_file: Option<PathBuf>,
    /// Where users of the cluster sign in with their browser.
    pub(crate) oidc: Option<OidcSettings>,
    pub(crate) auth: AuthMode,
    /// Where the cluster is; always there with [`AuthMode::Kube`].
    pub(crate) cluster: Option<ClusterSource>,
    /// What is made metrics of there.
    pub(crate) cluster_metrics: ClusterMetricsSettings,
    /// Whether objects there say what is scraped.
    pub(crate) scrape_monitors: bool,
    /// Whether dashboards of ConfigMaps are shown.
    pub(crate) dashboard_config_maps: bool,
    /// Whether the last lines of pods that end are kept.
    pub(crate) keep_last_logs: bool,
    pub(crate) static_token_file: Option<PathBuf>,
    pub(crate) ingest_token_file: Option<PathBuf>,
    /// The data folder is lost with the server.
    pub(crate) ephemeral: bool,
    pub(crate) retention: Duration,
    /// How long some series are kept instead.
    pub(crate) retention_rules: Vec<RetentionRule>,
    /// What becomes of samples after their retention.
    pub(crate) tiers: Vec<Tier>,
    pub(crate) retention_bytes: Option<u64>,
    /// Series in the head, and of one source.
    pub(crate) max_series: usize,
    pub(crate) max_series_per_source: usize,
    /// Samples a second of one pusher.
    pub(crate) max_push_rate: Option<NonZeroU64>,
    /// Where requests may go that leave for URLs of others; none is wherever it is not dangerous.
    pub(crate) outbound_allow: Vec<Destination>,
    /// Folder of what is configured by files.
    pub(crate) provisioning: Option<PathBuf>,
    /// Where dashboards are fetched from by their number.
    pub(crate) dashboards_url: Option<reqwest::Url>,
    pub(crate) evaluation_interval: Duration,
    /// Names of the files of rules that come with the server.
    pub(crate) curated_rules: Vec<&'static str>,
    pub(crate) rule_objects: bool,
    /// Namespaces whose objects may have rules about the whole cluster.
    pub(crate) rules_from: Vec<String>,
    /// Who routes alerts instead of us.
    pub(crate) forwarding: Forwarding,
    pub(crate) features: Vec<String>,
    pub(crate) queries: QueryLimits,
    /// Other sites whose pages may ask the Prometheus API.
    pub(crate) cors_origin: Option<CorsOrigin>,
    /// Whether administrators may delete samples and take snapshots.
    pub(crate) admin_api: bool,
    /// Added to what leaves through federation, remote read and alerts.
    pub(crate) external_labels: Labels,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
}

/// What queries may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueryLimits {
    /// How long one may take, the wait for its turn included.
    pub(crate) timeout: Duration,
    /// How many run at once.
    pub(crate) concurrency: usize,
    /// How many samples one may hold at once.
    pub(crate) max_samples: usize,
    /// How long a sample counts when nothing newer comes.
    pub(crate) lookback: Duration,
    /// Bytes for answers that are kept.
    pub(crate) cache: usize,
    /// Those that run longer are logged.
    pub(crate) slow_after: Duration,
}

/// As in Prometheus; it keeps no answers and has no log of slow queries.
impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            concurrency: 20,
            max_samples: 50_000_000,
            lookback: Duration::from_secs(300),
            cache: 16 << 20,
            slow_after: Duration::from_secs(10),
        }
    }
}

impl QueryLimits {
    fn resolve(settings: &Settings) -> anyhow::Result<Self> {
        let default = Self::default();
        let time = |given: Option<Span>, default| given.map_or(default, |span| span.0);
        let number = |flag: &str, given: Option<usize>, default: usize| {
            let number = given.unwrap_or(default);
            ensure!(number > 0, "{flag} is one at least");
            Ok(number)
        };
        let limits = Self {
            timeout: time(settings.query_timeout, default.timeout),
            concurrency: number(
                "--query-max-concurrency",
                settings.query_max_concurrency,
                default.concurrency,
            )?,
            max_samples: number("--query-max-samples", settings.query_max_samples, default.max_samples)?,
            lookback: time(settings.query_lookback_delta, default.lookback),
            cache: settings
                .query_cache_size
                .map_or(default.cache, |size| usize::try_from(size.0).unwrap_or(usize::MAX)),
            slow_after: time(settings.query_slow_after, default.slow_after),
        };
        ensure!(
            limits.concurrency <= MAX_CONCURRENCY,
            "--query-max-concurrency is {MAX_CONCURRENCY} at most: each query has a thread of its own"
        );
        Ok(limits)
    }
}

impl Config {
    /// Fills in defaults and refuses combinations that would be unsafe or make no sense.
    pub(crate) fn resolve(settings: Settings) -> anyhow::Result<Self> {
        let oidc = oidc(&settings)?;
        let listen = settings.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)));
        let auth = settings.auth.unwrap_or(AuthMode::Static);
        let queries = QueryLimits::resolve(&settings)?;
        let cluster_metrics = cluster_metrics(&settings)?;
        if let Some(plain) = settings.http_listen {
            ensure!(
                plain.ip().is_loopback(),
                "--http-listen {plain} is not a loopback address: plain HTTP would send tokens in the clear. \
                 Use --listen, which serves HTTPS"
            );
        }
        ensure!(
            auth != AuthMode::None || listen.ip().is_loopback(),
            "--auth none on {listen}, which is not a loopback address, would let everybody in. \
             Use --auth static with --static-token-file"
        );
        let tls_files = match (settings.tls_cert, settings.tls_key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => bail!("--tls-cert and --tls-key are given together or not at all"),
        };
        ensure!(
            auth != AuthMode::Static || settings.static_token_file.is_some(),
            "--auth static needs --static-token-file, a YAML list of users (see --help)"
        );
        let cluster = match (settings.kube, settings.kubeconfig) {
            (Some(Kube::None), _) => None,
            (None, Some(file)) => Some(ClusterSource::Kubeconfig(file)),
            (None, None) => ClusterSource::around(),
        };
        ensure!(
            auth != AuthMode::Kube || cluster.is_some(),
            "--auth kube needs a cluster: give --kubeconfig FILE, or run as a pod with a ServiceAccount, \
             and without --kube none"
        );
        let scrape_monitors = settings.scrape_monitors.unwrap_or_default();
        ensure!(
            cluster.is_some() || !scrape_monitors,
            "--scrape-monitors needs a cluster: give --kubeconfig FILE, or run as a pod with a ServiceAccount"
        );
        let dashboard_config_maps = settings.dashboard_config_maps.unwrap_or_default();
        ensure!(
            cluster.is_some() || !dashboard_config_maps,
            "--dashboard-config-maps needs a cluster: give --kubeconfig FILE, or run as a pod with a ServiceAccount"
        );
        let rule_objects = settings.rule_objects.unwrap_or_default();
        ensure!(
            cluster.is_some() || !rule_objects,
            "--rule-objects needs a cluster: give --kubeconfig FILE, or run as a pod with a ServiceAccount"
        );
        ensure!(
            auth == AuthMode::Kube || oidc.is_none(),
            "--oidc-issuer-url is for the users of the cluster: --auth kube"
        );
        let tls_names = settings.tls_name.unwrap_or_default();
        let tls_node_names = settings.tls_node_names.unwrap_or_default();
        check_names(&tls_names)?;
        ensure!(
            tls_files.is_none() || (tls_names.is_empty() && !tls_node_names),
            "--tls-name and --tls-node-names are about the certificate that is made without --tls-cert"
        );
        let publish_ca =
            settings.publish_ca.as_deref().map(|text| namespaced("--publish-ca", text)).transpose()?;
        ensure!(
            auth == AuthMode::Kube || (publish_ca.is_none() && !tls_node_names),
            "--publish-ca and --tls-node-names are about the cluster of --auth kube"
        );
        let opened = Opened {
            certificates: settings.certificate_sign_in.unwrap_or(settings.client_ca.is_some()),
            sign_on: settings.apiserver_sign_on.unwrap_or_default(),
            metrics_api: settings.metrics_api.unwrap_or_default(),
        };
        ensure!(
            auth == AuthMode::Kube || opened == Opened::default(),
            "--certificate-sign-in, --client-ca, --apiserver-sign-on and --metrics-api are for the cluster of --auth kube"
        );
        let external_url = settings.external_url.as_deref().map(ExternalUrl::parse).transpose()?;
        let base_path = match (&settings.base_path, &external_url) {
            (Some(path), _) => BasePath::parse(path).context("--base-path is a path such as /crowsnest")?,
            (None, Some(url)) => url.path().clone(),
            (None, None) => BasePath::default(),
        };
        let dashboards_url = dashboards_url(settings.dashboards_url.as_deref())?;
        let store = Options::default();
        let cors_origin = settings.web_cors_origin.as_deref().map(CorsOrigin::parse).transpose()?;
        Ok(Self {
            queries,
            cors_origin,
            data_dir: settings.data_dir.unwrap_or_else(|| PathBuf::from("crowsnest-data")),
            listen,
            http_listen: settings.http_listen,
            external_url,
            base_path,
            tls_files,
            tls_names,
            tls_node_names,
            publish_ca,
            opened,
            client_ca: settings.client_ca,
            client_cert_deny_file: settings.client_cert_deny_file,
            oidc,
            auth,
            cluster,
            cluster_metrics,
            scrape_monitors,
            dashboard_config_maps,
            keep_last_logs: settings.keep_last_logs.unwrap_or_default(),
            static_token_file: settings.static_token_file,
            ingest_token_file: settings.ingest_token_file,
            ephemeral: settings.ephemeral.unwrap_or_default(),
            retention: settings.retention.map_or(DEFAULT_RETENTION, |span| span.0),
            retention_rules: retention_rules(settings.retention_rule.as_deref().unwrap_or_default())?,
            tiers: tiers(settings.retention, [settings.retention_5m, settings.retention_1h])?,
            max_series: settings.max_series.unwrap_or(store.max_series),
            max_series_per_source: settings.max_series_per_source.unwrap_or(store.max_series_per_source),
            max_push_rate: settings.max_push_rate,
            retention_bytes: settings.retention_size.map(|bytes| bytes.0),
            outbound_allow: settings.outbound_allow.unwrap_or_default(),
            provisioning: settings.provisioning,
            dashboards_url,
            evaluation_interval: settings
                .evaluation_interval
                .map_or(DEFAULT_EVALUATION_INTERVAL, |span| span.0)
                .max(Duration::from_millis(1)),
            curated_rules: curated::named(settings.curated_rules.as_deref())?,
            rule_objects,
            rules_from: settings.rules_from.unwrap_or_default(),
            forwarding: forwarding(settings.forward_alerts, settings.forward_alerts_token_file)?,
            features: settings.enable_feature.unwrap_or_default(),
            admin_api: settings.web_enable_admin_api.unwrap_or_default(),
            external_labels: external_labels(settings.external_label.as_deref().unwrap_or_default())?,
            log_format: settings.log_format.unwrap_or(LogFormat::Text),
            log_level: settings.log_level.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

/// Where dashboards are fetched from; nowhere when that is `off`.
fn dashboards_url(text: Option<&str>) -> anyhow::Result<Option<reqwest::Url>> {
    let text = match text {
        Some("off") => return Ok(None),
        Some(text) => text.trim_end_matches('/'),
        None => DASHBOARDS_URL,
    };
    let url = reqwest::Url::parse(text).with_context(|| format!("--dashboards-url {text}"))?;
    ensure!(
        matches!(url.scheme(), "http" | "https"),
        "--dashboards-url {text}: http and https are fetched, or \"off\""
    );
    Ok(Some(url))
}

/// The issuer, where one is given.
fn oidc(settings: &Settings) -> anyhow::Result<Option<OidcSettings>> {
    let (issuer, client_id) = match (&settings.oidc_issuer_url, &settings.oidc_client_id) {
        (None, None) => return Ok(None),
        (Some(issuer), Some(client_id)) => (issuer.clone(), client_id.clone()),
        _ => bail!("--oidc-issuer-url and --oidc-client-id go together"),
    };
    let url = reqwest::Url::parse(&issuer).with_context(|| format!("--oidc-issuer-url {issuer}"))?;
    let is_loopback = match url.host_str().map(|host| host.trim_matches(['[', ']'])) {
        Some("localhost") => true,
        Some(host) => host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    ensure!(
        url.scheme() == "https" || url.scheme() == "http" && is_loopback,
        "--oidc-issuer-url {issuer}: an issuer is reached over https"
    );
    let scopes = settings.oidc_scopes.clone();
    let scopes = scopes.unwrap_or_else(|| ["openid", "email", "profile"].map(str::to_owned).to_vec());
    ensure!(scopes.iter().any(|scope| scope == "openid"), "--oidc-scopes: openid must be among them");
    Ok(Some(OidcSettings {
        issuer,
        client_id,
        client_secret_file: settings.oidc_client_secret_file.clone(),
        ca_file: settings.oidc_ca_file.clone(),
        scopes,
    }))
}

/// Names of machines, and addresses.
fn check_names(names: &[String]) -> anyhow::Result<()> {
    for name in names {
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        let good = name.parse::<std::net::IpAddr>().is_ok()
            || (1..=253).contains(&name.len())
                && name.strip_prefix("*.").unwrap_or(name).bytes().all(of_a_name);
        ensure!(good, "--tls-name {name:?} is neither a host name nor an address");
    }
    Ok(())
}

/// `namespace/name`.
fn namespaced(flag: &str, text: &str) -> anyhow::Result<(Scope, ObjectName)> {
    let parse = |text: &str| {
        let (namespace, name) = text.split_once('/')?;
        let scope: Scope = namespace.parse().ok()?;
        scope.namespace()?;
        Some((scope, name.parse().ok()?))
    };
    parse(text)
        .with_context(|| format!("{flag} {text:?} is not NAMESPACE/NAME, such as crowsnest/crowsnest-ca"))
}

/// Who routes alerts instead of us.
fn forwarding(to: Option<Vec<String>>, token_file: Option<PathBuf>) -> anyhow::Result<Forwarding> {
    let read = |text: String| {
        let url = text.trim().parse::<reqwest::Url>().ok();
        // A password belongs into no flag, and nowhere where addresses are shown.
        let url = url.filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
        });
        url.with_context(|| format!("--forward-alerts: {text:?} is no address like http://alertmanager:9093"))
    };
    let to = to.unwrap_or_default().into_iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(
        token_file.is_none() || !to.is_empty(),
        "--forward-alerts-token-file is for the Alertmanagers of --forward-alerts"
    );
    Ok(Forwarding { to, token_file })
}

/// What is made metrics of in the cluster, and how.
fn cluster_metrics(settings: &Settings) -> anyhow::Result<ClusterMetricsSettings> {
    let find = |name: &str| {
        KINDS.iter().find(|kind| kind.resource == name).cloned().with_context(|| {
            let all: Vec<&str> = KINDS.iter().map(|kind| &*kind.resource).collect();
            format!(
                "--cluster-metrics: there are no metrics of {name:?}; of these there are: {}",
                all.join(", ")
            )
        })
    };
    let kinds = match settings.cluster_metrics.as_deref() {
        None => default_kinds(),
        Some([one]) if one == "none" => Vec::new(),
        Some([one]) if one == "*" => KINDS.to_vec(),
        Some(names) => names.iter().map(|name| find(name.trim())).collect::<anyhow::Result<_>>()?,
    };
    let lease = settings.cluster_metrics_lease.as_deref();
    let list = |given: &Option<AllowList>| given.clone().unwrap_or_default();
    let (labels, annotations) =
        (list(&settings.metric_labels_allowlist), list(&settings.metric_annotations_allowlist));
    for resource in labels.resources().chain(annotations.resources()) {
        find(resource).context("in --metric-labels-allowlist or --metric-annotations-allowlist")?;
    }
    let interval = settings.cluster_metrics_interval.map_or(DEFAULT_CLUSTER_METRICS_INTERVAL, |span| span.0);
    ensure!(interval >= Duration::from_secs(1), "--cluster-metrics-interval is one second at least");
    let custom = settings.custom_resource_state_config_file.as_deref().map(custom_state).transpose()?;
    Ok(ClusterMetricsSettings {
        kinds,
        custom: custom.unwrap_or_default(),
        interval,
        labels,
        annotations,
        lease: lease.map(|text| namespaced("--cluster-metrics-lease", text)).transpose()?,
    })
}

/// Families of custom resources, from a file.
fn custom_state(file: &Path) -> anyhow::Result<CustomState> {
    let named = || format!("--custom-resource-state-config-file {}", file.display());
    let text = std::fs::read_to_string(file).with_context(named)?;
    CustomState::parse(&text).map_err(|faults| {
        let told: Vec<String> = faults.iter().map(|fault| format!("{}:{fault}", file.display())).collect();
        anyhow::anyhow!("--custom-resource-state-config-file:\n{}", told.join("\n"))
    })
}

/// `SELECTOR=DURATION` each.
fn retention_rules(given: &[String]) -> anyhow::Result<Vec<RetentionRule>> {
    let mut budget = PatternBudget::default();
    let mut rule = |text: &String| {
        // A selector may have signs of equality of its own.
        let (selector, keep) = text.rsplit_once('=').context("it is not SELECTOR=DURATION")?;
        let matchers = parse_matchers(selector.trim(), &mut budget)?;
        let keep = parse_duration(keep.trim()).filter(|keep| !keep.is_zero());
        Ok(RetentionRule { matchers, keep: keep.context("its end is not a duration such as 30d")? })
    };
    let named =
        |text| rule(text).map_err(|error: anyhow::Error| error.context(format!("--retention-rule {text:?}")));
    given.iter().map(named).collect()
}

/// Tiers of the resolutions that there are. Each is kept for longer than what it is made of; one of no time is none.
fn tiers(retention: Option<Span>, kept: [Option<Span>; 2]) -> anyhow::Result<Vec<Tier>> {
    let mut before = ("retention".to_owned(), retention.map_or(DEFAULT_RETENTION, |span| span.0));
    let mut tiers = Vec::new();
    for (resolution, keep) in Resolution::ALL.into_iter().zip(kept) {
        let Some(Span(keep)) = keep.filter(|keep| !keep.0.is_zero()) else { continue };
        let name = format!("retention-{resolution}");
        ensure!(keep > before.1, "--{name} is not longer than --{}, after which it begins", before.0);
        before = (name, keep);
        tiers.push(Tier { resolution, keep });
    }
    Ok(tiers)
}

impl Config {
    /// How long the samples are kept that are kept longest.
    pub(crate) fn longest_retention(&self) -> Duration {
        RetentionRule::longest(&self.retention_rules, self.retention)
    }
}

/// `name=value`, each name once.
fn external_labels(given: &[String]) -> anyhow::Result<Labels> {
    let mut labels = Labels::empty().to_builder();
    let mut names = Vec::new();
    for pair in given {
        let (name, value) = pair
            .split_once('=')
            .filter(|(name, value)| !name.is_empty() && !value.is_empty() && *name != METRIC_NAME)
            .with_context(|| format!("--external-label {pair:?} is not name=value, such as cluster=demo"))?;
        ensure!(!names.contains(&name), "--external-label {pair:?}: {name} is given twice");
        names.push(name);
        labels.set(name, value);
    }
    Ok(labels.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe() -> Settings {
        Settings { static_token_file: Some("users.yaml".into()), ..Settings::default() }
    }

    #[track_caller]
    fn check_refused(settings: Settings, what: &str) {
        let message = format!("{:#}", Config::resolve(settings).unwrap_err());
        assert!(message.contains(what), "{message}");
    }

    #[test]
    fn defaults_are_https_on_loopback_with_sign_in() {
        let config = Config::resolve(safe()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8443");
        assert_eq!(config.http_listen, None);
        assert_eq!(config.auth, AuthMode::Static);
    }

    #[test]
    fn plain_http_and_no_sign_in_are_refused_off_loopback() {
        let everywhere: SocketAddr = "0.0.0.0:8080".parse().unwrap();
        check_refused(Settings { http_listen: Some(everywhere), ..safe() }, "not a loopback");
        check_refused(
            Settings { listen: Some(everywhere), auth: Some(AuthMode::None), ..safe() },
            "not a loopback",
        );
    }

    #[test]
    fn half_a_certificate_and_missing_users_are_refused() {
        check_refused(Settings { tls_cert: Some("c".into()), ..safe() }, "together");
        check_refused(Settings::default(), "--static-token-file");
        check_refused(
            Settings { auth: Some(AuthMode::Kube), kube: Some(Kube::None), ..Settings::default() },
            "--kubeconfig",
        );
        check_refused(Settings { base_path: Some("no-slash".into()), ..safe() }, "--base-path");
        check_refused(Settings { external_url: Some("ftp://x".into()), ..safe() }, "--external-url");
    }

    #[test]
    fn names_for_the_certificate_and_where_its_authority_goes_are_checked() {
        let names = |names: &[&str]| Settings {
            tls_name: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..safe()
        };
        let good = ["crowsnest.crowsnest.svc", "192.0.2.7", "2001:db8::1", "*.example.org"];
        assert_eq!(Config::resolve(names(&good)).unwrap().tls_names, good);
        for wrong in ["", "a b", "https://x", "a/b", "x:8443"] {
            check_refused(names(&[wrong]), "--tls-name");
        }
        check_refused(
            Settings { tls_cert: Some("c".into()), tls_key: Some("k".into()), ..names(&["x"]) },
            "--tls-name",
        );
        let publish = |to: &str| Settings {
            publish_ca: Some(to.into()),
            auth: Some(AuthMode::Kube),
            kubeconfig: Some("kubeconfig".into()),
            ..safe()
        };
        assert!(Config::resolve(publish("crowsnest/crowsnest-ca")).unwrap().publish_ca.is_some());
        for wrong in ["crowsnest-ca", "-/a", "/", "a/b/c"] {
            check_refused(publish(wrong), "--publish-ca");
        }
        check_refused(Settings { publish_ca: Some("a/b".into()), ..safe() }, "the cluster");
    }

    #[test]
    fn external_labels_are_pairs_with_each_name_once() {
        let of = |pairs: &[&str]| Settings {
            external_label: Some(pairs.iter().map(|pair| (*pair).to_owned()).collect()),
            ..safe()
        };
        let labels = Config::resolve(of(&["site=a=b", "cluster=demo"])).unwrap().external_labels;
        assert_eq!(labels, Labels::from_pairs([("cluster", "demo"), ("site", "a=b")]));
        for wrong in [&["site"][..], &["=a"], &["site="], &["__name__=x"], &["a=1", "a=2"]] {
            check_refused(of(wrong), "--external-label");
        }
    }

    #[test]
    fn tiers_are_kept_for_longer_than_what_they_are_made_of() {
        let days = |days: u64| Some(Span(Duration::from_secs(days * 86_400)));
        let of = |retention, retention_5m, retention_1h| {
            Config::resolve(Settings { retention, retention_5m, retention_1h, ..safe() })
        };
        let kept =
            |config: Config| config.tiers.iter().map(|tier| tier.keep.as_secs() / 86_400).collect::<Vec<_>>();
        assert_eq!(kept(of(None, None, None).unwrap()), [0; 0]);
        assert_eq!(kept(of(None, days(90), days(400)).unwrap()), [90, 400]);
        assert_eq!(kept(of(None, days(0), days(400)).unwrap()), [400]);
        assert_eq!(kept(of(days(1), days(2), None).unwrap()), [2]);
        check_refused(
            Settings { retention_5m: days(15), ..safe() },
            "--retention-5m is not longer than --retention, after which it begins",
        );
        check_refused(
            Settings { retention_5m: days(90), retention_1h: days(90), ..safe() },
            "--retention-1h is not longer than --retention-5m, after which it begins",
        );
    }

    #[test]
    fn rules_of_retention_are_a_selector_and_a_duration() {
        let of = |rules: &[&str]| Settings {
            retention_rule: Some(rules.iter().map(|rule| (*rule).to_owned()).collect()),
            ..safe()
        };
        let config = Config::resolve(of(&["{job=\"debug\"}=1d", "slo:ratio = 400d"])).unwrap();
        let kept: Vec<_> = config.retention_rules.iter().map(|rule| rule.keep.as_secs() / 86_400).collect();
        assert_eq!((kept, config.longest_retention()), (vec![1, 400], Duration::from_secs(400 * 86_400)));
        assert_eq!(config.retention_rules[0].matchers[0].name(), "job");
        for wrong in ["up", "up=", "up=0s", "up=soon", "=1d", "rate(up[1m])=1d", "{job=~\"(\"}=1d"] {
            check_refused(of(&[wrong]), "--retention-rule");
        }
    }

    #[test]
    fn limits_of_queries_are_more_than_nothing() {
        let given = Settings {
            query_timeout: Some(Span(Duration::from_secs(5))),
            query_max_concurrency: Some(3),
            ..safe()
        };
        let limits = Config::resolve(given).unwrap().queries;
        assert_eq!(
            limits,
            QueryLimits { timeout: Duration::from_secs(5), concurrency: 3, ..QueryLimits::default() }
        );
        check_refused(Settings { query_max_samples: Some(0), ..safe() }, "--query-max-samples");
        for concurrency in [0, MAX_CONCURRENCY + 1] {
            let given = Settings { query_max_concurrency: Some(concurrency), ..safe() };
            check_refused(given, "--query-max-concurrency");
        }
        check_refused(Settings { web_cors_origin: Some("(".into()), ..safe() }, "--web-cors-origin");
    }

    #[test]
    fn alerts_are_forwarded_to_addresses_without_credentials_alone() {
        let to = |text: &str| Settings { forward_alerts: Some(vec![text.into()]), ..safe() };
        let config = Config::resolve(to("http://am:9093/base/")).unwrap();
        assert_eq!(config.forwarding.to[0].as_str(), "http://am:9093/base/");
        for wrong in ["am:9093", "ftp://am", "http://user:secret@am:9093"] {
            check_refused(to(wrong), "--forward-alerts");
        }
        check_refused(
            Settings { forward_alerts_token_file: Some("/t".into()), ..safe() },
            "--forward-alerts",
        );
    }

    #[test]
    fn the_external_url_tells_the_base_path_unless_it_is_given() {
        let url = || Some("https://nest.example/a".to_owned());
        let base = |settings| Config::resolve(settings).unwrap().base_path.with_slash();
        assert_eq!(base(Settings { external_url: url(), ..safe() }), "/a/");
        assert_eq!(base(Settings { external_url: url(), base_path: Some("/b".into()), ..safe() }), "/b/");
    }
}
