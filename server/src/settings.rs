//! What the operator may set: each setting is a flag, an environment variable and a key of `crowsnest.toml`.
//!
//! A flag wins over the environment, which wins over the file.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use crowsnest_cluster_metrics::AllowList;
use serde::Deserialize;

use crate::fetch::Destination;
use crate::units::{Bytes, Span};

/// `serve` and `demo`: the settings, and where more of them may be written.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServeArgs {
    /// File with the same settings in TOML: `data-dir = "/var/lib/crowsnest"`.
    #[arg(long, env = "CROWSNEST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// How users prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuthMode {
    /// The users of the Kubernetes cluster, each with their own token.
    Kube,
    /// The users in `--static-token-file`.
    Static,
    /// Not at all: everybody is an administrator. On loopback only.
    None,
}

/// Which Kubernetes cluster the server looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kube {
    /// None.
    None,
}

/// Where samples are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Storage {
    /// In the data folder.
    Local,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Every setting, none of them with its default yet.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Folder for samples, control state, keys and certificates [default: ./crowsnest-data]
    #[arg(long, env = "CROWSNEST_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address to serve HTTPS on; port 0 picks a free one [default: 127.0.0.1:8443]
    #[arg(long, env = "CROWSNEST_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address to serve plain HTTP on as well; loopback only
    #[arg(long, env = "CROWSNEST_HTTP_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) http_listen: Option<SocketAddr>,
    /// URL under which users reach the server from outside
    #[arg(long, env = "CROWSNEST_EXTERNAL_URL", value_name = "URL")]
    pub(crate) external_url: Option<String>,
    /// Path prefix under which a proxy serves us, such as /crowsnest
    #[arg(long, env = "CROWSNEST_BASE_PATH", value_name = "PATH")]
    pub(crate) base_path: Option<String>,
    /// File that says where the Kubernetes API server is; without it, the cluster that this pod runs in
    #[arg(long, env = "CROWSNEST_KUBECONFIG", value_name = "FILE", conflicts_with = "kube")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// None, to look at no cluster even where there is one
    #[arg(long, env = "CROWSNEST_KUBE", value_enum)]
    pub(crate) kube: Option<Kube>,
    /// Kinds of the cluster's objects that metrics are made of, as kube-state-metrics does: plurals separated by commas, * for all, none for none
    /// [default: all but secrets]
    #[arg(long, env = "CROWSNEST_CLUSTER_METRICS", value_name = "KINDS", value_delimiter = ',')]
    pub(crate) cluster_metrics: Option<Vec<String>>,
    /// How often these are written [default: 15s]
    #[arg(long, env = "CROWSNEST_CLUSTER_METRICS_INTERVAL", value_name = "DURATION")]
    pub(crate) cluster_metrics_interval: Option<Span>,
    /// Lease, as NAMESPACE/NAME, that the server writes these under, for when several servers look at one cluster; needs the rights to get,
    /// create and update it
    #[arg(long, env = "CROWSNEST_CLUSTER_METRICS_LEASE", value_name = "LEASE")]
    pub(crate) cluster_metrics_lease: Option<String>,
    /// File that says which metrics are made of custom resources: kube-state-metrics' CustomResourceStateMetrics
    #[arg(long, env = "CROWSNEST_CUSTOM_RESOURCE_STATE_CONFIG_FILE", value_name = "FILE")]
    pub(crate) custom_resource_state_config_file: Option<PathBuf>,
    /// Labels of objects that kube_…_labels have, as pods=[app,team],nodes=[*] [default: none]
    #[arg(long, env = "CROWSNEST_METRIC_LABELS_ALLOWLIST", value_name = "LIST")]
    pub(crate) metric_labels_allowlist: Option<AllowList>,
    /// Annotations of objects that kube_…_annotations have, in the same way [default: none]
    #[arg(long, env = "CROWSNEST_METRIC_ANNOTATIONS_ALLOWLIST", value_name = "LIST")]
    pub(crate) metric_annotations_allowlist: Option<AllowList>,
    /// Scrapes what ServiceMonitor, PodMonitor and Probe objects of the cluster say; needs the right to list them
    #[arg(long, env = "CROWSNEST_SCRAPE_MONITORS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) scrape_monitors: Option<bool>,
    /// Shows the dashboards of ConfigMaps with the label grafana_dashboard: "1" to those who may read dashboards in their namespaces; needs the right to
    /// list ConfigMaps
    #[arg(long, env = "CROWSNEST_DASHBOARD_CONFIG_MAPS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) dashboard_config_maps: Option<bool>,
    /// Keeps the last thousand log lines of pods that end, for three days, beside their last state; needs the right to get pods/log
    #[arg(long, env = "CROWSNEST_KEEP_LAST_LOGS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) keep_last_logs: Option<bool>,
    /// Server certificate chain, PEM; without it one is made and kept in the data folder
    #[arg(long, env = "CROWSNEST_TLS_CERT", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of --tls-cert, PEM
    #[arg(long, env = "CROWSNEST_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// More names and addresses, separated by commas, for the certificate that we make ourselves
    #[arg(long, env = "CROWSNEST_TLS_NAME", value_name = "NAMES", value_delimiter = ',')]
    pub(crate) tls_name: Option<Vec<String>>,
    /// Names the cluster's nodes in that certificate too, for a NodePort; needs the right to list nodes
    #[arg(long, env = "CROWSNEST_TLS_NODE_NAMES", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) tls_node_names: Option<bool>,
    /// ConfigMap, as NAMESPACE/NAME, that the authority of our certificate is written to; needs the right to patch it
    #[arg(long, env = "CROWSNEST_PUBLISH_CA", value_name = "CONFIGMAP")]
    pub(crate) publish_ca: Option<String>,
    /// Lets users of the cluster sign in with the client certificate of their browser; needs the right to impersonate them
    #[arg(long, env = "CROWSNEST_CERTIFICATE_SIGN_IN", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) certificate_sign_in: Option<bool>,
    /// The authority of those certificates, PEM, where the cluster is not to be asked; implies --certificate-sign-in
    #[arg(long, env = "CROWSNEST_CLIENT_CA", value_name = "FILE")]
    pub(crate) client_ca: Option<PathBuf>,
    /// SHA-256 fingerprints of client certificates that are refused, one a line; re-read on change
    #[arg(long, env = "CROWSNEST_CLIENT_CERT_DENY_FILE", value_name = "FILE")]
    pub(crate) client_cert_deny_file: Option<PathBuf>,
    /// Lets users in whom the API server knows, below /apis/ui.crowsnest.dev/v1/web/; needs the right to impersonate them
    #[arg(long, env = "CROWSNEST_APISERVER_SIGN_ON", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) apiserver_sign_on: Option<bool>,
    /// Answers the API server's questions for metrics.k8s.io, for kubectl top and HorizontalPodAutoscalers; needs an APIService
    #[arg(long, env = "CROWSNEST_METRICS_API", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) metrics_api: Option<bool>,
    /// OpenID Connect issuer that the API server believes, for a login in the browser
    #[arg(long, env = "CROWSNEST_OIDC_ISSUER_URL", value_name = "URL")]
    pub(crate) oidc_issuer_url: Option<String>,
    /// Who we are there, which must be whom its tokens are for (the API server's --oidc-client-id)
    #[arg(long, env = "CROWSNEST_OIDC_CLIENT_ID", value_name = "ID")]
    pub(crate) oidc_client_id: Option<String>,
    /// File with the client's secret; public clients have none
    #[arg(long, env = "CROWSNEST_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub(crate) oidc_client_secret_file: Option<PathBuf>,
    /// Authorities of the issuer's certificate, PEM, beside the system's
    #[arg(long, env = "CROWSNEST_OIDC_CA_FILE", value_name = "FILE")]
    pub(crate) oidc_ca_file: Option<PathBuf>,
    /// What is asked of the issuer, separated by commas; offline_access for sessions that outlast a token [default:
    /// openid,email,profile]
    #[arg(long, env = "CROWSNEST_OIDC_SCOPES", value_name = "SCOPES", value_delimiter = ',')]
    pub(crate) oidc_scopes: Option<Vec<String>>,
    /// How users sign in [default: static]
    #[arg(long, env = "CROWSNEST_AUTH", value_enum)]
    pub(crate) auth: Option<AuthMode>,
    /// YAML list of users: {user, groups, role, token_sha256 | password_argon2id}; re-read on change
    #[arg(long, env = "CROWSNEST_STATIC_TOKEN_FILE", value_name = "FILE")]
    pub(crate) static_token_file: Option<PathBuf>,
    /// Tokens that may push samples, one a line; re-read on change
    #[arg(long, env = "CROWSNEST_INGEST_TOKEN_FILE", value_name = "FILE")]
    pub(crate) ingest_token_file: Option<PathBuf>,
    /// Says that the data folder does not outlive this server, as an emptyDir; users are told
    #[arg(long, env = "CROWSNEST_EPHEMERAL", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) ephemeral: Option<bool>,
    /// How long samples are kept [default: 15d]
    #[arg(long, env = "CROWSNEST_RETENTION", value_name = "DURATION")]
    pub(crate) retention: Option<Span>,
    /// How long samples of some series are kept instead, as SELECTOR=DURATION separated by semicolons; the first that matches counts
    #[arg(long, env = "CROWSNEST_RETENTION_RULE", value_name = "RULES", value_delimiter = ';')]
    pub(crate) retention_rule: Option<Vec<String>>,
    /// How long samples are kept down-sampled to five minutes, once they are older than --retention; not when not given
    #[arg(long = "retention-5m", env = "CROWSNEST_RETENTION_5M", value_name = "DURATION")]
    pub(crate) retention_5m: Option<Span>,
    /// The same, down-sampled to an hour, after that
    #[arg(long = "retention-1h", env = "CROWSNEST_RETENTION_1H", value_name = "DURATION")]
    pub(crate) retention_1h: Option<Span>,
    /// How many series with recent samples there may be; new ones beyond are refused [default: 1000000]
    #[arg(long, env = "CROWSNEST_MAX_SERIES", value_name = "N")]
    pub(crate) max_series: Option<usize>,
    /// How many of them may be of one source: who pushes, job and instance together [default: 300000]
    #[arg(long, env = "CROWSNEST_MAX_SERIES_PER_SOURCE", value_name = "N")]
    pub(crate) max_series_per_source: Option<usize>,
    /// Samples a second that one pusher may send; past it pushes are answered 429; unlimited when not given
    #[arg(long, env = "CROWSNEST_MAX_PUSH_RATE", value_name = "N")]
    pub(crate) max_push_rate: Option<NonZeroU64>,
    /// How much disk blocks of samples may take; unlimited when not given
    #[arg(long, env = "CROWSNEST_RETENTION_SIZE", value_name = "SIZE")]
    pub(crate) retention_size: Option<Bytes>,
    /// Where samples are kept [default: local]
    #[arg(long, env = "CROWSNEST_STORAGE", value_enum)]
    pub(crate) storage: Option<Storage>,
    /// The only destinations of notifications and other requests that leave: hosts, *.domains and networks, separated by commas
    #[arg(long, env = "CROWSNEST_OUTBOUND_ALLOW", value_name = "LIST", value_delimiter = ',')]
    pub(crate) outbound_allow: Option<Vec<Destination>>,
    /// Folder of what is configured by files: rules/**.yml; read again when it changes
    #[arg(long, env = "CROWSNEST_PROVISIONING", value_name = "DIR")]
    pub(crate) provisioning: Option<PathBuf>,
    /// Where dashboards are fetched from that are imported by their number, `off` for nowhere [default: https://grafana.com/api/dashboards]
    #[arg(long, env = "CROWSNEST_DASHBOARDS_URL", value_name = "URL")]
    pub(crate) dashboards_url: Option<String>,
    /// How often rules are evaluated whose group does not say [default: 1m]
    #[arg(long, env = "CROWSNEST_EVALUATION_INTERVAL", value_name = "DURATION")]
    pub(crate) evaluation_interval: Option<Span>,
    /// Which of the rules that come with the server are evaluated: certificates, kubernetes, nodes, stack, storage, or none [default: all]
    #[arg(long, env = "CROWSNEST_CURATED_RULES", value_name = "LIST", value_delimiter = ',')]
    pub(crate) curated_rules: Option<Vec<String>>,
    /// Evaluates the rules of PrometheusRule objects of the cluster, each about its own namespace; needs the right to list and watch them
    #[arg(long, env = "CROWSNEST_RULE_OBJECTS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) rule_objects: Option<bool>,
    /// Namespaces whose PrometheusRule objects are about the whole cluster, beside `crowsnest`
    #[arg(long, env = "CROWSNEST_RULES_FROM", value_name = "LIST", value_delimiter = ',')]
    pub(crate) rules_from: Option<Vec<String>>,
    /// Addresses of Alertmanagers that route alerts instead of this server, separated by commas: http://alertmanager:9093
    #[arg(long, env = "CROWSNEST_FORWARD_ALERTS", value_name = "LIST", value_delimiter = ',')]
    pub(crate) forward_alerts: Option<Vec<String>>,
    /// File with the bearer token that those Alertmanagers want
    #[arg(long, env = "CROWSNEST_FORWARD_ALERTS_TOKEN_FILE", value_name = "FILE")]
    pub(crate) forward_alerts_token_file: Option<PathBuf>,
    /// Prometheus feature names, separated by commas
    #[arg(long, env = "CROWSNEST_ENABLE_FEATURE", value_name = "LIST", value_delimiter = ',')]
    pub(crate) enable_feature: Option<Vec<String>>,
    /// How long a query may take, the wait for its turn included [default: 2m]
    #[arg(long, env = "CROWSNEST_QUERY_TIMEOUT", value_name = "DURATION", alias = "query.timeout")]
    pub(crate) query_timeout: Option<Span>,
    /// How many queries run at once; more wait their turn [default: 20]
    #[arg(long, env = "CROWSNEST_QUERY_MAX_CONCURRENCY", value_name = "N", alias = "query.max-concurrency")]
    pub(crate) query_max_concurrency: Option<usize>,
    /// How many samples a query may hold at once [default: 50000000]
    #[arg(long, env = "CROWSNEST_QUERY_MAX_SAMPLES", value_name = "N", alias = "query.max-samples")]
    pub(crate) query_max_samples: Option<usize>,
    /// How long a sample counts when nothing newer comes [default: 5m]
    #[arg(
        long,
        env = "CROWSNEST_QUERY_LOOKBACK_DELTA",
        value_name = "DURATION",
        alias = "query.lookback-delta"
    )]
    pub(crate) query_lookback_delta: Option<Span>,
    /// Memory for answers to range queries that are asked again and again; 0 keeps none [default: 16MiB]
    #[arg(long, env = "CROWSNEST_QUERY_CACHE_SIZE", value_name = "SIZE")]
    pub(crate) query_cache_size: Option<Bytes>,
    /// Queries that run longer are logged as slow [default: 10s]
    #[arg(long, env = "CROWSNEST_QUERY_SLOW_AFTER", value_name = "DURATION")]
    pub(crate) query_slow_after: Option<Span>,
    /// Regular expression of the whole Origin of other sites whose pages may ask /api/v1; none when not given
    #[arg(long, env = "CROWSNEST_WEB_CORS_ORIGIN", value_name = "REGEX", alias = "web.cors.origin")]
    pub(crate) web_cors_origin: Option<String>,
    /// Lets administrators delete samples and take snapshots with /api/v1/admin/tsdb
    #[arg(long, env = "CROWSNEST_WEB_ENABLE_ADMIN_API", value_name = "BOOL", num_args = 0..=1,
        default_missing_value = "true", alias = "web.enable-admin-api")]
    pub(crate) web_enable_admin_api: Option<bool>,
    /// Labels, as name=value separated by commas, added to alerts and to series that federation and remote read give away
    #[arg(long, env = "CROWSNEST_EXTERNAL_LABEL", value_name = "NAME=VALUE", value_delimiter = ',')]
    pub(crate) external_label: Option<Vec<String>>,
    /// How log lines look [default: text]
    #[arg(long, env = "CROWSNEST_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug, trace, or tracing's filter syntax [default: info]
    #[arg(long, env = "CROWSNEST_LOG_LEVEL", value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

impl ServeArgs {
    /// The settings from flags, environment and file together.
    pub(crate) fn load(self) -> anyhow::Result<Settings> {
        match &self.config {
            None => Ok(self.settings),
            Some(path) => Ok(self.settings.or(Settings::read(path)?)),
        }
    }
}

impl Settings {
    /// Reads `crowsnest.toml`; an unknown key is an error that shows its place.
    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in the configuration file {}", path.display()))
    }

    /// These settings, and those of `other` where these say nothing.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(other.data_dir),
            listen: self.listen.or(other.listen),
            http_listen: self.http_listen.or(other.http_listen),
            external_url: self.external_url.or(other.external_url),
            base_path: self.base_path.or(other.base_path),
            kubeconfig: self.kubeconfig.or(other.kubeconfig),
            kube: self.kube.or(other.kube),
            cluster_metrics: self.cluster_metrics.or(other.cluster_metrics),
            cluster_metrics_interval: self.cluster_metrics_interval.or(other.cluster_metrics_interval),
            custom_resource_state_config_file: self
                .custom_resource_state_config_file
                .or(other.custom_resource_state_config_file),
            cluster_metrics_lease: self.cluster_metrics_lease.or(other.cluster_metrics_lease),
            metric_labels_allowlist: self.metric_labels_allowlist.or(other.metric_labels_allowlist),
            metric_annotations_allowlist: self
                .metric_annotations_allowlist
                .or(other.metric_annotations_allowlist),
            scrape_monitors: self.scrape_monitors.or(other.scrape_monitors),
            dashboard_config_maps: self.dashboard_config_maps.or(other.dashboard_config_maps),
            keep_last_logs: self.keep_last_logs.or(other.keep_last_logs),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            tls_name: self.tls_name.or(other.tls_name),
            tls_node_names: self.tls_node_names.or(other.tls_node_names),
            certificate_sign_in: self.certificate_sign_in.or(other.certificate_sign_in),
            client_ca: self.client_ca.or(other.client_ca),
            client_cert_deny_file: self.client_cert_deny_file.or(other.client_cert_deny_file),
            apiserver_sign_on: self.apiserver_sign_on.or(other.apiserver_sign_on),
            metrics_api: self.metrics_api.or(other.metrics_api),
            publish_ca: self.publish_ca.or(other.publish_ca),
            oidc_issuer_url: self.oidc_issuer_url.or(other.oidc_issuer_url),
            oidc_client_id: self.oidc_client_id.or(other.oidc_client_id),
            oidc_client_secret_file: self.oidc_client_secret_file.or(other.oidc_client_secret_file),
            oidc_ca_file: self.oidc_ca_file.or(other.oidc_ca_file),
            oidc_scopes: self.oidc_scopes.or(other.oidc_scopes),
            auth: self.auth.or(other.auth),
            static_token_file: self.static_token_file.or(other.static_token_file),
            ingest_token_file: self.ingest_token_file.or(other.ingest_token_file),
            ephemeral: self.ephemeral.or(other.ephemeral),
            retention: self.retention.or(other.retention),
            retention_rule: self.retention_rule.or(other.retention_rule),
            retention_5m: self.retention_5m.or(other.retention_5m),
            retention_1h: self.retention_1h.or(other.retention_1h),
            max_series: self.max_series.or(other.max_series),
            max_series_per_source: self.max_series_per_source.or(other.max_series_per_source),
            max_push_rate: self.max_push_rate.or(other.max_push_rate),
            retention_size: self.retention_size.or(other.retention_size),
            storage: self.storage.or(other.storage),
            outbound_allow: self.outbound_allow.or(other.outbound_allow),
            provisioning: self.provisioning.or(other.provisioning),
            dashboards_url: self.dashboards_url.or(other.dashboards_url),
            evaluation_interval: self.evaluation_interval.or(other.evaluation_interval),
            curated_rules: self.curated_rules.or(other.curated_rules),
            rule_objects: self.rule_objects.or(other.rule_objects),
            rules_from: self.rules_from.or(other.rules_from),
            forward_alerts: self.forward_alerts.or(other.forward_alerts),
            forward_alerts_token_file: self.forward_alerts_token_file.or(other.forward_alerts_token_file),
            enable_feature: self.enable_feature.or(other.enable_feature),
            query_timeout: self.query_timeout.or(other.query_timeout),
            query_max_concurrency: self.query_max_concurrency.or(other.query_max_concurrency),
            query_max_samples: self.query_max_samples.or(other.query_max_samples),
            query_lookback_delta: self.query_lookback_delta.or(other.query_lookback_delta),
            query_cache_size: self.query_cache_size.or(other.query_cache_size),
            query_slow_after: self.query_slow_after.or(other.query_slow_after),
            web_cors_origin: self.web_cors_origin.or(other.web_cors_origin),
            web_enable_admin_api: self.web_enable_admin_api.or(other.web_enable_admin_api),
            external_label: self.external_label.or(other.external_label),
            log_format: self.log_format.or(other.log_format),
            log_level: self.log_level.or(other.log_level),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_keys_that_the_flags_have() {
        let settings: Settings =
            toml::from_str("data-dir = \"/d\"\nlisten = \"[::1]:0\"\nretention = \"30d\"\nauth = \"none\"\n")
                .unwrap();
        assert_eq!(settings.data_dir.as_deref(), Some(Path::new("/d")));
        assert_eq!(settings.auth, Some(AuthMode::None));
    }

    #[track_caller]
    fn check_refused(toml_text: &str, place: &str, what: &str) {
        let message = toml::from_str::<Settings>(toml_text).unwrap_err().to_string();
        assert!(message.contains(place) && message.contains(what), "{message}");
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_refused_with_their_place() {
        check_refused("listen = \"127.0.0.1:1\"\nlisten-adress = 1\n", "line 2", "listen-adress");
        check_refused("retention = \"forever\"\n", "line 1", "not a duration");
        check_refused("data_dir = \"/d\"\n", "line 1", "data_dir");
    }

    #[test]
    fn what_is_set_wins_over_the_file() {
        let flags = Settings { base_path: Some("/flag".into()), ..Settings::default() };
        let file = Settings {
            base_path: Some("/file".into()),
            log_level: Some("debug".into()),
            ..Settings::default()
        };
        let both = flags.or(file);
        assert_eq!(both.base_path.as_deref(), Some("/flag"));
        assert_eq!(both.log_level.as_deref(), Some("debug"));
    }
}
