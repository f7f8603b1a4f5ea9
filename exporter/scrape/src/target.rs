//! A target: what is asked at which URL, and the labels of whatever it says.

use std::time::Duration;

use crowsnest_api::{INSTANCE, Label, Labels, LabelsBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use smol_str::SmolStr;

use crate::duration;
use crate::job::{Honor, Job};
use crate::relabel::{Verdict, relabel};

/// Host and port.
pub const ADDRESS: &str = "__address__";
/// `http` or `https`.
pub const SCHEME: &str = "__scheme__";
/// The path.
pub const PATH: &str = "__metrics_path__";
/// What the labels of URL parameters begin with.
pub const PARAM: &str = "__param_";
/// Time between two scrapes.
pub(crate) const INTERVAL: &str = "__scrape_interval__";
/// How long one may take.
pub(crate) const TIMEOUT: &str = "__scrape_timeout__";
/// What the labels begin with that discovery makes.
const META: &str = "__meta_";
/// What a page's label is called when the target has one of its name.
const EXPORTED: &str = "exported_";
/// What is written in a query without `%`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Something to be scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The labels of its series.
    pub labels: Labels,
    /// What was known of it before relabelling, the job's defaults included.
    pub discovered: Labels,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host and port, or host alone.
    pub address: String,
    /// Path and query.
    pub path_and_query: String,
    /// Time between two scrapes.
    pub interval: Duration,
    /// How long one may take.
    pub timeout: Duration,
}

/// How a target is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// By TLS.
    Https,
}

impl Scheme {
    /// As in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port of an address that has none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Why something that was discovered is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is no address.
    #[error("no address")]
    NoAddress,
    /// It holds more than host and port.
    #[error("{0:?} is not a valid hostname")]
    BadAddress(String),
    /// Neither http nor https.
    #[error("invalid scheme {0:?}: it is http or https")]
    BadScheme(String),
    /// The label of the interval or of the timeout is no duration.
    #[error("error parsing {what}: {why}")]
    Duration {
        /// Which of them.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// It is nothing.
    #[error("{0} cannot be 0")]
    Zero(&'static str),
    /// A scrape would last longer than until the next.
    #[error("scrape timeout cannot be greater than scrape interval ({timeout:?} > {interval:?})")]
    TimeoutTooLong {
        /// The timeout.
        timeout: String,
        /// The interval.
        interval: String,
    },
}

impl Target {
    /// The target that was discovered, after relabelling; `None` when that drops it.
    ///
    /// # Errors
    /// When what is left cannot be scraped.
    pub fn new(job: &Job, discovered: &Labels) -> Result<Option<Self>, TargetError> {
        let mut labels = job.defaults(discovered);
        let discovered = labels.clone().build();
        if relabel(&job.relabel, &mut labels) == Verdict::Dropped {
            return Ok(None);
        }
        let own = |name: &str| labels.get(name).unwrap_or_default();
        let address = own(ADDRESS).to_owned();
        if address.is_empty() {
            return Err(TargetError::NoAddress);
        }
        if address.contains(['/', '?', '#', '@']) || address.contains(char::is_whitespace) {
            return Err(TargetError::BadAddress(address));
        }
        let scheme = match own(SCHEME) {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(TargetError::BadScheme(other.to_owned())),
        };
        let interval = positive(own(INTERVAL), "scrape interval")?;
        let timeout = positive(own(TIMEOUT), "scrape timeout")?;
        if timeout > interval {
            let (timeout, interval) = (own(TIMEOUT).to_owned(), own(INTERVAL).to_owned());
            return Err(TargetError::TimeoutTooLong { timeout, interval });
        }
        let path_and_query = path_and_query(job, &labels);
        if labels.get(INSTANCE).is_none() {
            labels.set(INSTANCE, address.as_str());
        }
        labels.retain(|label| !label.name.starts_with("__"));
        Ok(Some(Self {
            labels: labels.build(),
            discovered,
            scheme,
            address,
            path_and_query,
            interval,
            timeout,
        }))
    }

    /// Where it is asked.
    pub fn url(&self) -> String {
        format!("{}://{}{}", self.scheme.as_str(), self.address, self.path_and_query)
    }

    /// Host, without brackets, and port.
    pub fn host_and_port(&self) -> (&str, u16) {
        let (host, port) = match self.address.rsplit_once(':') {
            // An IPv6 address without a port has colons of its own.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
            _ => (self.address.as_str(), None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (host, port.unwrap_or(self.scheme.default_port()))
    }

    /// How long after the multiples of its interval this target is scraped: spread evenly over the targets, and the same after a
    /// restart. Targets of one job and instance, such as the pages of one kubelet, are scraped at one time.
    pub fn offset(&self, seed: &str) -> Duration {
        let of = |name: &str| self.labels.get(name).map_or("", SmolStr::as_str);
        let parts = [seed, of(crowsnest_api::JOB), of(INSTANCE)];
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
        // FNV-1a, whose low bits are then mixed once more: it need only be even and never change.
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        let interval = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(mixed % interval)
    }
}

fn positive(text: &str, what: &'static str) -> Result<Duration, TargetError> {
    let parsed = duration::parse(text);
    let parsed = parsed.map_err(|error| TargetError::Duration { what, why: error.to_string() })?;
    if parsed.is_zero() { Err(TargetError::Zero(what)) } else { Ok(parsed) }
}

/// The path and the parameters: the job's, of which labels replace the first value of each.
fn path_and_query(job: &Job, labels: &LabelsBuilder) -> String {
    let mut params = job.params.clone();
    for label in labels.iter() {
        let Some(name) = label.name.strip_prefix(PARAM) else { continue };
        match params.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => match values.first_mut() {
                Some(first) => *first = label.value.to_string(),
                None => values.push(label.value.to_string()),
            },
            None => params.push((name.to_owned(), vec![label.value.to_string()])),
        }
    }
    params.sort();
    let path = labels.get(PATH).unwrap_or("/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut url = format!("{slash}{path}");
    let mut separator = if path.contains('?') { '&' } else { '?' };
    for (name, values) in &params {
        for value in values {
            url.push(separator);
            url.push_str(&encoded(name));
            url.push('=');
            url.push_str(&encoded(value));
            separator = '&';
        }
    }
    url
}

/// As Go writes it in a query: a space is a plus.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string().replace("%20", "+")
}

/// The labels of a sample: the page's and the target's. Where both have one of a name, the target's counts and the page's is kept
/// as `exported_…`; or, where the page is honoured, the page's counts, even an empty one.
pub(crate) fn merge(raw: &[Label], target: &Labels, honor: Honor) -> LabelsBuilder {
    let mut labels = LabelsBuilder::default();
    for label in raw {
        labels.set(label.name.clone(), label.value.clone());
    }
    let in_page = |name: &str| raw.iter().find(|label| label.name == name);
    let mut conflicting: Vec<&Label> = Vec::new();
    for label in target {
        match (in_page(&label.name), honor) {
            (Some(_), Honor::Page) => continue,
            (Some(theirs), Honor::Target) if !theirs.value.is_empty() => conflicting.push(theirs),
            _ => {}
        }
        labels.set(label.name.clone(), label.value.clone());
    }
    // As Prometheus: short names first.
    conflicting.sort_by_key(|label| label.name.len());
    for label in conflicting {
        let mut name = format!("{EXPORTED}{}", label.name);
        while labels.get(&name).is_some() {
            name.insert_str(0, EXPORTED);
        }
        labels.set(name, label.value.clone());
    }
    labels
}

/// Whether a label is one that discovery made.
pub fn is_meta(name: &str) -> bool {
    name.starts_with(META)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relabel::{Rule, RuleText};

    fn target(job: &Job, labels: &[(&str, &str)]) -> Result<Option<Target>, String> {
        Target::new(job, &Labels::from_pairs(labels.iter().copied())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_target_has_the_jobs_defaults_and_its_address_as_instance() {
        let mut job = Job::new("j");
        job.params = vec![("module".to_owned(), vec!["http 2xx".to_owned(), "b".to_owned()])];
        let labels = [("__address__", "h:9100"), ("team", "a"), ("__meta_x", "y"), ("__param_target", "ö")];
        let target = target(&job, &labels).unwrap().unwrap();
        assert_eq!(target.labels.to_string(), r#"{instance="h:9100", job="j", team="a"}"#);
        assert_eq!(target.url(), "http://h:9100/metrics?module=http+2xx&module=b&target=%C3%B6");
        assert_eq!((target.interval, target.timeout), (Duration::from_secs(60), Duration::from_secs(10)));
        assert_eq!(target.discovered.get("__param_module").unwrap(), "http 2xx");
    }

    #[test]
    fn relabelling_may_change_everything() {
        let rule = |source: &str, target: &str, replacement: &str| {
            Rule::new(&RuleText {
                source_labels: vec![source.to_owned()],
                target_label: target.to_owned(),
                replacement: Some(replacement.to_owned()),
                ..RuleText::default()
            })
            .unwrap()
        };
        let mut job = Job::new("blackbox");
        job.relabel = vec![
            rule("__address__", "__param_target", "$1"),
            rule("__param_target", "instance", "$1"),
            rule("", "__address__", "prober:9115"),
            rule("", "__scheme__", "https"),
            rule("", "__metrics_path__", "probe"),
            rule("", "__scrape_interval__", "5s"),
            rule("", "__scrape_timeout__", "5s"),
        ];
        let target = target(&job, &[("__address__", "example.org")]).unwrap().unwrap();
        assert_eq!(target.url(), "https://prober:9115/probe?target=example.org");
        assert_eq!(target.labels.to_string(), r#"{instance="example.org", job="blackbox"}"#);
        assert_eq!(target.interval, Duration::from_secs(5));
    }

    #[test]
    fn what_cannot_be_scraped_is_told_as_prometheus_tells_it() {
        let job = Job::new("j");
        let wrong = |labels: &[(&str, &str)]| target(&job, labels).unwrap_err();
        assert_eq!(wrong(&[]), "no address");
        assert_eq!(wrong(&[("__address__", "h/x")]), r#""h/x" is not a valid hostname"#);
        let interval = |value| [("__address__", "h"), ("__scrape_interval__", value)];
        assert_eq!(
            wrong(&interval("x")),
            r#"error parsing scrape interval: not a valid duration string: "x""#
        );
        assert_eq!(wrong(&interval("0")), "scrape interval cannot be 0");
        assert_eq!(
            wrong(&interval("1s")),
            r#"scrape timeout cannot be greater than scrape interval ("10s" > "1s")"#
        );
    }

    #[test]
    fn addresses_are_taken_apart() {
        let job = Job::new("j");
        for (address, host, port) in [
            ("h:1", "h", 1),
            ("h", "h", 80),
            ("[::1]:9", "::1", 9),
            ("[::1]", "::1", 80),
            ("10.0.0.1:2", "10.0.0.1", 2),
        ] {
            let target = target(&job, &[("__address__", address)]).unwrap().unwrap();
            assert_eq!(target.host_and_port(), (host, port), "{address}");
        }
    }

    #[track_caller]
    fn check_merge(raw: &[(&str, &str)], honor: Honor, expected: &str) {
        let raw: Vec<Label> =
            raw.iter().map(|(name, value)| Label { name: (*name).into(), value: (*value).into() }).collect();
        let target = Labels::from_pairs([("job", "j"), ("exported_instance", "e"), ("instance", "i")]);
        assert_eq!(merge(&raw, &target, honor).build().to_string(), expected);
    }

    #[test]
    fn the_targets_labels_count_and_the_pages_are_kept_under_other_names() {
        check_merge(
            &[("__name__", "a"), ("job", "theirs"), ("instance", "x"), ("exported_instance", "y")],
            Honor::Target,
            r#"a{exported_exported_exported_instance="y", exported_exported_instance="x", exported_instance="e", exported_job="theirs", instance="i", job="j"}"#,
        );
        check_merge(
            &[("__name__", "a"), ("job", "")],
            Honor::Target,
            r#"a{exported_instance="e", instance="i", job="j"}"#,
        );
    }

    #[test]
    fn the_pages_labels_count_where_it_is_honoured_and_an_empty_one_means_none() {
        check_merge(
            &[("__name__", "a"), ("job", "theirs"), ("instance", "")],
            Honor::Page,
            r#"a{exported_instance="e", job="theirs"}"#,
        );
    }

    #[test]
    fn offsets_are_spread_and_do_not_change() {
        let job = Job::new("j");
        let of = |n: usize| {
            let address = format!("10.0.0.{n}:9100");
            target(&job, &[("__address__", &address)]).unwrap().unwrap().offset("node-1")
        };
        assert_eq!(of(1), of(1));
        let halves = (0..200).filter(|n| of(*n) < Duration::from_secs(30)).count();
        assert!((70..130).contains(&halves), "{halves}");
    }
}
