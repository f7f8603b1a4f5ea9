//! `import/prometheus`: samples as Prometheus's text format has them, pushed by scripts.
//!
//! The path and the parameters are those of VictoriaMetrics and vmagent.

use axum::body::Body;
use axum::extract::{Extension, Query, State};
use crowsnest_api::{Labels, Timestamp};
use crowsnest_scrape::Family;
use crowsnest_scrape::text::{Dialect, Limits, parse_dialect};
use crowsnest_tsdb::Metadata;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::write::{self, Pushed, Sender};
use crate::auth::Identified;
use crate::clock;
use crate::http::{ApiError, AppState};
use crate::sources::Way;

/// What a page may have at most.
const LIMITS: Limits = Limits { bytes: 32 << 20, samples: 500_000, labels: 64 };

/// What the parameters say.
struct Wanted {
    /// Labels that every series gets.
    extra: Vec<(String, String)>,
    /// The time of samples that have none of their own.
    at: Timestamp,
}

/// Takes a page; answers 204 once all of it is on the disk. A page that cannot be read is refused as a whole.
pub(crate) async fn prometheus(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Query(params): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let wanted = wanted(&params, clock::now())?;
    let read = |page: &[u8]| {
        let families = parse_dialect(page, LIMITS, dialect(&headers));
        Ok(pushed(families.map_err(|error| ApiError::bad_request(error.to_string()))?, &wanted))
    };
    let sender = Sender::new(&identified.caller, Way::Text);
    write::take(&app, &sender, &headers, body, read).await
}

fn dialect(headers: &HeaderMap) -> Dialect {
    let told = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if told.starts_with("application/openmetrics-text") { Dialect::OpenMetrics } else { Dialect::Prometheus }
}

fn wanted(params: &[(String, String)], now: Timestamp) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted { extra: Vec::new(), at: now };
    for (name, value) in params {
        match name.as_str() {
            "extra_label" => {
                let pair = value.split_once('=').filter(|(name, _)| !name.is_empty());
                let (name, value) = pair.ok_or_else(|| {
                    ApiError::bad_request(format!("parameter extra_label: {value:?} is not name=value"))
                })?;
                wanted.extra.push((name.to_owned(), value.to_owned()));
            }
            "timestamp" => {
                let millis = value.parse().map_err(|_| {
                    ApiError::bad_request(format!(
                        "parameter timestamp: {value:?} is not a number of milliseconds"
                    ))
                })?;
                wanted.at = Timestamp::from_millis(millis);
            }
            _ => {}
        }
    }
    Ok(wanted)
}

fn pushed(families: Vec<Family>, wanted: &Wanted) -> Pushed {
    let mut pushed = Pushed::default();
    for family in families {
        for sample in &family.samples {
            let labels = with(&sample.labels, &wanted.extra);
            pushed.float(&labels, sample.timestamp.unwrap_or(wanted.at), sample.value, None);
        }
        let (kind, help) = (family.kind.as_str().into(), family.help.to_string());
        if kind != "unknown" || !help.is_empty() {
            pushed.describe(Metadata { family: family.name, kind, help, unit: "".into() });
        }
    }
    pushed
}

fn with(labels: &Labels, extra: &[(String, String)]) -> Labels {
    if extra.is_empty() {
        return labels.clone();
    }
    let mut builder = labels.to_builder();
    for (name, value) in extra {
        builder.set(name.as_str(), value.as_str());
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(page: &str, params: &[(&str, &str)]) -> Vec<String> {
        let params: Vec<_> = params.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let wanted = wanted(&params, Timestamp::from_millis(7)).unwrap();
        let families = parse_dialect(page.as_bytes(), LIMITS, Dialect::Prometheus).unwrap();
        let series = pushed(families, &wanted).into_series().into_iter();
        let written = series.map(|series| {
            let samples =
                series.samples.iter().map(|sample| format!("{}@{}", sample.value, sample.timestamp.millis()));
            format!("{} {}", series.labels, samples.collect::<Vec<_>>().join(" "))
        });
        written.collect()
    }

    #[test]
    fn a_page_becomes_series_at_its_own_times_or_now() {
        let page = "# TYPE a counter\na{b=\"c\"} 1\na{b=\"c\"} 2 3\nup 1\n";
        assert_eq!(series(page, &[]), ["a{b=\"c\"} 2@3 1@7", "up 1@7"]);
    }

    #[test]
    fn parameters_give_labels_and_a_time() {
        let params = [("extra_label", "job=x"), ("extra_label", "b=d=e"), ("timestamp", "9")];
        assert_eq!(series("a{b=\"c\"} 1\n", &params), ["a{b=\"d=e\", job=\"x\"} 1@9"]);
        let bad =
            |name: &str, value: &str| wanted(&[(name.to_owned(), value.to_owned())], Timestamp::MIN).is_err();
        assert!(bad("extra_label", "x") && bad("timestamp", "yesterday"));
    }
}
