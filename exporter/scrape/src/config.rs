//! `scrape_configs` as Prometheus has them, read with the place of everything that is wrong.

mod discovery;
mod http;
mod rules;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crowsnest_yaml::{Fault, Faults, Fields, Node, load};

use crate::format::Protocol;
use crate::job::{Honor, Job, Limits};
use crate::target::{Target, TargetError};

pub use discovery::{
    Discoveries, FileDiscovery, HttpDiscovery, KubernetesDiscovery, KubernetesRole, read_groups,
};
pub use http::{Authorization, HttpConfig, Redirects, Secret, TlsFiles};

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct ScrapeFile {
    /// Its jobs, in order.
    pub jobs: Vec<ScrapeJob>,
}

/// One of `scrape_configs`.
#[derive(Clone, Debug)]
pub struct ScrapeJob {
    /// How its targets are scraped.
    pub job: Job,
    /// How they are asked.
    pub http: HttpConfig,
    /// Where they come from.
    pub discoveries: Discoveries,
}

/// What jobs have that do not say.
#[derive(Clone, Copy)]
struct Global {
    interval: Duration,
    timeout: Duration,
}

/// Fields at the top of `prometheus.yml` that are not read here, and what is to be done instead.
const ELSEWHERE: &[(&str, &str)] = &[
    ("rule_files", "put rule files into the folder `rules` beside this one"),
    ("alerting", "the notifier is built in; see `alertmanager.yml`"),
    ("remote_write", "samples are kept here"),
    ("remote_read", "samples are kept here"),
    ("storage", "flags of the server say how samples are kept"),
    ("tracing", "there is none"),
    ("otlp", "OTLP is taken without it"),
    ("runtime", "there is none"),
    ("scrape_config_files", "put these files beside this one"),
];

/// Fields of a job that are known and change nothing here.
const IGNORED: &[&str] = &[
    "enable_http2",
    "keep_dropped_targets",
    "metric_name_validation_scheme",
    "metric_name_escaping_scheme",
    "native_histogram_bucket_limit",
    "native_histogram_min_bucket_factor",
    "fallback_scrape_protocol",
    "extra_scrape_metrics",
];

/// Fields of a job that would change something and cannot be had, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("oauth2", "use `authorization` with a `credentials_file` that something keeps fresh"),
    ("proxy_url", "targets are asked directly"),
    ("proxy_from_environment", "targets are asked directly"),
    ("proxy_connect_header", "targets are asked directly"),
    ("no_proxy", "targets are asked directly"),
    ("http_headers", "only `authorization` and `basic_auth` are sent"),
    ("convert_classic_histograms_to_nhcb", "histograms are kept as they are exposed"),
];

/// Fields that are read, but for those above and the discoveries.
const KNOWN: &[&str] = &[
    "job_name",
    "scrape_interval",
    "scrape_timeout",
    "scrape_protocols",
    "scrape_native_histograms",
    "scrape_classic_histograms",
    "always_scrape_classic_histograms",
    "enable_compression",
    "metrics_path",
    "scheme",
    "params",
    "honor_labels",
    "honor_timestamps",
    "track_timestamps_staleness",
    "body_size_limit",
    "sample_limit",
    "target_limit",
    "label_limit",
    "label_name_length_limit",
    "label_value_length_limit",
    "relabel_configs",
    "metric_relabel_configs",
];

impl ScrapeFile {
    /// Reads a file that is in `folder`, which relative paths in it start from.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Fault>> {
        let documents = load(text).map_err(|fault| vec![fault])?;
        let mut faults = Faults::default();
        if let Some(second) = documents.get(1) {
            faults.add(second.at, "a file has one YAML document");
        }
        let nothing = Node::nothing();
        let document = documents.first().unwrap_or(&nothing);
        let known: Vec<&str> =
            ["global", "scrape_configs"].into_iter().chain(ELSEWHERE.iter().map(|(name, _)| *name)).collect();
        let fields = Fields::of(document, "scrape file", &known, &mut faults);
        for (name, instead) in ELSEWHERE {
            if fields.node(name).is_some() {
                faults.add(fields.place(name), format!("{name} is not read here: {instead}"));
            }
        }
        let global = read_global(fields, &mut faults);
        let mut jobs: Vec<ScrapeJob> = Vec::new();
        for node in fields.list("scrape_configs", &mut faults) {
            let job = read_job(node, global, folder, &mut faults);
            if jobs.iter().any(|known| known.job.name == job.job.name) {
                let name = &job.job.name;
                faults.add(node.at, format!("found multiple scrape configs with job name {name:?}"));
            }
            jobs.push(job);
        }
        faults.or(Self { jobs })
    }
}

fn read_global(fields: Fields<'_>, faults: &mut Faults) -> Global {
    let defaults = Global { interval: Duration::from_secs(60), timeout: Duration::from_secs(10) };
    let Some(node) = fields.node("global") else { return defaults };
    let known = [
        "scrape_interval",
        "scrape_timeout",
        // Of rules and of what is written elsewhere.
        "evaluation_interval",
        "rule_query_offset",
        "external_labels",
        "query_log_file",
        "scrape_failure_log_file",
    ];
    let fields = Fields::of(node, "global", &known, faults);
    let interval = fields.duration("scrape_interval", faults).filter(|it| !it.is_zero());
    let interval = interval.unwrap_or(defaults.interval);
    let timeout = fields.duration("scrape_timeout", faults).filter(|it| !it.is_zero());
    if let Some(timeout) = timeout
        && timeout > interval
    {
        faults.add(fields.place("scrape_timeout"), "global scrape timeout greater than scrape interval");
    }
    Global { interval, timeout: timeout.unwrap_or(defaults.timeout.min(interval)) }
}

fn read_job(node: &Node, global: Global, folder: &Path, faults: &mut Faults) -> ScrapeJob {
    let unsupported = UNSUPPORTED.iter().map(|(name, _)| *name);
    let known: Vec<&str> = KNOWN
        .iter()
        .chain(IGNORED)
        .chain(http::FIELDS)
        .copied()
        .chain(unsupported)
        .chain(discovery::names())
        .collect();
    let fields = Fields::of(node, "scrape config", &known, faults);
    for (name, instead) in UNSUPPORTED {
        if fields.node(name).is_some() {
            faults.add(fields.place(name), format!("{name} is not supported: {instead}"));
        }
    }
    let name = fields.text("job_name", faults).unwrap_or_default();
    if name.is_empty() {
        faults.add(node.at, "job_name is empty");
    }
    let mut job = Job::new(name);
    read_times(fields, global, &mut job, faults);
    read_page(fields, &mut job, faults);
    job.limits = read_limits(fields, faults);
    job.relabel = rules::read(fields, "relabel_configs", faults);
    job.metric_relabel = rules::read(fields, "metric_relabel_configs", faults);
    let http = HttpConfig::read(fields, folder, faults);
    let discoveries = Discoveries::read(fields, folder, faults);
    check_targets(&job, &discoveries, fields, faults);
    ScrapeJob { job, http, discoveries }
}

fn read_times(fields: Fields<'_>, global: Global, job: &mut Job, faults: &mut Faults) {
    let mut given =
        |name: &str| fields.duration(name, faults).filter(|duration: &Duration| !duration.is_zero());
    let (interval, timeout) = (given("scrape_interval"), given("scrape_timeout"));
    job.interval = interval.unwrap_or(global.interval);
    if timeout.is_some_and(|timeout| timeout > job.interval) {
        let message = format!(
            "scrape timeout greater than scrape interval for scrape config with job name {:?}",
            job.name
        );
        faults.add(fields.place("scrape_timeout"), message);
    }
    job.timeout = timeout.unwrap_or(global.timeout.min(job.interval));
}

fn read_page(fields: Fields<'_>, job: &mut Job, faults: &mut Faults) {
    if let Some(path) = fields.text("metrics_path", faults) {
        path.clone_into(&mut job.metrics_path);
    }
    let scheme = |text: &str| match text {
        "http" | "https" => Ok(text.to_owned()),
        other => Err(format!("{other:?} is neither http nor https")),
    };
    if let Some(scheme) = fields.parsed("scheme", scheme, faults) {
        job.scheme = scheme;
    }
    if let Some(node) = fields.node("params") {
        job.params = read_params(node, faults);
    }
    job.honor_labels = Honor::of(fields.flag("honor_labels", faults).unwrap_or(false));
    job.honor_timestamps = Honor::of(fields.flag("honor_timestamps", faults).unwrap_or(true));
    job.track_timestamps_staleness = fields.flag("track_timestamps_staleness", faults).unwrap_or(false);
    let always = fields.flag("always_scrape_classic_histograms", faults);
    let always = always.or(fields.flag("scrape_classic_histograms", faults));
    job.always_scrape_classic_histograms = always.unwrap_or(false);
    if fields.flag("scrape_native_histograms", faults) == Some(true) {
        job.protocols = Protocol::NATIVE.to_vec();
    }
    job.compression = fields.flag("enable_compression", faults).unwrap_or(true);
    let mut protocols = Vec::new();
    for (at, name) in fields.texts("scrape_protocols", faults) {
        match Protocol::named(name) {
            Ok(protocol) if protocols.contains(&protocol) => {
                faults.add(at, format!("duplicated protocol in scrape_protocols: {name}"));
            }
            Ok(protocol) => protocols.push(protocol),
            Err(error) => faults.add(at, error),
        }
    }
    if !protocols.is_empty() {
        job.protocols = protocols;
    }
}

/// Names, each with a list of values.
fn read_params(node: &Node, faults: &mut Faults) -> Vec<(String, Vec<String>)> {
    let crowsnest_yaml::Content::Map(entries) = &node.content else {
        faults.add(node.at, format!("cannot unmarshal {} into params, which is a mapping", node.kind()));
        return Vec::new();
    };
    let mut params = Vec::new();
    for entry in entries {
        let one =
            Fields::of(node, "params", &entries.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), faults);
        let values = one.texts(&entry.key, faults).into_iter().map(|(_, value)| value.to_owned());
        params.push((entry.key.clone(), values.collect()));
    }
    params
}

fn read_limits(fields: Fields<'_>, faults: &mut Faults) -> Limits {
    let mut limit = |name: &str| {
        let parse = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no whole number"));
        fields.parsed(name, parse, faults).unwrap_or(0)
    };
    let samples = limit("sample_limit");
    let targets = limit("target_limit");
    let labels = limit("label_limit");
    let label_name_bytes = limit("label_name_length_limit");
    let label_value_bytes = limit("label_value_length_limit");
    let body_bytes = fields.parsed("body_size_limit", parse_size, faults).unwrap_or(0);
    Limits { body_bytes, samples, labels, label_name_bytes, label_value_bytes, targets }
}

/// Bytes as Prometheus writes them: `10MB`, by 1024.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    let shift = match unit {
        "B" => 0,
        "" if number == "0" => 0,
        "KB" | "KiB" => 10,
        "MB" | "MiB" => 20,
        "GB" | "GiB" => 30,
        "TB" | "TiB" => 40,
        _ => return Err(format!("{text:?} is no size like 10MB")),
    };
    let number: u64 = number.parse().map_err(|_| format!("{text:?} is no size like 10MB"))?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("{text:?} is too large"))
}

/// Static targets are known now, and so is whether they can be scraped.
fn check_targets(job: &Job, discoveries: &Discoveries, fields: Fields<'_>, faults: &mut Faults) {
    for labels in &discoveries.static_targets {
        if let Err(error @ (TargetError::BadAddress(_) | TargetError::BadScheme(_))) =
            Target::new(job, labels)
        {
            faults.add(fields.place("static_configs"), error.to_string());
        }
    }
}

/// A path as the file means it.
fn within(folder: &Path, path: &str) -> PathBuf {
    folder.join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ScrapeFile, Vec<String>> {
        let parsed = ScrapeFile::parse(text, Path::new("/etc/scrape"));
        parsed.map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_job_is_read_with_its_defaults() {
        let file = read(
            "global: {scrape_interval: 30s}\nscrape_configs:\n- job_name: node\n  params: {module: [a, b]}\n  \
             static_configs: [{targets: ['h1:9100', 'h2:9100'], labels: {team: x}}]\n- job_name: fast\n  scrape_interval: 5s\n",
        )
        .unwrap();
        let [node, fast] = file.jobs.as_slice() else { panic!("{file:?}") };
        assert_eq!((node.job.interval, node.job.timeout), (Duration::from_secs(30), Duration::from_secs(10)));
        assert_eq!(fast.job.timeout, Duration::from_secs(5), "no longer than the interval");
        let targets: Vec<String> = node
            .discoveries
            .static_targets
            .iter()
            .map(|labels| Target::new(&node.job, labels).unwrap().unwrap())
            .map(|target| format!("{} {}", target.url(), target.labels))
            .collect();
        assert_eq!(
            targets,
            [
                r#"http://h1:9100/metrics?module=a&module=b {instance="h1:9100", job="node", team="x"}"#,
                r#"http://h2:9100/metrics?module=a&module=b {instance="h2:9100", job="node", team="x"}"#,
            ]
        );
    }

    #[track_caller]
    fn check(job: &str, expected: &[&str]) {
        let text = format!("scrape_configs:\n- job_name: j\n  {}\n", job.replace('\n', "\n  "));
        assert_eq!(read(&text).map(|_| ()).unwrap_err(), expected);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        check("scrape_timeuot: 1s", &["3:3: field scrape_timeuot not found in scrape config"]);
        check(
            "scrape_interval: 5s\nscrape_timeout: 6s",
            &["4:3: scrape timeout greater than scrape interval for scrape config with job name \"j\""],
        );
        check("scheme: ftp", &["3:11: scheme: \"ftp\" is neither http nor https"]);
        check("sample_limit: -1", &["3:17: sample_limit: \"-1\" is no whole number"]);
        check("body_size_limit: 5x", &["3:20: body_size_limit: \"5x\" is no size like 10MB"]);
        check(
            "relabel_configs:\n- {action: bang}\n- {action: hashmod, target_label: x}",
            &[
                "4:14: action: unknown relabel action \"bang\"",
                "5:5: relabel configuration for hashmod requires non-zero modulus",
            ],
        );
        check("static_configs: [{targets: ['http://h']}]", &["3:3: \"http://h\" is not a valid hostname"]);
        check(
            "consul_sd_configs: [{}]",
            &[
                "3:3: consul_sd_configs is not supported: have something write targets to files (file_sd_configs), or serve them over HTTP (http_sd_configs)",
            ],
        );
        check(
            "file_sd_configs: [{files: [x.txt]}]",
            &["3:30: path name \"x.txt\" is not valid for file discovery: it ends with .json, .yml or .yaml"],
        );
        check(
            "basic_auth: {username: a}\nbearer_token: x",
            &[
                "3:3: at most one of basic_auth, authorization, bearer_token and bearer_token_file must be configured",
            ],
        );
        check(
            "oauth2: {client_id: x}",
            &[
                "3:3: oauth2 is not supported: use `authorization` with a `credentials_file` that something keeps fresh",
            ],
        );
    }

    #[test]
    fn objects_of_the_cluster_are_named_by_their_role() {
        let sd =
            |sd: &str| read(&format!("scrape_configs: [{{job_name: j, kubernetes_sd_configs: [{sd}]}}]\n"));
        let file =
            sd("{role: pod, namespaces: {names: [a, b]}, selectors: [{role: pod, label: app=x}]}").unwrap();
        let found = &file.jobs[0].discoveries.kubernetes[0];
        assert_eq!(
            (found.role, found.namespaces.len(), found.label_selector.as_str()),
            (KubernetesRole::Pod, 2, "app=x")
        );
        let wrong = |text: &str| sd(text).unwrap_err().join("\n");
        assert!(wrong("{}").contains("role missing"));
        assert!(wrong("{role: x}").contains("unknown Kubernetes SD role \"x\""));
        assert!(wrong("{role: node, api_server: 'https://x'}").contains("asked with its own credential"));
    }

    #[test]
    fn a_job_has_a_name_and_no_other_job_has_it() {
        assert_eq!(read("scrape_configs: [{}]\n").unwrap_err(), ["1:18: job_name is empty"]);
        let twice = "scrape_configs:\n- job_name: a\n- job_name: a\n";
        assert_eq!(read(twice).unwrap_err(), ["3:3: found multiple scrape configs with job name \"a\""]);
        assert_eq!(
            read("rule_files: [x]\n").unwrap_err()[0],
            "1:1: rule_files is not read here: put rule files into the folder `rules` beside this one"
        );
    }

    #[test]
    fn secrets_are_not_shown_and_paths_start_from_the_file() {
        let file = read(
            "scrape_configs:\n- job_name: a\n  basic_auth: {username: u, password: hidden}\n  tls_config: {ca_file: ca.pem, insecure_skip_verify: true}\n  \
             file_sd_configs: [{files: ['targets/*.json']}]\n",
        )
        .unwrap();
        let shown = format!("{file:?}");
        assert!(!shown.contains("hidden") && shown.contains("/etc/scrape/ca.pem"), "{shown}");
        assert_eq!(file.jobs[0].discoveries.files[0].patterns, [Path::new("/etc/scrape/targets/*.json")]);
    }
}
