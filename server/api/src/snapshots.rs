//! Bodies of `/api/crowsnest/v1/snapshots`: dashboards with the numbers that they had.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Labels;
use crate::answers::{HistogramBucket, HistogramSample, Series};
use crate::format_value;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Its name in URLs.
    pub id: String,
    /// The dashboard's title.
    pub title: String,
    /// The folder: who may read it may read the snapshot.
    pub folder: String,
    /// Who made it.
    pub by: String,
    /// When, in seconds since the epoch.
    pub at: f64,
    /// When it is gone, in seconds since the epoch.
    pub expires: f64,
    /// What it takes, compressed.
    pub bytes: usize,
    /// Whether the reader may delete it.
    pub may_delete: bool,
}

/// A dashboard with its numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Snapshot {
    /// Its JSON, with a time range and variables that stand still.
    pub dashboard: Value,
    /// What its panels' queries came to.
    pub panels: Vec<PanelAnswers>,
}

/// What is sent to make one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Making {
    /// The folder; `crowsnest` when it is empty.
    pub folder: String,
    /// How long it is kept.
    pub hours: u32,
    /// What is kept.
    pub snapshot: Snapshot,
}

/// One of them, read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    /// As it stands in the list.
    #[serde(flatten)]
    pub listed: Listed,
    /// What is kept.
    pub snapshot: Snapshot,
}

/// What a panel's queries came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PanelAnswers {
    /// The panel's number, with its copy behind a slash.
    pub name: String,
    /// Begin and end in milliseconds.
    pub window: (i64, i64),
    /// A query each.
    pub answers: Vec<QueryAnswer>,
}

/// What one query came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryAnswer {
    /// Which query of the panel.
    pub ref_id: String,
    /// PromQL.
    pub expr: String,
    /// Begin and end in milliseconds.
    pub span: (i64, i64),
    /// How far apart samples are; `None` for one at the end.
    pub step: Option<i64>,
    /// `time_series`, `table` or `heatmap`.
    pub format: String,
    /// Template of names.
    pub legend: Option<String>,
    /// The numbers.
    pub series: Vec<KeptSeries>,
}

/// A series in JSON, which has no numbers that are none: they are texts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptSeries {
    labels: Labels,
    times: Vec<i64>,
    values: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    histograms: Vec<(i64, Vec<[String; 3]>)>,
}

impl From<&Series> for KeptSeries {
    fn from(series: &Series) -> Self {
        let bucket = |bucket: &HistogramBucket| [bucket.lower, bucket.upper, bucket.count].map(format_value);
        let histogram = |sample: &HistogramSample| (sample.at, sample.buckets.iter().map(bucket).collect());
        Self {
            labels: series.labels.clone(),
            times: series.samples.iter().map(|(at, _)| *at).collect(),
            values: series.samples.iter().map(|(_, value)| format_value(*value)).collect(),
            histograms: series.histograms.iter().map(histogram).collect(),
        }
    }
}

impl From<KeptSeries> for Series {
    fn from(kept: KeptSeries) -> Self {
        let number = |text: &String| text.parse().unwrap_or(f64::NAN);
        let bucket = |[lower, upper, count]: &[String; 3]| HistogramBucket {
            lower: number(lower),
            upper: number(upper),
            count: number(count),
        };
        let histogram = |(at, buckets): &(i64, Vec<[String; 3]>)| HistogramSample {
            at: *at,
            buckets: buckets.iter().map(bucket).collect(),
        };
        Self {
            samples: kept.times.iter().copied().zip(kept.values.iter().map(number)).collect(),
            histograms: kept.histograms.iter().map(histogram).collect(),
            labels: kept.labels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_they_were_also_those_that_json_has_not() {
        let series = Series {
            labels: Labels::from_pairs([("a", "b")]),
            samples: vec![(1, 0.1), (2, f64::NAN), (3, f64::INFINITY), (4, -1e300)],
            histograms: vec![HistogramSample {
                at: 5,
                buckets: vec![HistogramBucket { lower: f64::NEG_INFINITY, upper: 0.0, count: 3.0 }],
            }],
        };
        let text = serde_json::to_string(&KeptSeries::from(&series)).unwrap();
        let read: Series = serde_json::from_str::<KeptSeries>(&text).unwrap().into();
        assert_eq!(format!("{read:?}"), format!("{series:?}"));
    }
}
