//! `ServiceMonitor`, `PodMonitor` and `Probe` objects of `monitoring.coreos.com/v1`, read as the jobs that prometheus-operator's
//! documentation says they mean.
//!
//! Whoever may write such an object is not whoever runs the server. So an object cannot make it read a file or a Secret, nor show
//! its own token to anybody: an endpoint that asks for that is refused, and what else its object has goes on.

mod endpoint;
mod probe;
mod rules;
mod selector;

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::pod::Meta;
use crate::config::{Authorization, HttpConfig, Redirects, ScrapeJob, TlsFiles, parse_size};
use crate::duration;
use crate::format::Protocol;
use crate::job::{Job, Limits};

/// Time between two scrapes where the object does not say; prometheus-operator's default.
const INTERVAL: Duration = Duration::from_secs(30);
/// No object can have its targets scraped more often.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// Endpoints of one object, and relabelling rules of one endpoint.
const MAX_ENDPOINTS: usize = 100;
const MAX_RULES: usize = 200;

/// A kind of objects that say what is scraped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MonitorKind {
    /// What is behind Services.
    Service,
    /// Pods.
    Pod,
    /// What is probed from outside.
    Probe,
}

impl MonitorKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Service, Self::Pod, Self::Probe];

    /// The name of the kind's resource in the API.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Service => "servicemonitors",
            Self::Pod => "podmonitors",
            Self::Probe => "probes",
        }
    }

    /// What the names of its jobs begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Service => "serviceMonitor",
            Self::Pod => "podMonitor",
            Self::Probe => "probe",
        }
    }
}

/// One of these objects. Its specification is not read with it, so that one that is odd spoils no list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Monitor {
    /// Who it is.
    pub metadata: Meta,
    /// What it says.
    pub spec: Value,
}

/// What an object means.
#[derive(Clone, Debug, Default)]
pub struct Monitored {
    /// Its jobs, named as prometheus-operator names them.
    pub jobs: Vec<ScrapeJob>,
    /// What of it cannot be had, and is left out.
    pub faults: Vec<MonitorFault>,
}

/// What is wrong with an object, or cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorFault {
    /// The field, as `endpoints[0].basicAuth`; empty for the object as a whole.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for MonitorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { f.write_str(&self.why) } else { write!(f, "{}: {}", self.field, self.why) }
    }
}

impl MonitorFault {
    fn new(field: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { field: field.into(), why: why.to_string() }
    }

    /// The same fault of something that is within `outer`.
    fn within(self, outer: &str) -> Self {
        let field = if self.field.is_empty() { outer.to_owned() } else { format!("{outer}.{}", self.field) };
        Self { field, ..self }
    }
}

impl Monitor {
    /// What it means. What is wrong with one of its endpoints counts for that one only.
    pub fn translate(&self, kind: MonitorKind) -> Monitored {
        let translated = match kind {
            MonitorKind::Service | MonitorKind::Pod => endpoint::translate(self, kind),
            MonitorKind::Probe => {
                probe::translate(self).map(|job| Monitored { jobs: vec![job], faults: Vec::new() })
            }
        };
        translated.unwrap_or_else(|fault| Monitored { jobs: Vec::new(), faults: vec![fault] })
    }

    /// As in the names of its jobs.
    fn job_name(&self, kind: MonitorKind) -> String {
        format!("{}/{}/{}", kind.prefix(), self.metadata.namespace, self.metadata.name)
    }
}

/// How often targets are scraped, and how long that may take.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Times {
    interval: String,
    scrape_timeout: String,
}

impl Times {
    fn set(&self, job: &mut Job) -> Result<(), MonitorFault> {
        let read = |field: &str, text: &str| match text {
            "" => Ok(None),
            text => duration::parse(text).map(Some).map_err(|error| MonitorFault::new(field, error)),
        };
        let default = job.timeout;
        job.interval = read("interval", &self.interval)?.unwrap_or(INTERVAL);
        let timeout = read("scrapeTimeout", &self.scrape_timeout)?;
        job.timeout = timeout.unwrap_or(default.min(job.interval));
        if job.interval < SHORTEST_INTERVAL {
            return Err(MonitorFault::new("interval", format!("it is {SHORTEST_INTERVAL:?} at least")));
        }
        if job.timeout.is_zero() || job.timeout > job.interval {
            let why = format!("it is more than nothing, and at most the interval of {:?}", job.interval);
            return Err(MonitorFault::new("scrapeTimeout", why));
        }
        Ok(())
    }
}

/// What a specification says about the pages of all its targets.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Pages {
    sample_limit: u64,
    target_limit: u64,
    label_limit: u64,
    label_name_length_limit: u64,
    label_value_length_limit: u64,
    body_size_limit: String,
    scrape_protocols: Vec<String>,
    scrape_native_histograms: bool,
    scrape_classic_histograms: bool,
}

impl Pages {
    fn set(&self, job: &mut Job) -> Result<(), MonitorFault> {
        let body_bytes = match self.body_size_limit.as_str() {
            "" => 0,
            text => parse_size(text).map_err(|why| MonitorFault::new("bodySizeLimit", why))?,
        };
        job.limits = Limits {
            body_bytes,
            samples: self.sample_limit,
            labels: self.label_limit,
            label_name_bytes: self.label_name_length_limit,
            label_value_bytes: self.label_value_length_limit,
            targets: self.target_limit,
        };
        job.always_scrape_classic_histograms = self.scrape_classic_histograms;
        if self.scrape_native_histograms {
            job.protocols = Protocol::NATIVE.to_vec();
        }
        if !self.scrape_protocols.is_empty() {
            let named = self.scrape_protocols.iter().map(|name| Protocol::named(name));
            let named: Result<Vec<_>, _> = named.collect();
            job.protocols = named.map_err(|why| MonitorFault::new("scrapeProtocols", why))?;
        }
        Ok(())
    }
}

const SECRETS: &str = "the server does not read Secrets; scrape this from a file in --provisioning DIR/scrape, with a credential in a file beside it";
const FILES: &str =
    "an object cannot name files of the server; scrape this from a file in --provisioning DIR/scrape";
const DIRECT: &str = "targets are asked directly";

/// Fields that say who asks, and which way, none of which an object can have.
const REFUSED: &[(&str, &str)] = &[
    ("authorization", SECRETS),
    ("basicAuth", SECRETS),
    ("bearerTokenFile", FILES),
    ("bearerTokenSecret", SECRETS),
    ("noProxy", DIRECT),
    ("oauth2", SECRETS),
    ("proxyConnectHeader", DIRECT),
    ("proxyFromEnvironment", DIRECT),
    ("proxyUrl", DIRECT),
];
/// The same of `tlsConfig`: who we are there.
const REFUSED_IDENTITY: &[(&str, &str)] =
    &[("cert", SECRETS), ("certFile", FILES), ("keyFile", FILES), ("keySecret", SECRETS)];
/// The same: whom we believe. It does not count where everybody is believed.
const REFUSED_TRUST: &[(&str, &str)] = &[
    ("ca", SECRETS),
    ("caFile", FILES),
    ("serverName", "the certificate has to be for the target's address; or use insecureSkipVerify"),
];

/// How something is asked that `fields` are about.
fn read_access(fields: &Value) -> Result<HttpConfig, MonitorFault> {
    refuse(fields, REFUSED)?;
    let tls = fields.get("tlsConfig").unwrap_or(&Value::Null);
    let insecure_skip_verify = tls.get("insecureSkipVerify").and_then(Value::as_bool).unwrap_or(false);
    let trust = if insecure_skip_verify { &[] } else { REFUSED_TRUST };
    refuse(tls, REFUSED_IDENTITY)
        .and_then(|()| refuse(tls, trust))
        .map_err(|fault| fault.within("tlsConfig"))?;
    let tls = TlsFiles { insecure_skip_verify, ..TlsFiles::default() };
    let redirects = match fields.get("followRedirects").and_then(Value::as_bool) {
        Some(false) => Redirects::Refuse,
        _ => Redirects::Follow,
    };
    Ok(HttpConfig { authorization: Authorization::None, tls, redirects })
}

fn refuse(fields: &Value, refused: &[(&str, &str)]) -> Result<(), MonitorFault> {
    let given = |(name, _): &&(&str, &str)| fields.get(name).is_some_and(says_something);
    match refused.iter().find(given) {
        Some((name, why)) => Err(MonitorFault::new(*name, why)),
        None => Ok(()),
    }
}

/// Whether a value is more than the empty ones that older versions of these kinds were written with.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(says_something),
        Value::Object(fields) => fields.values().any(says_something),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// Sets what a URL begins with.
fn set_scheme(job: &mut Job, scheme: &str) -> Result<(), MonitorFault> {
    match scheme.to_lowercase().as_str() {
        "" => {}
        lower @ ("http" | "https") => lower.clone_into(&mut job.scheme),
        _ => return Err(MonitorFault::new("scheme", format!("{scheme:?} is neither http nor https"))),
    }
    Ok(())
}

/// A part of a specification as it is read here; whatever else it has is left alone, as these kinds go on growing.
fn read<T: DeserializeOwned>(value: &Value) -> Result<T, MonitorFault> {
    T::deserialize(value).map_err(|error| MonitorFault::new("", error))
}

#[cfg(test)]
mod tests;
