//! What is scraped in one way: a job, with its defaults.

use std::time::Duration;

use crowsnest_api::Labels;

use crate::format::Protocol;
use crate::relabel::Rule;

/// How a group of targets is scraped. The fields are those of `scrape_configs` in Prometheus.
#[derive(Clone, Debug)]
pub struct Job {
    /// The scrape pool, and the label `job` unless a target has another.
    pub name: String,
    /// Time between two scrapes of a target.
    pub interval: Duration,
    /// How long one may take; at most the interval.
    pub timeout: Duration,
    /// The path, unless a target has another.
    pub metrics_path: String,
    /// `http` or `https`, unless a target has another.
    pub scheme: String,
    /// Parameters of the URL, in order.
    pub params: Vec<(String, Vec<String>)>,
    /// Whose label counts where the page and the target have the same.
    pub honor_labels: Honor,
    /// Whose time counts.
    pub honor_timestamps: Honor,
    /// Whether series whose times are the page's get staleness markers when they vanish.
    pub track_timestamps_staleness: bool,
    /// What is asked for, best first.
    pub protocols: Vec<Protocol>,
    /// Whether the buckets of histograms that are also native are kept.
    pub always_scrape_classic_histograms: bool,
    /// Whether pages may come compressed.
    pub compression: bool,
    /// What is done to discovered targets.
    pub relabel: Vec<Rule>,
    /// What is done to series.
    pub metric_relabel: Vec<Rule>,
    /// What makes a scrape fail.
    pub limits: Limits,
}

/// Whose word counts, the page's or ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Honor {
    /// What the page says.
    Page,
    /// What we know of the target.
    Target,
}

impl Honor {
    /// What `honor_…: true` means.
    pub const fn of(flag: bool) -> Self {
        if flag { Self::Page } else { Self::Target }
    }
}

/// What a page may be; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body, uncompressed.
    pub body_bytes: u64,
    /// Samples after relabelling.
    pub samples: u64,
    /// Labels of a series, its name included.
    pub labels: u64,
    /// Bytes of a label's name.
    pub label_name_bytes: u64,
    /// Bytes of a label's value.
    pub label_value_bytes: u64,
    /// Targets of the job; past it all its scrapes fail.
    pub targets: u64,
}

impl Job {
    /// A job with Prometheus's defaults but for its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
            metrics_path: "/metrics".to_owned(),
            scheme: "http".to_owned(),
            params: Vec::new(),
            honor_labels: Honor::Target,
            honor_timestamps: Honor::Page,
            track_timestamps_staleness: false,
            protocols: Protocol::DEFAULT.to_vec(),
            always_scrape_classic_histograms: false,
            compression: true,
            relabel: Vec::new(),
            metric_relabel: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// The labels that a target has before relabelling: what was discovered, and the job's defaults for the rest.
    pub(crate) fn defaults(&self, discovered: &Labels) -> crowsnest_api::LabelsBuilder {
        let mut labels = discovered.to_builder();
        let shown = crate::duration::show;
        let mut default = |name: &str, value: &str| {
            if labels.get(name).is_none() {
                labels.set(name, value);
            }
        };
        default(crowsnest_api::JOB, &self.name);
        default(crate::target::INTERVAL, &shown(self.interval));
        default(crate::target::TIMEOUT, &shown(self.timeout));
        default(crate::target::PATH, &self.metrics_path);
        default(crate::target::SCHEME, &self.scheme);
        for (name, values) in &self.params {
            default(&format!("{}{name}", crate::target::PARAM), values.first().map_or("", String::as_str));
        }
        labels
    }
}
