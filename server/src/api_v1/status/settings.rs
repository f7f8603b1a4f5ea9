//! `status/config` and `status/flags`: how the server was started. Neither ever holds a secret: those are in files,
//! of which only the paths are told.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::path::Path;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_promql::Resolution;
use serde::Serialize;

use crate::api_v1::answer::plain;
use crate::cluster::ClusterSource;
use crate::config::Config;
use crate::http::AppState;
use crate::settings::{AuthMode, LogFormat};
use crate::units::{format_bytes, format_duration};

/// `data` of `status/config`.
#[derive(Debug, Serialize)]
struct Configuration {
    yaml: String,
}

/// `status/config`: what of our settings a `prometheus.yml` has a place for.
pub(crate) async fn config(State(app): State<AppState>) -> Response {
    plain(Configuration { yaml: yaml(&app.config) }).into_response()
}

fn yaml(config: &Config) -> String {
    let mut yaml =
        String::from("global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\n  evaluation_interval: 1m\n");
    let mut labels = config.external_labels.iter().peekable();
    if labels.peek().is_some() {
        yaml.push_str("  external_labels:\n");
    }
    for label in labels {
        // Writing to a string cannot fail; a JSON string is a YAML string.
        let [name, value] = [&label.name, &label.value].map(|text| serde_json::Value::from(text.as_str()));
        writeln!(yaml, "    {name}: {value}").ok();
    }
    yaml
}

/// `status/flags`: every flag of `serve` with its value; empty where none was given.
pub(crate) async fn flags(State(app): State<AppState>) -> Response {
    plain(table(&app.config)).into_response()
}

/// Every flag of `serve` with its value.
pub(crate) fn table(config: &Config) -> BTreeMap<&'static str, String> {
    fn given(value: Option<impl Display>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    fn path(path: Option<&Path>) -> String {
        given(path.map(Path::display))
    }
    let tls = config.tls_files.as_ref();
    let external_labels =
        config.external_labels.iter().map(|label| format!("{}={}", label.name, label.value));
    let retention_rules = config.retention_rules.iter().map(|rule| {
        let matchers: Vec<String> = rule.matchers.iter().map(ToString::to_string).collect();
        format!("{{{}}}={}", matchers.join(","), format_duration(rule.keep))
    });
    let tier = |resolution| {
        let tier = config.tiers.iter().find(|tier| tier.resolution == resolution);
        given(tier.map(|tier| format_duration(tier.keep)))
    };
    BTreeMap::from([
        (
            "auth",
            match config.auth {
                AuthMode::Kube => "kube".to_owned(),
                AuthMode::Static => "static".to_owned(),
                AuthMode::None => "none".to_owned(),
            },
        ),
        ("base-path", config.base_path.with_slash()),
        ("data-dir", config.data_dir.display().to_string()),
        ("evaluation-interval", format_duration(config.evaluation_interval)),
        ("curated-rules", config.curated_rules.join(",")),
        ("rule-objects", config.rule_objects.to_string()),
        ("rules-from", config.rules_from.join(",")),
        ("ephemeral", config.ephemeral.to_string()),
        (
            "outbound-allow",
            config.outbound_allow.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        ),
        ("provisioning", path(config.provisioning.as_deref())),
        ("enable-feature", config.features.join(",")),
        ("external-label", external_labels.collect::<Vec<_>>().join(",")),
        ("external-url", given(config.external_url.as_ref().map(|url| url.as_str()))),
        ("http-listen", given(config.http_listen)),
        ("ingest-token-file", path(config.ingest_token_file.as_deref())),
        (
            "kubeconfig",
            match &config.cluster {
                Some(ClusterSource::Kubeconfig(file)) => file.display().to_string(),
                Some(ClusterSource::Pod) | None => String::new(),
            },
        ),
        ("listen", config.listen.to_string()),
        (
            "log-format",
            match config.log_format {
                LogFormat::Text => "text".to_owned(),
                LogFormat::Json => "json".to_owned(),
            },
        ),
        ("log-level", config.log_level.clone()),
        ("query-lookback-delta", format_duration(config.queries.lookback)),
        ("query-max-concurrency", config.queries.concurrency.to_string()),
        ("query-max-samples", config.queries.max_samples.to_string()),
        ("max-push-rate", config.max_push_rate.map(|rate| rate.to_string()).unwrap_or_default()),
        ("max-series", config.max_series.to_string()),
        ("max-series-per-source", config.max_series_per_source.to_string()),
        ("query-cache-size", format_bytes(config.queries.cache as u64)),
        ("query-slow-after", format_duration(config.queries.slow_after)),
        ("query-timeout", format_duration(config.queries.timeout)),
        ("retention", format_duration(config.retention)),
        ("retention-1h", tier(Resolution::OneHour)),
        ("retention-5m", tier(Resolution::FiveMinutes)),
        ("retention-rule", retention_rules.collect::<Vec<_>>().join(";")),
        ("retention-size", given(config.retention_bytes.map(format_bytes))),
        ("static-token-file", path(config.static_token_file.as_deref())),
        ("storage", "local".to_owned()),
        (
            "publish-ca",
            given(
                config
                    .publish_ca
                    .as_ref()
                    .and_then(|(scope, name)| Some(format!("{}/{}", scope.namespace()?, name.as_str()))),
            ),
        ),
        ("certificate-sign-in", config.opened.certificates.to_string()),
        ("client-ca", path(config.client_ca.as_deref())),
        ("client-cert-deny-file", path(config.client_cert_deny_file.as_deref())),
        ("oidc-issuer-url", given(config.oidc.as_ref().map(|oidc| &oidc.issuer))),
        ("oidc-client-id", given(config.oidc.as_ref().map(|oidc| &oidc.client_id))),
        (
            "oidc-client-secret-file",
            path(config.oidc.as_ref().and_then(|oidc| oidc.client_secret_file.as_deref())),
        ),
        ("oidc-ca-file", path(config.oidc.as_ref().and_then(|oidc| oidc.ca_file.as_deref()))),
        ("oidc-scopes", given(config.oidc.as_ref().map(|oidc| oidc.scopes.join(",")))),
        ("apiserver-sign-on", config.opened.sign_on.to_string()),
        ("tls-name", config.tls_names.join(",")),
        ("tls-node-names", config.tls_node_names.to_string()),
        ("tls-cert", path(tls.map(|(cert, _)| cert.as_path()))),
        ("web-cors-origin", given(config.cors_origin.as_ref())),
        ("web-enable-admin-api", config.admin_api.to_string()),
        ("tls-key", path(tls.map(|(_, key)| key.as_path()))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn config() -> Config {
        Config::resolve(Settings {
            static_token_file: Some("users.yaml".into()),
            external_label: Some(vec!["site=\"a\"".into(), "cluster=demo".into()]),
            ..Settings::default()
        })
        .unwrap()
    }

    #[test]
    fn the_configuration_has_the_external_labels_quoted() {
        let yaml = yaml(&config());
        assert!(
            yaml.ends_with("  external_labels:\n    \"cluster\": \"demo\"\n    \"site\": \"\\\"a\\\"\"\n"),
            "{yaml}"
        );
    }

    #[test]
    fn flags_have_the_names_and_forms_of_the_command_line() {
        let flags = table(&config());
        assert_eq!(flags["retention"], "15d");
        assert_eq!(flags["listen"], "127.0.0.1:8443");
        assert_eq!(flags["static-token-file"], "users.yaml");
        assert_eq!(flags["retention-size"], "");
    }
}
