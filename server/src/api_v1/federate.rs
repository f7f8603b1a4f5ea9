//! `/federate`: the newest sample of each series that is asked for, as a page that another Prometheus scrapes.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::{INSTANCE, Labels, METRIC_NAME, Sample, Timestamp, is_stale};
use crowsnest_promql::{Control, Matcher, QueryError, Queryable, Selection};
use crowsnest_scrape::text::{self, encode_sample, encode_untyped};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};
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
    let spelling = Spelling::accepted(&headers);
    let lookback = app.engine.options().lookback;
    let external = app.config.external_labels.clone();
    let page = app.pool.run("/federate", None, move |job| {
        let newest = newest(&seen.store(), &sets, clock::now(), lookback, &job.control)?;
        Ok(page(&newest, &external, spelling))
    });
    let page = page.await.map_err(pool_failed)?.map_err(query_failed)?;
    let content_type = format!("{}; escaping={}", text::CONTENT_TYPE, spelling.word());
    Ok(([(CONTENT_TYPE, content_type)], page).into_response())
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
type Newest = BTreeMap<(SmolStr, Labels), Sample>;

fn newest(
    store: &dyn Queryable,
    sets: &[Vec<Matcher>],
    now: Timestamp,
    lookback: Duration,
    control: &Control,
) -> Result<Newest, QueryError> {
    let mut newest = Newest::new();
    for matchers in sets {
        let found = store.select(&Selection { matchers, start: now.minus(lookback), end: now })?;
        for warning in found.warnings {
            warn!(warning, "federation");
        }
        for series in found.series {
            control.check_running()?;
            let series = series?;
            let Some(sample) = series.samples.last().filter(|sample| !is_stale(sample.value)) else {
                continue;
            };
            let name = series.labels.metric_name();
            if name.is_empty() {
                continue;
            }
            newest.insert((name.into(), series.labels), *sample);
            if newest.len() > MAX_SERIES {
                let message = format!("more than {MAX_SERIES} series; ask for fewer with match[]");
                return Err(QueryError::Parameter(message));
            }
        }
    }
    Ok(newest)
}

/// External labels are added where a series has none of that name; so is an empty `instance`, without which the
/// scraper would put its own there.
fn page(newest: &Newest, external: &Labels, spelling: Spelling) -> String {
    let mut page = String::new();
    let mut family = None;
    for ((name, labels), sample) in newest {
        let shown = spelling.of(name, text::is_plain_metric_name);
        if family.as_ref() != Some(&shown) {
            encode_untyped(&mut page, &shown);
            family = Some(shown.clone());
        }
        let own = labels.iter().filter(|label| label.name != METRIC_NAME);
        let own: Vec<(SmolStr, &str)> = own
            .map(|label| (spelling.of(&label.name, text::is_plain_label_name), label.value.as_str()))
            .collect();
        let absent = |name: &str| labels.get(name).is_none();
        let added = external.iter().filter(|label| absent(&label.name));
        let added = added.map(|label| (label.name.as_str(), label.value.as_str()));
        let instance = (absent(INSTANCE) && external.get(INSTANCE).is_none()).then_some((INSTANCE, ""));
        let all = own.iter().map(|(name, value)| (name.as_str(), *value)).chain(added).chain(instance);
        encode_sample(&mut page, &shown, all, sample.value, Some(sample.timestamp));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(labels: &[(&str, &str)], value: f64) -> Newest {
        let labels = Labels::from_pairs(labels.iter().copied());
        Newest::from([((labels.metric_name().into(), labels), Sample::new(1500, value))])
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
