//! What rules write goes into the sample store.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_alerting::evaluation::{Recorder, Written};
use crowsnest_api::{Labels, Sample};
use crowsnest_promql::SampleValue;
use crowsnest_tsdb::{Appender, Batch, Origin, SeriesBatch};

use crate::clock;

/// Who writes, to the store.
const ORIGIN: &str = "rules";

/// Writes through the store's seam.
pub(super) struct AppendingRecorder(pub(super) Arc<dyn Appender>);

impl Recorder for AppendingRecorder {
    fn record(&self, samples: Vec<Written>) -> Result<(), String> {
        let mut series: BTreeMap<Labels, SeriesBatch> = BTreeMap::new();
        for Written { labels, timestamp, value } in samples {
            let batch = series.entry(labels).or_default();
            match value {
                SampleValue::Float(value) => batch.samples.push(Sample { timestamp, value }),
                SampleValue::Histogram(histogram) => batch.extras.histograms.push((timestamp, histogram)),
            }
        }
        let batch = Batch {
            origin: Origin::Source(ORIGIN.into()),
            received: clock::now(),
            series: series.into_iter().map(|(labels, batch)| SeriesBatch { labels, ..batch }).collect(),
            metadata: Vec::new(),
        };
        let appended = self.0.append(batch).map_err(|error| error.to_string())?;
        if let Some(refused) = appended.rejected.first() {
            return Err(format!("{}: {}", refused.reason, refused.example));
        }
        Ok(())
    }
}
