//! The settings with defaults filled in, checked against each other.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use crowsnest_api::cluster::{ObjectName, Scope};
use crowsnest_api::{Labels, METRIC_NAME};

use crate::auth::Opened;
use crate::cluster::ClusterSource;
use crate::external_url::ExternalUrl;
use crate::fetch::Destination;
use crate::http::{BasePath, CorsOrigin};
use crate::settings::{AuthMode, Kube, LogFormat, Settings};
use crate::units::Span;

/// Queries that may be allowed to run at once.
const MAX_CONCURRENCY: usize = 400;
const DEFAULT_RETENTION: Duration = Duration::from_secs(15 * 24 * 3600);

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
    pub(crate) auth: AuthMode,
    /// Where the cluster is; always there with [`AuthMode::Kube`].
    pub(crate) cluster: Option<ClusterSource>,
    pub(crate) static_token_file: Option<PathBuf>,
    pub(crate) ingest_token_file: Option<PathBuf>,
    /// The data folder is lost with the server.
    pub(crate) ephemeral: bool,
    pub(crate) retention: Duration,
    pub(crate) retention_bytes: Option<u64>,
    /// Where requests may go that leave for URLs of others; none is wherever it is not dangerous.
    pub(crate) outbound_allow: Vec<Destination>,
    /// Folder of what is configured by files.
    pub(crate) provisioning: Option<PathBuf>,
    pub(crate) evaluation_interval: Duration,
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
    /// Those that run longer are logged.
    pub(crate) slow_after: Duration,
}

/// As in Prometheus; it has no log of slow queries.
impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            concurrency: 20,
            max_samples: 50_000_000,
            lookback: Duration::from_secs(300),
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
        let listen = settings.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)));
        let auth = settings.auth.unwrap_or(AuthMode::Static);
        let queries = QueryLimits::resolve(&settings)?;
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
        let tls_names = settings.tls_name.unwrap_or_default();
        let tls_node_names = settings.tls_node_names.unwrap_or_default();
        check_names(&tls_names)?;
        ensure!(
            tls_files.is_none() || (tls_names.is_empty() && !tls_node_names),
            "--tls-name and --tls-node-names are about the certificate that is made without --tls-cert"
        );
        let publish_ca = settings.publish_ca.as_deref().map(configmap).transpose()?;
        ensure!(
            auth == AuthMode::Kube || (publish_ca.is_none() && !tls_node_names),
            "--publish-ca and --tls-node-names are about the cluster of --auth kube"
        );
        let opened = Opened {
            certificates: settings.certificate_sign_in.unwrap_or(settings.client_ca.is_some()),
            sign_on: settings.apiserver_sign_on.unwrap_or_default(),
        };
        ensure!(
            auth == AuthMode::Kube || opened == Opened::default(),
            "--certificate-sign-in, --client-ca and --apiserver-sign-on are for the users of the cluster: --auth kube"
        );
        let external_url = settings.external_url.as_deref().map(ExternalUrl::parse).transpose()?;
        let base_path = match (&settings.base_path, &external_url) {
            (Some(path), _) => BasePath::parse(path).context("--base-path is a path such as /crowsnest")?,
            (None, Some(url)) => url.path().clone(),
            (None, None) => BasePath::default(),
        };
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
            auth,
            cluster,
            static_token_file: settings.static_token_file,
            ingest_token_file: settings.ingest_token_file,
            ephemeral: settings.ephemeral.unwrap_or_default(),
            retention: settings.retention.map_or(DEFAULT_RETENTION, |span| span.0),
            retention_bytes: settings.retention_size.map(|bytes| bytes.0),
            outbound_allow: settings.outbound_allow.unwrap_or_default(),
            provisioning: settings.provisioning,
            evaluation_interval: settings
                .evaluation_interval
                .map_or(DEFAULT_EVALUATION_INTERVAL, |span| span.0)
                .max(Duration::from_millis(1)),
            features: settings.enable_feature.unwrap_or_default(),
            admin_api: settings.web_enable_admin_api.unwrap_or_default(),
            external_labels: external_labels(settings.external_label.as_deref().unwrap_or_default())?,
            log_format: settings.log_format.unwrap_or(LogFormat::Text),
            log_level: settings.log_level.unwrap_or_else(|| "info".to_owned()),
        })
    }
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
fn configmap(text: &str) -> anyhow::Result<(Scope, ObjectName)> {
    let parse = |text: &str| {
        let (namespace, name) = text.split_once('/')?;
        let scope: Scope = namespace.parse().ok()?;
        scope.namespace()?;
        Some((scope, name.parse().ok()?))
    };
    parse(text).with_context(|| {
        format!("--publish-ca {text:?} is not NAMESPACE/NAME, such as crowsnest/crowsnest-ca")
    })
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
    fn the_external_url_tells_the_base_path_unless_it_is_given() {
        let url = || Some("https://nest.example/a".to_owned());
        let base = |settings| Config::resolve(settings).unwrap().base_path.with_slash();
        assert_eq!(base(Settings { external_url: url(), ..safe() }), "/a/");
        assert_eq!(base(Settings { external_url: url(), base_path: Some("/b".into()), ..safe() }), "/b/");
    }
}
