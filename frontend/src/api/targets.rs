//! What is scraped, by agents and by the server, and what came of it.

use crate::arrange::Arrange as _;
use std::collections::HashMap;

use crowsnest_api::Labels;
use crowsnest_api::prometheus::Response;
use serde::Deserialize;
use web_sys::AbortSignal;

use super::{ApiError, Client, instant};

/// What says how scrapes go: series that whoever scrapes writes about each target. Who only pushes has `up` alone.
const QUERY: &str = r#"{__name__=~"up|scrape_samples_scraped|scrape_duration_seconds"}"#;
const UP: &str = "up";
const SAMPLES: &str = "scrape_samples_scraped";
const SECONDS: &str = "scrape_duration_seconds";

/// A target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    /// Its labels, without a name.
    pub(crate) labels: Labels,
    pub(crate) is_up: bool,
    /// Samples of its last page.
    pub(crate) samples: Option<f64>,
    /// How long that took, in seconds.
    pub(crate) seconds: Option<f64>,
    /// Why the last scrape failed; empty when it did not, or when only an agent knows.
    pub(crate) error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Active {
    active_targets: Vec<Known>,
}

/// A target as the server tells of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    labels: Labels,
    #[serde(default)]
    last_error: String,
}

/// All targets that the user may see the series of.
pub(crate) async fn fetch_targets(client: Client, abort: AbortSignal) -> Result<Vec<Target>, ApiError> {
    let lines = instant(client, QUERY, None, &abort).await?.result.into_lines();
    // Reasons are a bonus, and only for those who may see everything.
    let known = client.get::<Response<Active>>("api/v1/targets", "state=active", Some(&abort)).await;
    let known = match known {
        Ok(Response::Success { data, .. }) => data.active_targets,
        _ => Vec::new(),
    };
    let values = lines.into_iter().filter_map(|line| Some((line.labels, line.points.last()?.1)));
    Ok(joined(values, known))
}

/// Targets in the order of their labels, those that are down first.
fn joined(values: impl Iterator<Item = (Labels, f64)>, known: Vec<Known>) -> Vec<Target> {
    let mut by_name: HashMap<String, HashMap<Labels, f64>> = HashMap::new();
    for (labels, value) in values {
        let name = labels.metric_name().to_owned();
        by_name.entry(name).or_default().insert(nameless(&labels), value);
    }
    let mut errors: HashMap<Labels, String> =
        known.into_iter().map(|known| (known.labels, known.last_error)).collect();
    let ups = by_name.remove(UP).unwrap_or_default();
    let of = |name: &str, labels: &Labels| by_name.get(name).and_then(|values| values.get(labels)).copied();
    let target = |(labels, up): (Labels, f64)| Target {
        is_up: up != 0.0,
        samples: of(SAMPLES, &labels),
        seconds: of(SECONDS, &labels),
        error: errors.remove(&labels).unwrap_or_default(),
        labels,
    };
    let mut targets: Vec<Target> = ups.into_iter().map(target).collect();
    targets.arrange_by(|a, b| (a.is_up, &a.labels).cmp(&(b.is_up, &b.labels)));
    targets
}

fn nameless(labels: &Labels) -> Labels {
    let mut builder = labels.to_builder();
    builder.remove(crowsnest_api::METRIC_NAME);
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_its_series_and_the_reason_of_its_failure() {
        let series = |name: &str, instance: &str, value: f64| {
            (Labels::from_pairs([("__name__", name), ("instance", instance), ("job", "j")]), value)
        };
        let values = [
            series(UP, "a", 1.0),
            series(SAMPLES, "a", 7.0),
            series(UP, "b", 0.0),
            series(SECONDS, "b", 0.5),
        ];
        let labels = |instance: &str| Labels::from_pairs([("instance", instance), ("job", "j")]);
        let known = vec![Known { labels: labels("b"), last_error: "refused".into() }];
        let targets = joined(values.into_iter(), known);
        let b = Target {
            labels: labels("b"),
            is_up: false,
            samples: None,
            seconds: Some(0.5),
            error: "refused".into(),
        };
        let a = Target {
            labels: labels("a"),
            is_up: true,
            samples: Some(7.0),
            seconds: None,
            error: String::new(),
        };
        assert_eq!(targets, [b, a]);
    }
}
