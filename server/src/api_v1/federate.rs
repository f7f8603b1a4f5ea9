//! `/federate`: the newest sample of each series that is asked for, as a page that another Prometheus scrapes.

mod protobuf;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::{INSTANCE, Labels, METRIC_NAME, Timestamp, is_stale};
use crowsnest_promql::{Control, Matcher, QueryError, Queryable, SampleValue, Selection, Series};
use crowsnest_scrape::text::{self, encode_sample, encode_untyped};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};
use protobuf::{Family, Kind, Metric, Pair};
use smol_str::SmolStr;
use tracing::warn;

use super::answer::{pool_failed, query_failed};
use super::params::Params;
use super::seen::Seen;
use crate::clock;
use crate::http::{ApiError, AppState};

/// Series on one page. Each takes a few hundred bytes.
const MAX_SERIES: usize = 1_000_000;

/// The newest samples by name and labels, each with its own time. A series that has ended is left out.
pub(crate) async fn federate(
    State(app): State<AppState>,
    seen: Seen,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    let sets = params.selectors().map_err(ApiError::bad_request)?;
    let (spelling, form) = (Spelling::accepted(&headers), Form::accepted(&headers));
    let lookback = app.engine.options().lookback;
    let external = app.config.external_labels.clone();
    let page = app.pool.run("/federate", None, move |job| {
        let newest = newest(&seen.store(), &sets, clock::now(), lookback, &job.control)?;
        Ok(match form {
            Form::Text => page(&newest, &external, spelling).into_bytes(),
            Form::Protobuf => protobuf_page(&newest, &external, spelling),
        })
    });
    let page = page.await.map_err(pool_failed)?.map_err(query_failed)?;
    let content_type = format!("{}; escaping={}", form.content_type(), spelling.word());
    Ok(([(CONTENT_TYPE, content_type)], page).into_response())
}

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// For people, and for those who accept nothing else; has no native histograms.
    Text,
    /// For those who want native histograms.
    Protobuf,
}

impl Form {
    fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let is_wanted = |range: &str| {
            let wants = |what| range.contains(what);
            wants("application/vnd.google.protobuf")
                && wants("proto=io.prometheus.client.MetricFamily")
                && wants("encoding=delimited")
        };
        if accept.split(',').any(is_wanted) { Self::Protobuf } else { Self::Text }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Text => text::CONTENT_TYPE,
            Self::Protobuf => protobuf::CONTENT_TYPE,
        }
    }
}

/// How names outside the classic character set are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spelling {
    /// In quotes, for those who say that they can read it.
    Utf8,
    /// With underscores in place of what does not fit.
    Underscores,
}

impl Spelling {
    fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        if accept.contains("escaping=allow-utf-8") { Self::Utf8 } else { Self::Underscores }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "allow-utf-8",
            Self::Underscores => "underscores",
        }
    }

    /// `name` in this spelling; `plain` says whether it fits as it is.
    fn of(self, name: &str, plain: fn(&str) -> bool) -> SmolStr {
        if self == Self::Utf8 || plain(name) {
            return name.into();
        }
        let fits = |(at, c): (usize, char)| {
            let allowed = c == '_' || c.is_ascii_alphabetic() || at > 0 && c.is_ascii_digit();
            if allowed || c == ':' && plain("a:b") { c } else { '_' }
        };
        name.chars().enumerate().map(fits).collect()
    }
}

/// The newest samples, by metric name and then by labels.
type Newest = BTreeMap<(SmolStr, Labels), (Timestamp, SampleValue)>;

fn newest(
    store: &dyn Queryable,
    sets: &[Vec<Matcher>],
    now: Timestamp,
    lookback: Duration,
    control: &Control,
) -> Result<Newest, QueryError> {
    let mut newest = Newest::new();
    for matchers in sets {
        let found = store.select(&Selection::new(matchers, now.minus(lookback), now))?;
        for warning in found.warnings {
            warn!(warning, "federation");
        }
        for series in found.series {
            control.check_running()?;
            let series = series?;
            let Some(sample) = newest_of(&series) else { continue };
            let name = series.labels.metric_name();
            if name.is_empty() {
                continue;
            }
            newest.insert((name.into(), series.labels), sample);
            if newest.len() > MAX_SERIES {
                let message = format!("more than {MAX_SERIES} series; ask for fewer with match[]");
                return Err(QueryError::Parameter(message));
            }
        }
    }
    Ok(newest)
}

/// The newest sample of a series, unless it is the marker of its end.
fn newest_of(series: &Series) -> Option<(Timestamp, SampleValue)> {
    let float = series.samples.last();
    let histogram = series.histograms.last();
    let later = histogram.filter(|(at, _)| Some(*at) > float.map(|sample| sample.timestamp));
    match (later, float) {
        (Some((at, histogram)), _) if !histogram.is_stale() => {
            Some((*at, SampleValue::Histogram(Arc::clone(histogram))))
        }
        (None, Some(sample)) if !is_stale(sample.value) => {
            Some((sample.timestamp, SampleValue::Float(sample.value)))
        }
        _ => None,
    }
}

/// External labels are added where a series has none of that name; so is an empty `instance`, without which the
/// scraper would put its own there.
fn shown_labels(labels: &Labels, external: &Labels, spelling: Spelling) -> Vec<(SmolStr, SmolStr)> {
    let own = labels.iter().filter(|label| label.name != METRIC_NAME);
    let own =
        own.map(|label| (spelling.of(&label.name, text::is_plain_label_name), SmolStr::new(&label.value)));
    let absent = |name: &str| labels.get(name).is_none();
    let added = external.iter().filter(|label| absent(&label.name));
    let added = added.map(|label| (label.name.clone(), SmolStr::new(&label.value)));
    let instance =
        (absent(INSTANCE) && external.get(INSTANCE).is_none()).then(|| (INSTANCE.into(), "".into()));
    own.chain(added).chain(instance).collect()
}

/// The page in text, which has no form for native histograms: as in Prometheus, they are left out.
fn page(newest: &Newest, external: &Labels, spelling: Spelling) -> String {
    let mut page = String::new();
    let mut family = None;
    for ((name, labels), (at, value)) in newest {
        let Some(value) = value.float() else { continue };
        let shown = spelling.of(name, text::is_plain_metric_name);
        if family.as_ref() != Some(&shown) {
            encode_untyped(&mut page, &shown);
            family = Some(shown.clone());
        }
        let labels = shown_labels(labels, external, spelling);
        let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        encode_sample(&mut page, &shown, labels, value, Some(*at));
    }
    page
}

/// The page in protobuf.
fn protobuf_page(newest: &Newest, external: &Labels, spelling: Spelling) -> Vec<u8> {
    let mut page = Vec::new();
    let mut family = Family::default();
    for ((name, labels), (at, value)) in newest {
        if matches!(value, SampleValue::Histogram(histogram) if histogram.has_custom_bounds()) {
            continue;
        }
        let shown = spelling.of(name, text::is_plain_metric_name);
        let labels = shown_labels(labels, external, spelling).into_iter();
        let labels = labels.map(|(name, value)| Pair { name: name.into(), value: value.into() }).collect();
        let (kind, metric) = match value {
            SampleValue::Float(value) => (Kind::Untyped, Metric::of_float(labels, *at, *value)),
            SampleValue::Histogram(histogram) => {
                (protobuf::kind(histogram), Metric::of_histogram(labels, *at, histogram))
            }
        };
        if family.name != shown.as_str() || family.kind != Some(kind.into()) {
            if !family.metrics.is_empty() {
                protobuf::put(&mut page, &family);
            }
            family = Family { name: shown.into(), kind: Some(kind.into()), metrics: Vec::new() };
        }
        family.metrics.push(metric);
    }
    if !family.metrics.is_empty() {
        protobuf::put(&mut page, &family);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(labels: &[(&str, &str)], value: f64) -> Newest {
        let labels = Labels::from_pairs(labels.iter().copied());
        let sample = (Timestamp::from_millis(1500), SampleValue::Float(value));
        Newest::from([((labels.metric_name().into(), labels), sample)])
    }

    #[track_caller]
    fn check(labels: &[(&str, &str)], external: &[(&str, &str)], spelling: Spelling, expected: &str) {
        let external = Labels::from_pairs(external.iter().copied());
        assert_eq!(page(&one(labels, 2.0), &external, spelling), expected);
    }

    #[test]
    fn external_labels_are_added_and_never_win() {
        let external = [("cluster", "demo"), ("site", "x")];
        check(
            &[("__name__", "a"), ("instance", "i"), ("site", "own")],
            &external,
            Spelling::Utf8,
            "# TYPE a untyped\na{instance=\"i\",site=\"own\",cluster=\"demo\"} 2 1500\n",
        );
    }

    #[test]
    fn a_series_without_instance_keeps_the_scraper_from_adding_its_own() {
        check(&[("__name__", "a")], &[], Spelling::Utf8, "# TYPE a untyped\na{instance=\"\"} 2 1500\n");
        let external = [("instance", "e")];
        check(
            &[("__name__", "a")],
            &external,
            Spelling::Utf8,
            "# TYPE a untyped\na{instance=\"e\"} 2 1500\n",
        );
    }

    #[test]
    fn names_are_quoted_only_for_those_who_can_read_it() {
        let labels = [("__name__", "http.requests"), ("instance", "i"), ("status.code", "200")];
        check(
            &labels,
            &[],
            Spelling::Utf8,
            "# TYPE \"http.requests\" untyped\n{\"http.requests\",instance=\"i\",\"status.code\"=\"200\"} 2 1500\n",
        );
        check(
            &labels,
            &[],
            Spelling::Underscores,
            "# TYPE http_requests untyped\nhttp_requests{instance=\"i\",status_code=\"200\"} 2 1500\n",
        );
    }
}
