//! Flags of scraping.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use clap::builder::FalseyValueParser;
use crowsnest_scrape::Protocol;
use crowsnest_scrape::kubernetes::{Drops, KUBELET};
use http::Uri;

use crate::push::is_loopback;
use crate::scraping::{KubeletConfig, PodsConfig, ScrapeConfig, Trust, read_file};

/// What is scraped beside the node itself.
#[derive(Debug, Args)]
pub(super) struct ScrapeOptions {
    /// Scrape this node's kubelet: /metrics, /metrics/cadvisor, /metrics/resource and /metrics/probes, e.g. https://127.0.0.1:10250
    #[arg(long, env = "CROWSNEST_KUBELET", value_name = "URL")]
    kubelet: Option<Uri>,
    /// PEM file with the certificate authorities that the kubelet's certificate is checked against [default: on loopback it is not
    /// checked, elsewhere the system's]
    #[arg(long, env = "CROWSNEST_KUBELET_CA", value_name = "FILE")]
    kubelet_ca: Option<PathBuf>,
    /// Do not check the kubelet's certificate on other hosts than loopback either
    #[arg(long, env = "CROWSNEST_KUBELET_INSECURE_SKIP_VERIFY", value_parser = FalseyValueParser::new())]
    kubelet_insecure_skip_verify: bool,
    /// File with the bearer token for the kubelet and the API server; read again when it changes
    #[arg(long, env = "CROWSNEST_KUBE_TOKEN_FILE", value_name = "FILE")]
    kube_token_file: Option<PathBuf>,
    /// The label `job` of cAdvisor's series; the newest kubernetes-mixin looks for `cadvisor`
    #[arg(long, env = "CROWSNEST_CADVISOR_JOB", value_name = "NAME", default_value = KUBELET)]
    cadvisor_job: String,
    /// Keep the series of the kubelet, too, that kube-prometheus drops or that are there twice
    #[arg(long, env = "CROWSNEST_KUBELET_KEEP_ALL", value_parser = FalseyValueParser::new())]
    kubelet_keep_all: bool,

    /// Scrape pods of this node with the annotation prometheus.io/scrape: "true"
    #[arg(long, env = "CROWSNEST_SCRAPE_PODS", value_parser = FalseyValueParser::new())]
    scrape_pods: bool,
    /// The API server, which tells of this node's pods [default: the one that Kubernetes names to its pods]
    #[arg(long, env = "CROWSNEST_KUBE_API", value_name = "URL")]
    kube_api: Option<Uri>,
    /// PEM file with the certificate authorities that the API server's certificate is checked against [default: the system's]
    #[arg(long, env = "CROWSNEST_KUBE_CA", value_name = "FILE")]
    kube_ca: Option<PathBuf>,
    /// Samples that one pod's page may have; past it the scrape fails. 0 is no limit
    #[arg(long, env = "CROWSNEST_SCRAPE_PODS_SAMPLE_LIMIT", value_name = "N", default_value_t = 20_000)]
    scrape_pods_sample_limit: u64,
    /// YAML file with `scrape_configs` as Prometheus has them, with static targets; read again when it changes
    #[arg(long, env = "CROWSNEST_SCRAPE_CONFIG", value_name = "FILE")]
    scrape_config: Option<PathBuf>,
    /// Ask for the protobuf format first, the only one with native histograms
    #[arg(long, env = "CROWSNEST_SCRAPE_NATIVE_HISTOGRAMS", value_parser = FalseyValueParser::new())]
    scrape_native_histograms: bool,
}

impl ScrapeOptions {
    /// What the flags mean, checked together.
    pub(super) fn config(&self) -> anyhow::Result<ScrapeConfig> {
        let kubelet = self.kubelet.as_ref().map(|url| self.kubelet_config(url)).transpose()?;
        let pods = self.scrape_pods.then(|| self.pods_config()).transpose()?;
        if let Some(file) = &self.scrape_config {
            read_file(file)?;
        }
        Ok(ScrapeConfig { kubelet, pods, file: self.scrape_config.clone() })
    }

    fn protocols(&self) -> &'static [Protocol] {
        if self.scrape_native_histograms { Protocol::NATIVE } else { Protocol::DEFAULT }
    }

    fn kubelet_config(&self, url: &Uri) -> anyhow::Result<KubeletConfig> {
        let host = checked(url, "--kubelet")?;
        let trust = match &self.kubelet_ca {
            Some(file) => Trust::File(file.clone()),
            // Nothing but the kubelet can have its port on this machine, and most kubelets' certificates are their own.
            None if self.kubelet_insecure_skip_verify || is_loopback(host) => Trust::Unverified,
            None => Trust::System,
        };
        Ok(KubeletConfig {
            url: url.clone(),
            trust,
            token_file: self.kube_token_file.clone(),
            cadvisor_job: self.cadvisor_job.clone(),
            drops: if self.kubelet_keep_all { Drops::None } else { Drops::Usual },
            protocols: self.protocols(),
        })
    }

    fn pods_config(&self) -> anyhow::Result<PodsConfig> {
        let url = match &self.kube_api {
            Some(url) => url.clone(),
            None => in_cluster()?,
        };
        checked(&url, "--kube-api")?;
        Ok(PodsConfig {
            url,
            trust: self.kube_ca.clone().map_or(Trust::System, Trust::File),
            token_file: self.kube_token_file.clone(),
            protocols: self.protocols(),
            sample_limit: self.scrape_pods_sample_limit,
        })
    }
}

/// The host of a URL that can be asked.
fn checked<'u>(url: &'u Uri, flag: &str) -> anyhow::Result<&'u str> {
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let known = matches!(url.scheme_str(), Some("http" | "https"));
    let plain = url.query().is_none() && url.authority().is_some_and(|it| !it.as_str().contains('@'));
    ensure!(known && plain && !host.is_empty(), "{flag} is no URL like https://127.0.0.1:10250");
    Ok(host)
}

/// The API server, as the kubelet tells every pod.
fn in_cluster() -> anyhow::Result<Uri> {
    let of = |name: &str| {
        std::env::var(name)
            .with_context(|| format!("--scrape-pods needs --kube-api outside of a cluster ({name})"))
    };
    let (host, port) = (of("KUBERNETES_SERVICE_HOST")?, of("KUBERNETES_SERVICE_PORT")?);
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    format!("https://{host}:{port}").parse().context("the API server's address cannot be used")
}
